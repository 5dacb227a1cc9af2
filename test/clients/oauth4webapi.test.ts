import { createHash } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import t from 'tap'
import { saveClient } from '../../src/store/clients.ts'
import { decide, demoServer } from '../support/demo.ts'
import { verifies } from '../support/verifies.ts'

// The strictest client there is, against the whole server: what the authorization server says must hold at the FHIR
// server, and what it takes back must be gone there. test/smart/plugin.test.ts has what ends at the token endpoint.

const server = await demoServer(t)
const issuer = new URL(`${server.baseUrl}/oauth2`)
const resource = `${server.baseUrl}/fhir`
const redirectUri = 'http://127.0.0.1:4711/callback'
// The server listens without TLS here; the library insists on it unless told so.
const insecure = { [oauth.allowInsecureRequests]: true }
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
const publicApp: oauth.Client = { client_id: 'demo-app' }

type Flow = { params?: Record<string, string>; deny?: boolean; client?: oauth.Client }

/** The address that the app is called back at, and what it remembered when it sent the browser away. */
async function authorize({ params = {}, deny = false, client = publicApp }: Flow = {}) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const nonce = oauth.generateRandomNonce()
  const query = new URLSearchParams({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid fhirUser launch/patient offline_access patient/*.rs',
    aud: resource,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...params,
  })
  const callback = await decide(server.baseUrl, `${as.authorization_endpoint}?${query}`, { who: 'alice', deny })
  return { callback, verifier, state, nonce }
}

/** A whole launch, each answer checked by the library. */
async function tokensOf(flow: Flow = {}, auth = oauth.None()) {
  const { client = publicApp } = flow
  const { callback, verifier, state, nonce } = await authorize(flow)
  const answer = oauth.validateAuthResponse(as, client, callback, state)
  const response = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, redirectUri, verifier, insecure)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, response, insecure)
  return { ...tokens, refresh_token: tokens.refresh_token ?? '', idToken: oauth.getValidatedIdTokenClaims(tokens) }
}

/** SMART 2.2 wants `typ: JWT` in the header of an assertion; the library leaves it out unless told. */
const asJwt = { [oauth.modifyAssertion]: (header: object) => void Object.assign(header, { typ: 'JWT' }) }

/** What the library throws when the server refuses. */
const refusal = (asked: Promise<unknown>): Promise<{ status: number; cause: unknown; error?: string }> =>
  asked.then(
    () => t.fail('it was not refused') as never,
    error => error,
  )

const read = (token: string, path = 'Patient/alice'): Promise<Response> =>
  oauth.protectedResourceRequest(token, 'GET', new URL(`${resource}/${path}`), undefined, undefined, insecure)

const refresh = async (token: string) => {
  const response = await oauth.refreshTokenGrantRequest(as, publicApp, oauth.None(), token, insecure)
  const tokens = await oauth.processRefreshTokenResponse(as, publicApp, response)
  return { ...tokens, refresh_token: tokens.refresh_token ?? '', idToken: oauth.getValidatedIdTokenClaims(tokens) }
}

const revoke = async (token: string, client = publicApp, auth = oauth.None()) =>
  oauth.processRevocationResponse(await oauth.revocationRequest(as, client, auth, token, insecure))

const introspect = async (token: string, client = publicApp, auth = oauth.None()) =>
  oauth.processIntrospectionResponse(as, client, await oauth.introspectionRequest(as, client, auth, token, insecure))

t.test('discovery', async t => {
  t.test('is found as RFC 8414 says too, and says the same', async t => {
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' })
    t.same(await oauth.processDiscoveryResponse(issuer, response), as)
  })

  t.test('is refused by the client for another issuer', async t => {
    const response = await oauth.discoveryRequest(issuer, insecure)
    await t.rejects(oauth.processDiscoveryResponse(new URL(`${issuer}/`), response))
  })
})

