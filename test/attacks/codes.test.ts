import t from 'tap'
import {
  authorizationServer,
  BASE,
  claimsOf,
  eight,
  launch,
  REDIRECT,
  redeem,
  succeeded,
  token,
  VERIFIER,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// An authorization code is good once, for a minute, for the app that it was given to. A second use says that it was copied.

t.test('a code', async t => {
  const server = await authorizationServer(t)
  const basic = { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` }
  const code = async () => (await launch(server)).answer.searchParams.get('code') ?? ''
  const isRevoked = async (accessToken: string) => {
    const { jti } = claimsOf(accessToken)
    return (await server.pool.query('select from revoked_token where jti_hash = sha256($1)', [jti])).rows.length === 1
  }

  t.test('is good once, of eight requests at the same time', async t => {
    verifies('smart-2.2', 'SAL-58')
    const used = await code()
    const answers = await eight(() => redeem(server, used))
    t.equal(succeeded(answers), 1)
    for (const { status, body } of answers)
      if (status !== 200) t.match({ status, body }, { status: 400, body: { error: 'invalid_grant' } })
  })

  t.test('takes back all that it gave when it is used again', async t => {
    verifies('smart-2.2', 'SAL-58', 'SAL-1010')
    const used = await code()
    const { body } = await redeem(server, used)
    const refreshed = await token(server, {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: 'demo-app',
    })
    await server.pool.query(
      "update oidc_payload set consumed_at = consumed_at - interval '2 seconds' where model = 'AuthorizationCode'",
    )
    t.match(await redeem(server, used), { status: 400, body: { error: 'invalid_grant' } })
    t.ok(await isRevoked(body.access_token))
    t.ok(await isRevoked(refreshed.body.access_token))
    const form = { grant_type: 'refresh_token', refresh_token: refreshed.body.refresh_token, client_id: 'demo-app' }
    t.match(await token(server, form), { status: 400, body: { error: 'invalid_grant' } })
  })

  t.test('is good for no other app, whichever way it calls itself', async t => {
    verifies('smart-2.2', 'SAL-58', 'SAL-71')
    const stolen = await code()
    const form = { grant_type: 'authorization_code', redirect_uri: REDIRECT, code: stolen, code_verifier: VERIFIER }
    for (const [title, more, headers, status] of [
      ['another app', {}, basic, 400],
      ['another app that says it is this one', { client_id: 'demo-app' }, basic, 400],
      ['an unknown app', { client_id: 'nobody' }, {}, 401],
      ['nobody', {}, {}, 400],
    ] as const) {
      const refused = await token(server, { ...form, ...more }, headers)
      t.match(refused, { status, body: { access_token: undefined } }, title)
    }
    t.equal((await redeem(server, stolen)).status, 200, 'nor is it used up by them')
  })

  t.test('ends after a minute', async t => {
    verifies('smart-2.2', 'SAL-58')
    const late = await code()
    const { rows } = await server.pool.query(
      "select extract(epoch from expires_at - now())::float8 as left from oidc_payload where model = 'AuthorizationCode' order by expires_at desc limit 1",
    )
    t.ok(rows[0].left <= 60)
    await server.pool.query(
      `update oidc_payload set payload = payload || '{"exp": 1}' where model = 'AuthorizationCode'`,
    )
    t.match(await redeem(server, late), { status: 400, body: { error: 'invalid_grant' } })
  })

  t.test('is not what something else is', async t => {
    const { body } = await redeem(server, await code())
    for (const other of [body.refresh_token, body.access_token, 'x', '', `${await code()}x`])
      t.match(await redeem(server, other), { status: 400, body: { access_token: undefined } })
    const swapped = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: await code() }
    t.match(await token(server, swapped), { status: 400, body: { error: 'invalid_grant' } })
    const asked = await server.get(`${BASE}/oauth2/token?${new URLSearchParams({ code: await code() })}`)
    t.equal(asked.status, 405, 'nothing is given by GET')
  })
})
