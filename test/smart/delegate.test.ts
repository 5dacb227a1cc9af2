import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { assertion, authorizationServer, BASE, type Server } from '../support/authorization-server.ts'

/** Sends bytes as they are: `fetch` would not let a test forge a Host. */
async function raw(server: Server, lines: string[], body = ''): Promise<string> {
  const socket = connect(Number(new URL(server.address).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write([...lines, 'Connection: close', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'))
  return text(socket)
}

t.test('a forged origin', async t => {
  const server = await authorizationServer(t)
  const forged = [
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: http',
    'X-Forwarded-Port: 666',
    'Forwarded: host=evil.example;proto=http',
  ]

  t.test('changes nothing of the discovery documents', async t => {
    for (const target of [
      '/oauth2/.well-known/openid-configuration',
      'http://evil.example/oauth2/.well-known/openid-configuration',
      '/fhir/.well-known/openid-configuration',
      '/fhir/.well-known/smart-configuration',
      '/.well-known/oauth-authorization-server/oauth2',
    ]) {
      const answer = await raw(server, [`GET ${target} HTTP/1.1`, ...forged])
      t.match(answer, /^HTTP\/1.1 200/, target)
      t.match(answer, `"token_endpoint":"${BASE}/oauth2/token"`)
      t.notMatch(answer, 'evil.example')
    }
  })

  t.test('changes nothing of where a sign-in leads', async t => {
    const answer = await raw(server, ['GET /oauth2/authorize?client_id=nobody HTTP/1.1', ...forged])
    t.match(answer, /^HTTP\/1.1 400/)
    t.notMatch(answer, 'evil.example')
  })

  t.test('does not make an assertion good that was made for that origin', async t => {
    for (const [aud, status] of [
      ['https://evil.example/oauth2/token', 401],
      ['http://evil.example/oauth2/token', 401],
      [`${BASE}/oauth2/token`, 200],
    ] as const) {
      const form = new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'system/*.rs',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertion(server, { claims: { aud } }),
      })
      for (const target of ['/oauth2/token', 'https://evil.example/oauth2/token']) {
        const answer = await raw(
          server,
          [`POST ${target} HTTP/1.1`, ...forged, 'Content-Type: application/x-www-form-urlencoded'],
          form.toString(),
        )
        // The good assertion is used up by the first of the two requests.
        const expected = status === 200 && target !== '/oauth2/token' ? 401 : status
        t.match(answer, new RegExp(`^HTTP/1.1 ${expected}`), `${aud} at ${target}`)
      }
    }
  })
})
