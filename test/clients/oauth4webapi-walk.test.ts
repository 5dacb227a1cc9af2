import { exportJWK, generateKeyPair } from 'jose'
import * as oauth from 'oauth4webapi'
import t, { type Test } from 'tap'
import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { saveClient } from '../../src/store/clients.ts'
import { saveInitialAccessToken } from '../../src/store/registrations.ts'
import { demoServer } from '../support/demo.ts'
import { verifies } from '../support/verifies.ts'

// The strictest client there is goes the whole way as apps with a key, with a secret and without either: pushed request, code,
// id_token, refresh, introspection, revocation, signing out. Each answer is checked by the library.

const server = await demoServer(t)
const issuer = new URL(`${server.baseUrl}/oauth2`)
const resource = `${server.baseUrl}/fhir`
const redirectUri = 'http://127.0.0.1:4711/callback'
const signedOutUri = 'http://127.0.0.1:4711/signed-out'
// The server listens without TLS here; the library insists on it unless told so.
const insecure = { [oauth.allowInsecureRequests]: true }
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
const scope = 'openid fhirUser launch/patient offline_access patient/*.rs'

/** SMART 2.2 wants `typ: JWT` in the header of an assertion; the library leaves it out unless told. */
const asJwt = { [oauth.modifyAssertion]: (header: object) => void Object.assign(header, { typ: 'JWT' }) }

type App = { client: oauth.Client; auth: oauth.ClientAuth }
type Open = ReturnType<typeof browser>

/** Sends a form of a page of the sign-in, with what is ticked in it. */
async function send(open: Open, page: Visited, action: string, fields: Record<string, string> = {}): Promise<Visited> {
  const kept = fieldsOf(page.html).filter(({ name }) => ['csrf', 'scope', 'patient'].includes(name ?? ''))
  const form = new URLSearchParams(kept.map(({ name, value }) => [name ?? '', value ?? '']))
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  return open(`${page.url.replace(/(\/interaction\/[^/]+).*/, '$1')}/${action}`, form)
}

/** Has a person allow a request; gives the address that the app is called back at. */
async function allow(open: Open, url: URL): Promise<URL> {
  const first = await open(url.href)
  const signIn = { name: 'alice@example.org', password: DEMO_PASSWORD }
  return new URL((await send(open, await send(open, first, 'sign-in', signIn), 'consent')).url)
}

/** What an app asks for, and what it keeps to check the answer by. */
async function request() {
  const verifier = oauth.generateRandomCodeVerifier()
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  const params = new URLSearchParams({ response_type: 'code', redirect_uri: redirectUri, scope, state, nonce })
  params.set('aud', resource)
  params.set('code_challenge', await oauth.calculatePKCECodeChallenge(verifier))
  params.set('code_challenge_method', 'S256')
  return { params, verifier, state, nonce }
}

/** A pushed request and what came of it, each answer checked. */
async function launched({ client, auth }: App, open: Open) {
  const { params, verifier, state, nonce } = await request()
  const pushed = await oauth.pushedAuthorizationRequest(as, client, auth, params, insecure)
  const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, pushed)
  const url = new URL(as.authorization_endpoint ?? '')
  url.search = new URLSearchParams({ client_id: client.client_id, request_uri }).toString()
  const answer = oauth.validateAuthResponse(as, client, await allow(open, url), state)
  const response = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, redirectUri, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, response, insecure)
  const idToken = oauth.getValidatedIdTokenClaims(tokens)
  return { ...tokens, refresh_token: tokens.refresh_token ?? '', id_token: tokens.id_token ?? '', idToken }
}

const read = async (token: string): Promise<number> =>
  (await fetch(`${resource}/Patient/alice`, { headers: { authorization: `Bearer ${token}` } })).status

const introspect = async ({ client, auth }: App, token: string) =>
  oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token, insecure))

