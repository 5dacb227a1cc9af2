import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { assertion, authorizationServer, authorizeUrl, BASE, type Server } from '../support/authorization-server.ts'
import { demoServer as demo } from '../support/demo.ts'
import { engineToken } from '../support/token.ts'

// Where a server stands is configuration. A request that says otherwise (Host, X-Forwarded-*) must not lead anybody elsewhere, nor
// make an assertion or a token good that was made for another server.

/** Sends bytes as they are: `fetch` would not let a test forge a Host. */
async function raw(server: Pick<Server, 'address'>, lines: string[], body = ''): Promise<string> {
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

t.test('a forged origin at the whole server', async t => {
  for (const variables of [{}, { PORTICO_TRUSTED_PROXIES: '127.0.0.1' }]) {
    const running = await demo(t, { variables })
    const { baseUrl: address } = running
    const engine = await engineToken(running)
    const forged = [
      'Host: evil.example',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: gopher',
      'X-Forwarded-Port: 666',
      'X-Forwarded-Prefix: /evil.example',
      'X-Original-URL: //evil.example',
      'Forwarded: host=evil.example;proto=gopher',
    ]
    const { host } = new URL(address)
    const body = JSON.stringify({ resourceType: 'Patient', name: [{ family: 'x' }] })
    for (const [what, lines, sent] of [
      ['the CapabilityStatement', ['GET /fhir/metadata HTTP/1.1'], ''],
      ['the SMART configuration', ['GET /fhir/.well-known/smart-configuration HTTP/1.1'], ''],
      ['a search and its links', ['GET /fhir/Patient?_count=1 HTTP/1.1', `Authorization: Bearer ${engine}`], ''],
      [
        'a create and its Location',
        ['POST /fhir/Patient HTTP/1.1', `Authorization: Bearer ${engine}`, 'Content-Type: application/fhir+json'],
        body,
      ],
      ['a refusal', ['GET /fhir/Patient/alice HTTP/1.1'], ''],
      [
        'an authorization request',
        [`GET /oauth2/authorize?${new URL(authorizeUrl({ aud: `${address}/fhir` })).searchParams} HTTP/1.1`],
        '',
      ],
      ['the account pages', ['GET /account HTTP/1.1'], ''],
    ] as const) {
      const answer = await raw({ address }, [...lines, ...forged], sent)
      t.notMatch(answer, /evil\.example|gopher|:666/, what)
      t.match(answer, /^HTTP\/1\.1 [234]/, what)
      const url = /^location: (\S+)/im.exec(answer)?.[1]
      if (url !== undefined) t.equal(new URL(url, address).host, host, `${what} leads to ${url}`)
    }
  }
})
