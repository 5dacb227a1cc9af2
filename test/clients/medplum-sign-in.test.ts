import { createHash, randomUUID } from 'node:crypto'
import { MedplumClient, type MedplumClientOptions, MemoryStorage, type OperationOutcomeError } from '@medplum/core'
import { importJWK, SignJWT } from 'jose'
import t from 'tap'
import { decide, demoServer } from '../support/demo.ts'

// How apps that are built with Medplum's client sign in, outside of a browser (medplum-browser.test.ts has it within one).
//
// What works with Medplum's own server only: a password, Google's or an invitation sent to `auth/...`, the exchange of
// another server's token, `signOut` (a POST to `oauth2/logout`; RFC 7009 revocation is what there is here), and the
// profile of who signed in (`auth/me`), which the client asks for only when the token has a `login_id`. Apps find the
// person in `fhirUser` of the token. The client sends no `aud`, which SMART needs: it stands in the address that it is
// configured with.

const server = await demoServer(t)
const redirectUri = 'http://127.0.0.1:4711/callback'
const SCOPE = 'openid fhirUser launch/patient offline_access patient/*.rs'
const authorizeUrl = `oauth2/authorize?aud=${encodeURIComponent(`${server.baseUrl}/fhir`)}`

const medplum = (options: MedplumClientOptions = {}): MedplumClient =>
  new MedplumClient({ baseUrl: server.baseUrl, fhirUrlPath: 'fhir', authorizeUrl, ...options })

// The client keeps the verifier where a browser would; on Node.js it brings a storage of its own for that.
const sessionStorage = new MemoryStorage()
Object.assign(globalThis, { sessionStorage })

/** Sends the person to sign in, with PKCE. The address that she is sent back to. */
async function callback(client: MedplumClient, who: string, scope = SCOPE): Promise<URL> {
  const verifier = `${randomUUID()}${randomUUID()}`
  sessionStorage.setItem('codeVerifier', verifier)
  const codeChallenge = createHash('sha256').update(verifier).digest('base64url')
  const login = { scope, nonce: randomUUID(), codeChallenge, codeChallengeMethod: 'S256' as const }
  const request = await client.ensureCodeChallenge(login)
  const url = client.getExternalAuthRedirectUri(client.getAuthorizeUrl(), 'demo-app', redirectUri, request)
  return await decide(server.baseUrl, url, { who })
}

async function signedIn(options: MedplumClientOptions = {}, scope = SCOPE): Promise<MedplumClient> {
  const client = medplum({ clientId: 'demo-app', ...options })
  const back = await callback(client, 'alice', scope)
  await client.processCode(codeOf(back), { redirectUri })
  return client
}

const codeOf = (callback: URL): string => callback.searchParams.get('code') ?? ''

/** What the client throws when it gets no token; the cause is what the server said. */
const refusal = (asked: Promise<unknown>): Promise<{ message: string; cause?: Error }> =>
  asked.then(
    () => t.fail('it was not refused') as never,
    error => error as OperationOutcomeError & { cause: Error },
  )

t.test('knows where everything is from one address and a path', t => {
  const client = medplum()
  t.equal(client.getBaseUrl(), `${server.baseUrl}/`)
  t.equal(client.fhirUrl('Patient', 'alice').href, `${server.baseUrl}/fhir/Patient/alice`)
  t.equal(client.getTokenUrl(), `${server.baseUrl}/oauth2/token`)
  t.equal(client.fhirSearchUrl('Patient', { _id: 'alice' }).href, `${server.baseUrl}/fhir/Patient?_id=alice`)
  t.end()
})

t.test('signs a person in with a code and PKCE', async t => {
  const client = medplum({ clientId: 'demo-app' })
  const back = await callback(client, 'alice')
  t.match(
    JSON.parse(back.searchParams.get('state') ?? ''),
    { scope: SCOPE },
    'its state is an object, and comes back whole',
  )
  await client.processCode(codeOf(back), { redirectUri })
  t.ok(client.isAuthenticated())
  t.match(client.getActiveLogin(), { accessToken: client.getAccessToken(), refreshToken: /./ })
  t.match(await client.readResource('Patient', 'alice'), { id: 'alice', birthDate: '1975-04-12' })
  t.equal(await client.getProfileAsync(), undefined, 'it asks for no profile of a server that is not its own')
})

