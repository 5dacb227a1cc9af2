import t from 'tap'
import { newSecret, originAllowed, secretMatches, storedSecret } from '../../src/smart/clients.ts'
import {
  authorizationServer,
  BASE,
  launch,
  REDIRECT,
  redeem,
  token,
  VERIFIER,
} from '../support/authorization-server.ts'
import { system } from '../support/hospital.ts'
import { verifies } from '../support/verifies.ts'

t.test('a secret is kept as its hash only', async t => {
  const secret = newSecret()
  t.match(secret, /^[\w-]{43}$/, 'URL-safe: it is form-decoded when it comes in a Basic header')
  const stored = storedSecret(secret)
  t.notMatch(stored, secret)
  t.ok(secretMatches(stored, secret))
  t.notOk(secretMatches(stored, stored), 'the stored form is not the secret')
  t.notOk(secretMatches(stored, `${secret}x`))
  t.notOk(secretMatches(undefined, ''))
  t.notOk(secretMatches(secret, secret), 'a secret kept in clear is never right')
})

t.test('an origin is allowed when the app is registered there', async t => {
  const web = ['https://app.example/callback']
  t.ok(originAllowed('https://app.example', web, []))
  t.ok(originAllowed('https://other.example', web, ['https://other.example']))
  for (const origin of [
    'https://app.example.evil.example',
    'http://app.example',
    'https://app.example:8443',
    'https://app.example/callback',
    'http://localhost:3000',
    'null',
    '',
  ]) {
    t.notOk(originAllowed(origin, web, []), origin)
  }
  const native = ['http://127.0.0.1/callback']
  for (const origin of ['http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:8000']) {
    t.ok(originAllowed(origin, native, []), origin)
  }
  t.notOk(originAllowed('https://localhost:3000', native, []))
  t.notOk(originAllowed('http://localhost:3000/page', native, []), 'an address is no origin')
  t.notOk(originAllowed('http://localhost.evil.example', native, []))
})

t.test('pages of other origins', async t => {
  const server = await authorizationServer(t)
  const origin = 'http://localhost:3000'

  t.test('may call the token endpoint when their app is registered there, also to be told of an error', async t => {
    const { status, headers } = await redeem(server, 'nonsense')
    t.equal(status, 400)
    t.equal(headers.get('access-control-allow-origin'), '*')
    const answer = await token(server, { grant_type: 'refresh_token', client_id: 'demo-app' }, { origin })
    t.equal(answer.status, 400)
    t.equal(answer.headers.get('access-control-allow-origin'), origin)
    t.equal(answer.headers.get('access-control-allow-credentials'), 'true')
    t.match(answer.headers.get('vary'), 'Origin')
    const preflight = await server.get(`${BASE}/oauth2/token`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
    t.equal(preflight.status, 204)
    t.equal(preflight.headers.get('access-control-allow-origin'), origin)
    t.match(preflight.headers.get('access-control-allow-headers'), 'authorization')
    t.equal(preflight.headers.get('access-control-allow-credentials'), 'true')
  })

  t.test('may not when it is not', async t => {
    const answer = await token(
      server,
      { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: 'x' },
      { origin: 'https://evil.example' },
    )
    t.equal(answer.status, 400)
    t.notOk(answer.headers.get('access-control-allow-origin'))
  })
})

t.test('a client with a secret', async t => {
  const server = await authorizationServer(t)
  const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
  const code = async () =>
    (await launch(server, { changes: { client_id: 'demo-confidential' } })).answer.searchParams.get('code') ?? ''
  const redeemWith = async (headers: Record<string, string>, more: Record<string, string> = {}) =>
    token(
      server,
      {
        grant_type: 'authorization_code',
        redirect_uri: REDIRECT,
        code: await code(),
        code_verifier: VERIFIER,
        ...more,
      },
      headers,
    )

  t.test('shows it by HTTP Basic, at the exchange of a code and at each refresh, and in no other way', async t => {
    verifies('smart-2.2', 'SAL-64', 'SAL-345', 'SAL-356', 'SAL-1005')
    const right = basic(`demo-confidential:${server.secret}`)
    const { status, body } = await redeemWith(right)
    t.equal(status, 200)
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
    t.match(await token(server, form, right), { status: 200, body: { patient: 'alice' } })
    for (const [title, headers, more, expected] of [
      ['the wrong secret', basic('demo-confidential:wrong'), {}, 401],
      ['the stored form of it', basic(`demo-confidential:${storedSecret(server.secret)}`), {}, 401],
      ['an empty one', basic('demo-confidential:'), {}, 400],
      ['none', {}, { client_id: 'demo-confidential' }, 401],
      ['in the form', {}, { client_id: 'demo-confidential', client_secret: server.secret }, 401],
      ['beside the name of another client', right, { client_id: 'demo-app' }, 400],
      ['as one of another client', basic(`demo-app:${server.secret}`), {}, 401],
      ['in a header that is not Basic', { authorization: `Bearer ${server.secret}` }, {}, 400],
      ['in base64 that is none', { authorization: 'Basic demo-confidential:x' }, {}, 400],
    ] as const) {
      const refused = await redeemWith(headers, more)
      t.match(
        refused,
        { status: expected, body: { error: /^invalid_(client|request)$/, access_token: undefined } },
        title,
      )
      if (expected === 401 && 'authorization' in headers) t.match(refused.headers.get('www-authenticate'), /^Basic /)
    }
  })

  t.test('is a system of the hospital only where an administrator says so', async t => {
    verifies('smart-2.2', 'SAL-344', 'SAL-1020', 'SAL-241', 'SAL-248', 'SAL-262')
    const authorization = await system(server, 'mirth', 'system/*.cruds')
    const ask = (scope: string) => token(server, { grant_type: 'client_credentials', scope }, { authorization })
    t.match(await ask('system/*.*'), { status: 200, body: { scope: 'system/*.*', expires_in: 300 } })
    t.match(await ask('system/Patient.rs'), { body: { scope: 'system/Patient.rs', refresh_token: undefined } })
    await server.pool.query("update client set scopes = 'system/Patient.rs' where client_id = 'mirth'")
    t.match(await ask('system/*.*'), { status: 400, body: { error: 'invalid_scope' } }, 'not registered for everything')
    await server.pool.query(`update client set metadata = '{"jwks": {"keys": []}}' where client_id = 'mirth'`)
    t.match(
      await ask('system/Patient.rs'),
      { status: 401, body: { error: 'invalid_client' } },
      'a key is what it takes',
    )
    const app = basic(`demo-confidential:${server.secret}`)
    const form = { grant_type: 'client_credentials', scope: 'system/*.rs' }
    t.match(await token(server, form, app), { status: 400, body: { error: 'invalid_request' } }, 'an app is none')
  })
})
