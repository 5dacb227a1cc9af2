import t from 'tap'
import { authorizationServer, BASE } from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

const ORIGIN = 'https://app.example'

t.test('a method that an endpoint does not take', async t => {
  const server = await authorizationServer(t)
  const ask = async (method: string, path: string, headers: Record<string, string> = { origin: ORIGIN }) => {
    const response = await server.get(`${BASE}${path}`, { method, headers, redirect: 'manual' })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  const endpoints: [string, string, string[]][] = [
    ['/oauth2/token', 'POST, OPTIONS', ['GET', 'PUT', 'PATCH', 'DELETE']],
    ['/oauth2/par', 'POST, OPTIONS', ['GET', 'PUT']],
    ['/oauth2/introspect', 'POST, OPTIONS', ['GET', 'DELETE']],
    ['/oauth2/revoke', 'POST, OPTIONS', ['GET', 'DELETE']],
    ['/oauth2/jwks', 'GET, HEAD, OPTIONS', ['POST', 'PUT']],
    ['/oauth2/register', 'POST, OPTIONS', ['GET']],
    ['/oauth2/.well-known/openid-configuration', 'GET, HEAD, OPTIONS', ['POST']],
    ['/fhir/.well-known/smart-configuration', 'GET, HEAD, OPTIONS', ['POST', 'DELETE']],
    ['/.well-known/oauth-authorization-server/oauth2', 'GET, HEAD, OPTIONS', ['POST']],
  ]
  for (const [path, allow, methods] of endpoints)
    t.test(`is refused at ${path} with those that it takes, so that the page that asked can read it`, async t => {
      verifies('smart-2.2', 'SAL-17', 'SAL-1028')
      for (const method of methods) {
        const { status, headers, text } = await ask(method, path)
        t.equal(status, 405, method)
        t.equal(headers.get('allow'), allow)
        t.match(JSON.parse(text), { error: 'invalid_request', error_description: `takes ${allow}, not ${method}` })
        t.match(headers.get('access-control-allow-origin'), /^(\*|https:\/\/app\.example)$/)
        t.equal(headers.get('cache-control'), 'no-store')
      }
      const { status, headers } = await ask('OPTIONS', path, {
        origin: ORIGIN,
        'access-control-request-method': allow.split(',')[0] ?? '',
        'access-control-request-headers': 'authorization',
      })
      t.match(status, /^20[04]$/, 'and whoever asks before is told that it may')
      t.match(headers.get('access-control-allow-origin'), /^(\*|https:\/\/app\.example)$/)
      t.match(headers.get('access-control-allow-methods'), allow.split(',')[0])
    })

  t.test('is refused where systems come, in the same words', async t => {
    for (const [path, allow] of [
      ['/oauth2/launch', 'POST'],
      ['/oauth2/clients', 'GET, HEAD, POST'],
      ['/oauth2/clients/x/secret', 'POST'],
    ] as const) {
      const { status, headers, text } = await ask('DELETE', path)
      t.match({ status, text }, { status: 405, text: 'invalid_request' }, path)
      t.equal(headers.get('allow'), allow)
    }
  })

  t.test('is refused where people come, with a page', async t => {
    for (const path of ['/account/apps/revoke', '/account/sign-out']) {
      const { status, headers, text } = await ask('GET', path)
      t.match({ status, text }, { status: 405, text: 'There is no page here' }, path)
      t.equal(headers.get('allow'), 'POST')
      t.equal(headers.get('x-frame-options'), 'DENY')
    }
  })

  t.test(
    'is refused to pages at the authorization endpoint, which nothing but a browser’s own navigation may reach',
    async t => {
      const preflight = await ask('OPTIONS', '/oauth2/authorize')
      t.equal(preflight.status, 405)
      t.equal((await ask('PUT', '/oauth2/authorize')).headers.get('allow'), 'GET, HEAD, POST')
    },
  )

  t.test('is no matter where there is nothing: that is said in the words of each part', async t => {
    const nothing = await ask('GET', '/oauth2/userinfo')
    t.match(nothing, { status: 404, text: '"error":"invalid_request"' })
    t.equal(nothing.headers.get('access-control-allow-origin'), ORIGIN)
    t.match(await ask('GET', '/account/nothing'), { status: 404, text: 'There is no page here' })
  })
})
