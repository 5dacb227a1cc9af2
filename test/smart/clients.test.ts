import t from 'tap'
import { newSecret, originAllowed, secretMatches, storedSecret } from '../../src/smart/clients.ts'
import { authorizationServer, BASE, redeem, token } from '../support/authorization-server.ts'

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
