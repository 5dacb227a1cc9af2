import { createHash } from 'node:crypto'
import t from 'tap'
import { ask } from '../support/asked.ts'
import { authorizationServer, launch, redeem, token, VERIFIER } from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// A code that was overheard on its way through the browser is worth nothing without the verifier that stayed in the app.

const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')

t.test('proof of possession of the code', async t => {
  const server = await authorizationServer(t)
  const basic = { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` }
  const code = async (changes = {}) => (await launch(server, { changes })).answer.searchParams.get('code') ?? ''

  t.test('cannot be left out, or weakened, when a code is asked for: by no kind of client', async t => {
    verifies('smart-2.2', 'SAL-14', 'SAL-15', 'SAL-394')
    for (const client_id of ['demo-app', 'demo-confidential']) {
      for (const [title, changes] of [
        ['nothing', { code_challenge: undefined, code_challenge_method: undefined }],
        ['no method, which would mean plain', { code_challenge_method: undefined }],
        ['no challenge', { code_challenge: undefined }],
        ['plain', { code_challenge_method: 'plain', code_challenge: VERIFIER }],
        ['a method in other letters', { code_challenge_method: 's256' }],
        ['an unknown method', { code_challenge_method: 'S512' }],
        ['an empty challenge', { code_challenge: '' }],
        ['a challenge that is too short', { code_challenge: CHALLENGE.slice(0, 42) }],
        ['a challenge of other characters', { code_challenge: `${CHALLENGE.slice(0, 42)}=` }],
      ] as const) {
        const { error, to } = await ask(server, { client_id, ...changes })
        t.equal(error, 'invalid_request', `${client_id}: ${title}`)
        t.notOk(to?.searchParams.get('code'))
      }
    }
  })

  t.test('cannot be left out, or guessed, when the code is redeemed', async t => {
    verifies('smart-2.2', 'SAL-31')
    const good = await code()
    for (const [title, code_verifier] of [
      ['the challenge itself', CHALLENGE],
      ['another', VERIFIER.replace('a', 'b')],
      ['one letter less', VERIFIER.slice(1)],
      ['one letter more', `${VERIFIER}x`],
      ['in capitals', VERIFIER.toUpperCase()],
      ['empty', ''],
      ['too long', 'x'.repeat(129)],
    ] as const) {
      const { status, body } = await redeem(server, good, { code_verifier })
      t.match({ status, body }, { status: 400, body: { access_token: undefined } }, title)
    }
    const form = {
      grant_type: 'authorization_code',
      client_id: 'demo-app',
      redirect_uri: 'http://127.0.0.1:4711/callback',
    }
    t.match(
      await token(server, { ...form, code: good }),
      { status: 400, body: { access_token: undefined } },
      'left out',
    )
    t.equal((await redeem(server, good)).status, 200, 'none of this used it up')
  })

  t.test('is not replaced by a secret', async t => {
    verifies('smart-2.2', 'SAL-31')
    const form = {
      grant_type: 'authorization_code',
      redirect_uri: 'http://127.0.0.1:4711/callback',
      code: await code({ client_id: 'demo-confidential' }),
    }
    t.match(await token(server, form, basic), { status: 400, body: { error: /invalid_(grant|request)/ } })
    t.equal((await token(server, { ...form, code_verifier: VERIFIER }, basic)).status, 200)
  })

  t.test('belongs to one code: the verifier of another does not fit', async t => {
    verifies('smart-2.2', 'SAL-31')
    const mine = 'y'.repeat(64)
    const other = await code({ code_challenge: createHash('sha256').update(mine).digest('base64url') })
    t.match(await redeem(server, other), { status: 400, body: { error: 'invalid_grant' } })
    t.equal((await redeem(server, other, { code_verifier: mine })).status, 200)
  })
})