t.test('a launch', async t => {
  t.test('gives an id_token that holds, and an access token as RFC 9068 wants it', async t => {
    verifies('smart-2.2', 'SAL-367')
    const tokens = await tokensOf()
    const { iat = 0, exp = 0 } = tokens.idToken ?? {}
    t.match(tokens.idToken, { iss: issuer.href, sub: 'alice', aud: 'demo-app', fhirUser: 'Patient/alice' })
    t.ok(exp - iat <= 3600)
    const request = new Request(`${resource}/Patient/alice`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    const claims = await oauth.validateJwtAccessToken(as, request, resource, insecure)
    t.match(claims, { sub: 'alice', client_id: 'demo-app', scope: tokens.scope, patient: 'alice' })
    t.equal((await read(tokens.access_token)).status, 200)
  })

  t.test('is not believed by the client with another nonce or state', async t => {
    const { callback, verifier, state } = await authorize()
    t.throws(() => oauth.validateAuthResponse(as, publicApp, callback, 'another'))
    const answer = oauth.validateAuthResponse(as, publicApp, callback, state)
    const none = oauth.None()
    const args = [as, publicApp, none, answer, redirectUri, verifier, insecure] as const
    const response = await oauth.authorizationCodeGrantRequest(...args)
    const processed = oauth.processAuthorizationCodeResponse(as, publicApp, response, { expectedNonce: 'another' })
    await t.rejects(processed, { code: oauth.JWT_CLAIM_COMPARISON })
  })

  t.test('that is denied comes back with state and issuer', async t => {
    const { callback, state } = await authorize({ deny: true })
    t.equal(callback.searchParams.get('iss'), issuer.href)
    const validate = () => oauth.validateAuthResponse(as, publicApp, callback, state)
    t.throws(validate, { code: oauth.AUTHORIZATION_RESPONSE_ERROR })
    t.equal(callback.searchParams.get('error'), 'access_denied')
  })

  t.test('that must not ask comes back at once when nobody is signed in', async t => {
    const { callback, state } = await authorize({ params: { prompt: 'none' } })
    const validate = () => oauth.validateAuthResponse(as, publicApp, callback, state)
    t.throws(validate, { code: oauth.AUTHORIZATION_RESPONSE_ERROR })
    t.equal(callback.searchParams.get('error'), 'login_required')
  })

  t.test('tells when the person signed in, to a client that asks', async t => {
    const { idToken } = await tokensOf({ params: { max_age: '600' } })
    t.ok(Math.abs(Number(idToken?.auth_time) - Date.now() / 1000) < 60)
  })
})

t.test('a refresh token', async t => {
  t.test('is replaced each time, and gives tokens for the same record', async t => {
    const first = await tokensOf()
    const second = await refresh(first.refresh_token)
    const third = await refresh(second.refresh_token)
    t.equal(new Set([first, second, third].map(each => each.refresh_token)).size, 3)
    t.equal(third.idToken?.sub, first.idToken?.sub)
    t.match(third, { patient: 'alice', scope: first.scope })
    for (const { access_token } of [first, second, third]) t.equal((await read(access_token)).status, 200)
    t.match(await refusal(refresh(first.refresh_token)), { error: 'invalid_grant', status: 400 })
  })

  t.test('that is revoked takes its access tokens with it, at once', async t => {
    const first = await tokensOf()
    const second = await refresh(first.refresh_token)
    await revoke(second.refresh_token)
    for (const { access_token } of [first, second]) {
      await t.rejects(read(access_token), { code: oauth.WWW_AUTHENTICATE_CHALLENGE })
    }
    t.match(await refusal(refresh(second.refresh_token)), { error: 'invalid_grant' })
  })
})

t.test('an access token', async t => {
  t.test('that is revoked is refused at once, with a challenge that says so', async t => {
    const { access_token } = await tokensOf()
    t.equal((await read(access_token)).status, 200)
    await revoke(access_token)
    const { cause, status } = await refusal(read(access_token))
    t.equal(status, 401)
    t.match(cause, [{ scheme: 'bearer', parameters: { error: 'invalid_token', realm: resource } }])
    t.same(await introspect(access_token), { active: false })
  })

  t.test('is not revoked by a client that it was not given to', async t => {
    const { access_token } = await tokensOf()
    const other: oauth.Client = { client_id: 'demo-confidential' }
    const auth = oauth.ClientSecretBasic(server.secret)
    t.same(await introspect(access_token, other, auth), { active: false }, 'nor does it learn anything of it')
    const response = await oauth.revocationRequest(as, other, auth, access_token, insecure)
    t.equal(response.status, 200, 'what is not its own is as unknown to it as nonsense')
    t.equal((await read(access_token)).status, 200)
    t.match(await introspect(access_token), { active: true })
  })

  t.test('of one launch lives on when another of the same person and app is revoked', async t => {
    const [one, two] = [await tokensOf(), await tokensOf()]
    await revoke(one.access_token)
    t.equal((await read(two.access_token)).status, 200)
  })

  t.test('of too small a scope is refused with the scope that it needs', async t => {
    const { access_token } = await tokensOf({ params: { scope: 'openid launch/patient patient/Patient.rs' } })
    const challenge = { parameters: { error: 'insufficient_scope', scope: 'patient/Observation.s' } }
    t.match(await refusal(read(access_token, 'Observation')), { status: 403, cause: [challenge] })
  })
})

/** The library makes no RS384 keys, but signs with them. */
const generateRsa = () =>
  crypto.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-384',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ['sign', 'verify'],
  )

t.test('a backend service', async t => {
  const keys = {
    ES384: await oauth.generateKeyPair('ES384', { extractable: true }),
    RS384: await generateRsa(),
  }
  for (const [alg, { privateKey, publicKey }] of Object.entries(keys)) {
    t.test(`with a key for ${alg} gets a token for five minutes that works until it is revoked`, async t => {
      const kid = createHash('sha256').update(alg).digest('base64url')
      const jwk = { ...(await crypto.subtle.exportKey('jwk', publicKey)), kid, alg, use: 'sig', key_ops: undefined }
      const client: oauth.Client = { client_id: `engine-${alg}` }
      await saveClient(server.pool, {
        clientId: client.client_id,
        name: `Engine with ${alg}`,
        kind: 'backend',
        metadata: { jwks: { keys: [jwk] } },
        scopes: 'system/*.rs',
        secret: undefined,
      })
      const auth = oauth.PrivateKeyJwt({ key: privateKey, kid }, asJwt)
      const scope = { scope: 'system/*.cruds' }
      const response = await oauth.clientCredentialsGrantRequest(as, client, auth, scope, insecure)
      const tokens = await oauth.processClientCredentialsResponse(as, client, response)
      t.match(tokens, { expires_in: 300, scope: 'system/*.rs' }, 'no more than it may have')
      t.equal((await read(tokens.access_token, 'Patient?_summary=count')).status, 200)
      t.match(await introspect(tokens.access_token, client, auth), {
        active: true,
        client_id: client.client_id,
        scope: 'system/*.rs',
      })
      await revoke(tokens.access_token, client, auth)
      t.match(await refusal(read(tokens.access_token)), { status: 401 })
    })
  }
})