t.test('goes on with a login that it has kept', async t => {
  const storage = new Map<string, string | undefined>()
  const kept: NonNullable<MedplumClientOptions['storage']> = {
    clear: () => storage.clear(),
    getString: key => storage.get(key),
    setString: (key, value) => void storage.set(key, value),
    getObject: key => JSON.parse(storage.get(key) ?? 'null') ?? undefined,
    setObject: (key, value) => void storage.set(key, JSON.stringify(value)),
  }
  await signedIn({ storage: kept })
  const later = medplum({ clientId: 'demo-app', storage: kept })
  t.match(await later.readResource('Patient', 'alice'), { id: 'alice' })
  t.equal(later.getLogins().length, 1)
})

t.test('refreshes its token before it ends, once for all that wait', async t => {
  const client = await signedIn()
  const before = client.getAccessToken()
  await Promise.all([client.refreshIfExpired(3_600_000), client.refreshIfExpired(3_600_000)])
  t.not(client.getAccessToken(), before)
  t.match(await client.readResource('Patient', 'alice'), { id: 'alice' })
})

t.test('refreshes when it is told that its token is not good any more, and asks again', async t => {
  const client = await signedIn()
  client.setAccessToken('no-token-of-this-server', client.getActiveLogin()?.refreshToken)
  t.match(await client.readResource('Patient', 'alice'), { id: 'alice' })
  t.ok(client.isAuthenticated())
})

t.test('is without a login when it may not refresh', async t => {
  let asked = 0
  const client = await signedIn({ onUnauthenticated: () => void asked++ }, 'openid launch/patient patient/*.rs')
  const token = client.getAccessToken() ?? ''
  const body = new URLSearchParams({ token, client_id: 'demo-app' })
  await fetch(`${server.baseUrl}/oauth2/revoke`, { method: 'POST', body })
  t.match(await refusal(client.readResource('Patient', 'alice')), { message: 'Unauthorized' })
  t.equal(asked, 1)
  t.equal(client.getAccessToken(), undefined)
})

t.test('gets no token for a code that is used up, or without the verifier', async t => {
  const client = medplum({ clientId: 'demo-app' })
  const code = codeOf(await callback(client, 'alice'))
  await client.processCode(code, { redirectUri })
  const again = await refusal(client.processCode(code, { redirectUri }))
  t.match(again, { message: 'Failed to fetch tokens', cause: { message: 'grant request is invalid' } })
  t.equal(client.getAccessToken(), undefined)
  const back = await callback(client, 'alice')
  sessionStorage.clear()
  const unproved = await refusal(client.processCode(codeOf(back), { redirectUri }))
  t.match(unproved, { cause: { message: 'grant request is invalid' } })
})

/** What a backend service proves itself with. */
async function assertion(): Promise<string> {
  return await new SignJWT({})
    .setProtectedHeader({ alg: 'ES384', kid: 'demo-engine', typ: 'JWT' })
    .setIssuer('demo-engine')
    .setSubject('demo-engine')
    .setAudience(`${server.baseUrl}/oauth2/token`)
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime('4m')
    .sign(await importJWK(server.engineKey, 'ES384'))
}

t.test('signs a backend service in with a key', async t => {
  const unscoped = await refusal(medplum().startJwtAssertionLogin(await assertion()))
  t.match(unscoped, { cause: { message: /scope/ } })
  // SMART wants a scope, for which the client has no option: its `fetch` adds it.
  const scoped: typeof fetch = (url, init) => {
    const isForm = String(url).endsWith('/token')
    return fetch(url, isForm ? { ...init, body: `${init?.body}&scope=${encodeURIComponent('system/*.rs')}` } : init)
  }
  const engine = medplum({ fetch: scoped })
  await engine.startJwtAssertionLogin(await assertion())
  t.same(
    (await engine.searchResources('Patient', '_sort=_id')).map(({ id }) => id),
    ['alice', 'bob', 'dev'],
  )
})

t.test('is refused what SMART does not have', async t => {
  const { secret } = server
  const inHeader = medplum({ authCredentialsMethod: 'header' })
  for (const [what, words, asked] of [
    ['a secret in the form', /authentication failed/, () => medplum().startClientLogin('demo-confidential', secret)],
    ['an app that acts for itself', /not allowed/, () => inHeader.startClientLogin('demo-confidential', secret)],
    [
      'an assertion as a grant',
      /authentication failed/,
      async () => medplum().startJwtBearerLogin('demo-engine', await assertion(), SCOPE),
    ],
    ['an exchange of tokens', /grant_type/, () => medplum().exchangeExternalAccessToken('another', 'demo-app')],
  ] as const) {
    t.match(await refusal(asked()), { cause: { message: words } }, what)
  }
})
