import { createSecretKey, generateKeyPairSync } from 'node:crypto'
import { SignJWT, UnsecuredJWT } from 'jose'
import t from 'tap'
import { ask, askBy } from '../support/asked.ts'
import { authorizationServer, authorizeUrl, BASE, FHIR, REDIRECT } from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// A request that comes in two parts can be read as either. What was pushed is what counts; a request object is not taken at all.

const REFERENCE = 'urn:ietf:params:oauth:request_uri:'
const WISHES = {
  client_id: 'demo-app',
  response_type: 'code',
  redirect_uri: REDIRECT,
  scope: 'launch/patient patient/*.cruds offline_access',
  aud: FHIR,
  resource: 'https://evil.example/fhir',
  state: 'smuggled',
}

t.test('what is smuggled beside a request', async t => {
  const server = await authorizationServer(t)
  const push = async (changes: Record<string, string | undefined>) => {
    const body = new URLSearchParams(new URL(authorizeUrl(changes)).search)
    const response = await server.get(`${BASE}/oauth2/par`, { method: 'POST', body })
    return { status: response.status, body: (await response.json()) as { request_uri: string; error: string } }
  }
  const storedScope = async () => {
    const { rows } = await server.pool.query(
      "select payload -> 'params' as params from oidc_payload where model = 'Interaction' order by expires_at desc limit 1",
    )
    return rows[0].params as Record<string, string>
  }

  t.test('as a request object is refused: unsigned, signed by nobody known, or signed with what is public', async t => {
    verifies('smart-2.2', 'SAL-1025')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwks = await (await server.get(`${BASE}/oauth2/jwks`)).text()
    const header = { kid: 'demo-app', typ: 'oauth-authz-req+jwt' }
    for (const [title, request] of [
      ['alg none', new UnsecuredJWT(WISHES).encode()],
      ['ES256 by anybody', await new SignJWT(WISHES).setProtectedHeader({ alg: 'ES256', ...header }).sign(privateKey)],
      [
        'HS256 by our public keys',
        await new SignJWT(WISHES)
          .setProtectedHeader({ alg: 'HS256', ...header })
          .sign(createSecretKey(Buffer.from(jwks))),
      ],
      ['no JWT', 'x'],
    ] as const) {
      t.equal((await ask(server, { request })).error, 'request_not_supported', title)
      t.match(await push({ request }), { status: 400, body: { error: 'request_not_supported' } }, title)
    }
  })

  t.test('as an address of a request is not fetched', async t => {
    for (const request_uri of [
      'https://evil.example/r.jwt',
      'http://127.0.0.1:1/',
      'data:,x',
      `${REFERENCE}../x`,
      REFERENCE,
    ]) {
      const { isGood, to } = await ask(server, { request_uri })
      t.notOk(isGood, request_uri)
      t.notMatch(to?.href ?? '', 'evil')
    }
  })

  t.test('as parameters beside what was pushed counts for nothing', async t => {
    verifies('smart-2.2', 'SAL-1025')
    for (const smuggled of [
      WISHES,
      { ...WISHES, aud: 'https://evil.example' },
      { prompt: 'none' },
      { launch: 'x' },
      { code_challenge: 'x'.repeat(43) },
    ]) {
      const { body } = await push({ scope: 'launch/patient patient/Patient.rs' })
      const more = new URLSearchParams({ ...smuggled, client_id: 'demo-app', request_uri: body.request_uri })
      t.ok((await askBy(server, `${BASE}/oauth2/authorize?${more}`)).isGood, JSON.stringify(smuggled))
      const kept = await storedScope()
      t.match(kept, {
        scope: 'launch/patient patient/Patient.rs',
        state: 'the state/+=& of the app',
        redirect_uri: REDIRECT,
      })
      t.same([kept.resource].flat(), [FHIR])
      t.equal(kept.launch, undefined)
    }
  })

  t.test('as the request of another app is refused', async t => {
    const { body } = await push({})
    for (const client_id of ['demo-confidential', 'nobody', '']) {
      const query = new URLSearchParams({ client_id, request_uri: body.request_uri })
      const { status, to } = await askBy(server, `${BASE}/oauth2/authorize?${query}`)
      t.match({ status, to }, { status: 400, to: undefined }, client_id)
    }
    const nameless = new URLSearchParams({ request_uri: body.request_uri })
    t.equal((await askBy(server, `${BASE}/oauth2/authorize?${nameless}`)).status, 400)
  })

  t.test('as an audience inside a pushed request is seen', async t => {
    for (const [changes, error] of [
      [{ aud: 'https://evil.example' }, 'invalid_target'],
      [{ resource: 'https://evil.example' }, 'invalid_target'],
      [{ aud: `${BASE}/oauth2` }, 'invalid_target'],
      [{ aud: undefined }, 'invalid_request'],
    ] as const)
      t.match(await push(changes), { status: 400, body: { error } }, JSON.stringify(changes))
  })
})