async function signOut(open: Open, idToken: string): Promise<string> {
  const url = new URL(as.end_session_endpoint ?? '')
  url.search = new URLSearchParams({ id_token_hint: idToken, post_logout_redirect_uri: signedOutUri }).toString()
  const page = await open(url.href)
  const xsrf = fieldsOf(page.html).find(({ name }) => name === 'xsrf')?.value ?? ''
  return (await open(`${url.origin}${url.pathname}/confirm`, new URLSearchParams({ xsrf, logout: 'yes' }))).url
}

/** All that an app does in its life. */
async function walk(t: Test, app: App): Promise<void> {
  const { client, auth } = app
  const open = browser(server.baseUrl)
  const first = await launched(app, open)
  t.match(first, { token_type: 'bearer', scope, patient: 'alice' })
  t.match(first.idToken, { aud: client.client_id, sub: 'alice', fhirUser: 'Patient/alice' })
  t.equal(await read(first.access_token), 200)

  const response = await oauth.refreshTokenGrantRequest(as, client, auth, first.refresh_token, insecure)
  const second = await oauth.processRefreshTokenResponse(as, client, response)
  t.match(second, { scope, patient: 'alice' })
  t.match(await introspect(app, second.access_token), { active: true, client_id: client.client_id, patient: 'alice' })

  const revoked = await oauth.revocationRequest(as, client, auth, second.refresh_token ?? first.refresh_token, insecure)
  await oauth.processRevocationResponse(revoked)
  for (const { access_token } of [first, second]) {
    t.equal(await read(access_token), 401)
    t.same(await introspect(app, access_token), { active: false })
  }

  t.equal(await signOut(open, first.id_token), signedOutUri)
  const { params } = await request()
  const silent = new URLSearchParams([...params, ['client_id', client.client_id], ['prompt', 'none']])
  const { url } = await open(`${as.authorization_endpoint}?${silent}`)
  t.equal(new URL(url).searchParams.get('error'), 'login_required', 'nobody is signed in any more')
}

const redirects = { redirect_uris: [redirectUri], post_logout_redirect_uris: [signedOutUri] }

t.test('an app without a secret', async t => {
  verifies('smart-2.2', 'SAL-355', 'SAL-358', 'SAL-1025', 'SAL-1026')
  await saveClient(server.pool, {
    clientId: 'walk-public',
    name: 'Walk',
    kind: 'public',
    metadata: redirects,
    scopes: scope,
    secret: undefined,
  })
  await walk(t, { client: { client_id: 'walk-public' }, auth: oauth.None() })
})

t.test('an app with a secret, which registers itself', async t => {
  verifies('smart-2.2', 'SAL-356', 'SAL-1024')
  const initialAccessToken = crypto.randomUUID()
  await saveInitialAccessToken(server.pool, initialAccessToken, scope, 60)
  const metadata = { client_name: 'Walk', token_endpoint_auth_method: 'client_secret_basic', scope, ...redirects }
  const response = await oauth.dynamicClientRegistrationRequest(as, metadata, { initialAccessToken, ...insecure })
  const client = await oauth.processDynamicClientRegistrationResponse(response)
  await walk(t, { client, auth: oauth.ClientSecretBasic(String(client.client_secret)) })
})

for (const alg of ['ES384', 'RS384'] as const)
  t.test(`an app with a key for ${alg}`, async t => {
    verifies('smart-2.2', 'SAL-357', 'SAL-310')
    const keys = await generateKeyPair(alg, { extractable: true })
    const clientId = `walk-${alg}`
    const jwk = { ...(await exportJWK(keys.publicKey)), kid: alg, alg, use: 'sig' }
    await saveClient(server.pool, {
      clientId,
      name: 'Walk',
      kind: 'confidential',
      metadata: { ...redirects, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
      scopes: scope,
      secret: undefined,
    })
    const auth = oauth.PrivateKeyJwt({ key: keys.privateKey as CryptoKey, kid: alg }, asJwt)
    await walk(t, { client: { client_id: clientId }, auth })
  })
