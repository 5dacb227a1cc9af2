import * as oauth from 'oauth4webapi'
import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  claimsOf,
  FHIR,
  launch,
  REDIRECT,
  VERIFIER,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// The strictest client there is: it checks issuer, content types, nonce, scopes and each signature by itself.
const issuer = new URL(`${BASE}/oauth2`)

t.test('a strict OAuth client gets through with its own checks', async t => {
  const server = await authorizationServer(t)
  const via = { [oauth.customFetch]: (url: string, init: object) => server.get(url, init as RequestInit) }
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, via))
  const client: oauth.Client = { client_id: 'demo-app' }

  t.test('code, PKCE, id_token, refresh, introspection and revocation of a public app', async t => {
    const { answer } = await launch(server, { changes: { nonce: 'the-nonce' } })
    const params = oauth.validateAuthResponse(as, client, answer, 'the state/+=& of the app')
    const response = await oauth.authorizationCodeGrantRequest(
      as,
      client,
      oauth.None(),
      params,
      REDIRECT,
      VERIFIER,
      via,
    )
    t.equal(response.headers.get('pragma'), 'no-cache')
    t.equal(response.headers.get('cache-control'), 'no-store')
    const tokens = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: 'the-nonce' })
    await oauth.validateApplicationLevelSignature(as, response, via)
    const claims = oauth.getValidatedIdTokenClaims(tokens)
    t.match(claims, { sub: 'alice', fhirUser: 'Patient/alice', aud: 'demo-app' })
    t.match(tokens, { token_type: 'bearer', expires_in: 900, patient: 'alice', need_patient_banner: true })
    t.equal(tokens.scope, 'openid fhirUser launch/patient offline_access patient/*.rs')

    const access = claimsOf(tokens.access_token)
    t.match(access, { iss: issuer.href, aud: FHIR, sub: 'alice', client_id: 'demo-app', patient: 'alice' })
    t.equal(access.fhirUser, 'Patient/alice')
    t.notOk('act' in access, 'nobody acts for anybody')
    const header = JSON.parse(Buffer.from(tokens.access_token.split('.')[0] ?? '', 'base64url').toString())
    t.match(header, { alg: 'ES256', typ: 'at+jwt' })

    const refresh = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token ?? '', via)
    const refreshed = await oauth.processRefreshTokenResponse(as, client, refresh)
    t.match(refreshed, { patient: 'alice', expires_in: 900, scope: tokens.scope })
    t.not(refreshed.refresh_token, tokens.refresh_token, 'the refresh token is rotated')

    const introspect = async (token: string) =>
      oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(as, client, oauth.None(), token, via),
      )
    const active = await introspect(refreshed.access_token)
    t.match(active, { active: true, client_id: 'demo-app', sub: 'alice', patient: 'alice', iss: issuer.href })
    t.equal(active.scope, tokens.scope)
    t.same(await introspect(tokens.id_token ?? ''), { active: false }, 'an id_token is not an access token')
    t.same(await introspect('nonsense'), { active: false })

    const revoke = await oauth.revocationRequest(as, client, oauth.None(), refreshed.access_token, via)
    await oauth.processRevocationResponse(revoke)
    t.same(await introspect(refreshed.access_token), { active: false })
    const again = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), refreshed.refresh_token ?? '', via)
    t.equal(again.status, 400, 'the refresh token is gone with the access token')
  })

  t.test('a confidential app with its secret', async t => {
    const confidential: oauth.Client = { client_id: 'demo-confidential' }
    const { answer } = await launch(server, { changes: { client_id: 'demo-confidential' } })
    const params = oauth.validateAuthResponse(as, confidential, answer, oauth.skipStateCheck)
    const wrong = await oauth.authorizationCodeGrantRequest(
      as,
      confidential,
      oauth.ClientSecretBasic('wrong'),
      params,
      REDIRECT,
      VERIFIER,
      via,
    )
    t.equal(wrong.status, 401)
    t.match(wrong.headers.get('www-authenticate'), /^Basic /)
    const auth = oauth.ClientSecretBasic(server.secret)
    const response = await oauth.authorizationCodeGrantRequest(as, confidential, auth, params, REDIRECT, VERIFIER, via)
    const tokens = await oauth.processAuthorizationCodeResponse(as, confidential, response)
    t.equal(tokens.patient, 'alice')
    const unproved = await oauth.refreshTokenGrantRequest(
      as,
      confidential,
      oauth.None(),
      tokens.refresh_token ?? '',
      via,
    )
    t.not(unproved.status, 200, 'its refresh token is of no use without the secret')
  })

  t.test('a backend service with its key', async t => {
    verifies('smart-2.2', 'SAL-240', 'SAL-142', 'SAL-253', 'SAL-254', 'SAL-255', 'SAL-256', 'SAL-258', 'SAL-261')
    const engine: oauth.Client = { client_id: 'demo-engine' }
    const key = await crypto.subtle.importKey(
      'jwk',
      server.engineKey as Record<string, string>,
      { name: 'ECDSA', namedCurve: 'P-384' },
      false,
      ['sign'],
    )
    const auth = oauth.PrivateKeyJwt(
      { key, kid: 'demo-engine' },
      { [oauth.modifyAssertion]: header => Object.assign(header, { typ: 'JWT' }) },
    )
    const response = await oauth.clientCredentialsGrantRequest(as, engine, auth, { scope: 'system/*.*' }, via)
    const tokens = await oauth.processClientCredentialsResponse(as, engine, response)
    t.match(tokens, { scope: 'system/*.*', expires_in: 300 })
    t.match(tokens.token_type, /^bearer$/i)
    t.notOk(tokens.refresh_token)
    const { exp, iat } = claimsOf(tokens.access_token)
    t.equal(Number(exp) - Number(iat), 300)
    t.match(claimsOf(tokens.access_token), { sub: 'demo-engine', client_id: 'demo-engine', aud: FHIR })
  })

  t.test('an app that sends its request as a form', async t => {
    verifies('smart-2.2', 'SAL-49', 'SAL-354')
    const query = authorizeUrl().split('?')[1] ?? ''
    const response = await server.get(`${BASE}/oauth2/authorize`, {
      method: 'POST',
      body: new URLSearchParams(query),
      redirect: 'manual',
    })
    t.equal(response.status, 303)
    t.equal(response.headers.get('location'), `/oauth2/authorize?${query}`)
    const open = browser(BASE, server.get)
    const page = await open(`${BASE}/oauth2/authorize`, new URLSearchParams(query))
    t.match(page, { status: 200, html: '<h1 class="nhsuk-heading-l">Sign in</h1>' })
  })
})
