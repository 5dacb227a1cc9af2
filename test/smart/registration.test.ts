import * as oauth from 'oauth4webapi'
import t from 'tap'
import { redirectFault } from '../../src/smart/registration.ts'
import { saveInitialAccessToken } from '../../src/store/registrations.ts'
import {
  authorizationServer,
  BASE,
  eight,
  launch,
  launchAndRedeem,
  REDIRECT,
  token,
  VERIFIER,
} from '../support/authorization-server.ts'
import { auditLines } from '../support/stored.ts'
import { verifies } from '../support/verifies.ts'

// RFC 7591 and 7592: an app registers itself, with a token that an administrator gave to its maker.

const MOST = 'openid fhirUser launch/patient offline_access patient/*.rs patient/Appointment.cruds'
const APP = {
  client_name: 'Steps',
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
  scope: 'openid fhirUser launch/patient offline_access patient/Observation.rs patient/Patient.read',
}
type Answer = Record<string, unknown> & {
  client_id: string
  client_secret?: string
  registration_client_uri: string
  registration_access_token: string
}

t.test('an app that registers itself', async t => {
  const server = await authorizationServer(t, { internalOrigins: ['http://10.1.2.3:8080'] })
  let number = 0
  const initial = async (scopes = MOST, seconds = 60) => {
    const value = `initial-${++number}`
    await saveInitialAccessToken(server.pool, value, scopes, seconds)
    return value
  }
  const send = async (url: string, method: string, bearer: string | undefined, body?: unknown, headers = {}) => {
    const response = await server.get(url, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...headers,
      },
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : {}) as Answer }
  }
  const register = (body: unknown, bearer: string | undefined, headers = {}) =>
    send(`${BASE}/oauth2/register`, 'POST', bearer, body, headers)

  t.test('gets what it needs to be launched, its SMART scopes included', async t => {
    verifies('smart-2.2', 'SAL-24', 'SAL-316', 'SAL-1024')
    const { status, headers, body } = await register(
      { ...APP, surprise: 1, smart_scopes: 'system/*.*' },
      await initial(),
    )
    t.equal(status, 201)
    t.equal(headers.get('cache-control'), 'no-store')
    t.match(body, {
      client_id: /./,
      client_name: 'Steps',
      scope: APP.scope,
      grant_types: ['authorization_code', 'refresh_token'],
    })
    for (const name of ['client_secret', 'surprise', 'smart_scopes', 'smart_kind']) t.notOk(name in body, name)
    const changes = { client_id: body.client_id, scope: 'launch/patient offline_access patient/Patient.read' }
    const { answer } = await launch(server, { changes })
    const tokens = await token(server, {
      grant_type: 'authorization_code',
      client_id: body.client_id,
      redirect_uri: REDIRECT,
      code: answer.searchParams.get('code') ?? '',
      code_verifier: VERIFIER,
    })
    t.match(tokens, { status: 200, body: { scope: changes.scope, patient: 'alice' } })
    const line = (await auditLines(server.pool)).find(each => each[2] === 'register')
    t.match(line, { 3: `app/${body.client_id}` })
  })

  t.test('gets a secret once, and may be read, changed and removed with a token of its own', async t => {
    verifies('smart-2.2', 'SAL-23', 'SAL-1024', 'SAL-305')
    const confidential = { ...APP, token_endpoint_auth_method: 'client_secret_basic' }
    const { body: made } = await register(confidential, await initial())
    t.match(made.client_secret, /^[\w-]{43}$/)
    t.equal(made.client_secret_expires_at, 0)
    const url = made.registration_client_uri
    t.equal(url, `${BASE}/oauth2/register/${made.client_id}`)

    const read = await send(url, 'GET', made.registration_access_token)
    t.match(read, { status: 200, body: { scope: APP.scope, client_id: made.client_id } })
    t.notOk('client_secret' in read.body, 'only its hash is kept')
    const narrower = {
      ...confidential,
      client_id: made.client_id,
      client_secret: made.client_secret,
      scope: 'patient/Patient.rs patient/*.cruds',
    }
    const changed = await send(url, 'PUT', made.registration_access_token, narrower)
    t.match(changed, {
      status: 200,
      body: { scope: 'patient/Patient.rs' },
    })
    t.notOk('client_secret' in changed.body)
    t.equal((await send(url, 'GET', made.registration_access_token)).status, 401, 'the token was exchanged, too')
    const next = changed.body.registration_access_token
    const wrong = await send(url, 'PUT', next, { ...narrower, client_secret: 'wrong' })
    t.match(wrong, { status: 400, body: { error: 'invalid_request' } })
    t.equal((await send(url, 'DELETE', next)).status, 204)
    t.equal((await send(url, 'GET', next)).status, 401)
    const authorization = `Basic ${Buffer.from(`${made.client_id}:${made.client_secret}`).toString('base64')}`
    t.match(await token(server, { grant_type: 'client_credentials' }, { authorization }), { status: 401 })
  })

  t.test('takes its tokens along when it goes', async t => {
    const { body: made } = await register(APP, await initial())
    const { answer } = await launch(server, { changes: { client_id: made.client_id, scope: 'patient/Patient.read' } })
    const form = { redirect_uri: REDIRECT, code: answer.searchParams.get('code') ?? '', code_verifier: VERIFIER }
    await token(server, { grant_type: 'authorization_code', client_id: made.client_id, ...form })
    const count = async () => (await server.pool.query('select from revoked_token')).rows.length
    const before = await count()
    await send(made.registration_client_uri, 'DELETE', made.registration_access_token)
    t.equal(await count(), before + 1, 'every process refuses its access token')
  })

  t.test('needs an initial access token, which is good once and not for ever', async t => {
    verifies('smart-2.2', 'SAL-1024')
    for (const bearer of [undefined, 'unknown', await initial(MOST, -1)]) {
      const refused = await register(APP, bearer)
      t.match(refused, { status: 401, body: { error: 'invalid_token', client_id: undefined } }, String(bearer))
      t.match(refused.headers.get('www-authenticate'), /^Bearer /)
    }
    const once = await initial()
    const answers = await eight(() => register(APP, once))
    t.equal(answers.filter(({ status }) => status === 201).length, 1)
    const { body } = await launchAndRedeem(server)
    t.equal((await register(APP, body.access_token)).status, 401, 'an access token is none')
  })

  t.test('is told what is wrong with what it says, and can try again', async t => {
    verifies('smart-2.2', 'SAL-18', 'SAL-1019', 'SAL-1020')
    const bearer = await initial()
    const app = (changes: object) => ({ ...APP, ...changes })
    for (const [body, error, words] of [
      [[], 'invalid_client_metadata', /JSON object/],
      [app({ redirect_uris: ['http://app.example/callback'] }), 'invalid_redirect_uri', /must be https/],
      [app({ redirect_uris: ['https://app.example/*'] }), 'invalid_redirect_uri', /wildcard/],
      [app({ redirect_uris: [] }), 'invalid_redirect_uri', /redirect_uris/],
      [app({ redirect_uris: undefined }), 'invalid_redirect_uri', /redirect_uris/],
      [app({ post_logout_redirect_uris: ['javascript:alert(1)'] }), 'invalid_redirect_uri', /must be https/],
      [app({ grant_types: ['client_credentials'] }), 'invalid_client_metadata', /administrator/],
      [app({ response_types: ['token'] }), 'invalid_client_metadata', /code only/],
      [
        app({ token_endpoint_auth_method: 'client_secret_post' }),
        'invalid_client_metadata',
        /token_endpoint_auth_method/,
      ],
      [app({ token_endpoint_auth_method: 'private_key_jwt' }), 'invalid_client_metadata', /jwks/],
      [app({ jwks_uri: 'http://app.example/jwks' }), 'invalid_client_metadata', /jwks_uri must be https/],
      [
        app({ jwks: { keys: [{ kty: 'EC', crv: 'P-384', x: 'a', y: 'b', d: 'c' }] } }),
        'invalid_client_metadata',
        /JSON Web Key Set/,
      ],
      [app({ client_name: 'x'.repeat(101) }), 'invalid_client_metadata', /client_name/],
      [app({ client_name: 'App\u202Egpj' }), 'invalid_client_metadata', /client_name/],
      [app({ scope: 'system/*.rs __launch' }), 'invalid_client_metadata', /scope/],
      [app({ scope: { toString: 1 } }), 'invalid_client_metadata', /scope must be a text/],
    ] as const) {
      const refused = await register(body, bearer)
      t.match(refused, { status: 400, body: { error, error_description: words } }, JSON.stringify(body))
    }
    const broken = await register('{', bearer)
    t.match(broken, { status: 400, body: { error: 'invalid_request' } })
    t.equal((await register(APP, bearer)).status, 201, 'the token is still good')
  })

  t.test('gets no more scopes than its token is for, and none when it changes itself', async t => {
    const { body } = await register({ ...APP, scope: 'patient/*.cruds user/*.rs' }, await initial())
    t.equal(body.scope, 'patient/*.rs')
    const all = await register({ ...APP, scope: undefined }, await initial())
    t.equal(all.body.scope, MOST)
    const { client_id } = body
    const wider = await send(body.registration_client_uri, 'PUT', body.registration_access_token, {
      ...APP,
      client_id,
      scope: `${MOST} offline_access`,
    })
    t.equal(wider.body.scope, 'patient/*.rs patient/Appointment.rs', 'which says no more than the first')
  })

  t.test('may have its keys at an address, inside the hospital where that was approved', async t => {
    verifies('smart-2.2', 'SAL-22', 'SAL-296', 'SAL-297')
    const asymmetric = { ...APP, token_endpoint_auth_method: 'private_key_jwt' }
    for (const jwks_uri of ['https://app.example/jwks', 'http://10.1.2.3:8080/jwks']) {
      t.match(await register({ ...asymmetric, jwks_uri }, await initial()), { status: 201, body: { jwks_uri } })
    }
    const { d: _private, ...key } = server.engineKey
    t.equal((await register({ ...asymmetric, jwks: { keys: [key] } }, await initial())).status, 201)
  })

  t.test('may do so from a page of any origin', async t => {
    const origin = 'https://app.example'
    for (const bearer of [await initial(), 'unknown']) {
      const { headers } = await register(APP, bearer, { origin })
      t.equal(headers.get('access-control-allow-origin'), origin)
    }
    const preflight = await server.get(`${BASE}/oauth2/register`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    })
    t.equal(preflight.status, 204)
    t.equal(preflight.headers.get('access-control-allow-origin'), origin)
    t.match(preflight.headers.get('access-control-allow-headers'), 'authorization')
  })

  t.test('may use a strict library', async t => {
    const via = { [oauth.customFetch]: (url: string, init: object) => server.get(url, init as RequestInit) }
    const issuer = new URL(`${BASE}/oauth2`)
    const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, via))
    const options = { ...via, initialAccessToken: await initial() }
    const response = await oauth.dynamicClientRegistrationRequest(
      as,
      { ...APP, token_endpoint_auth_method: 'client_secret_basic' },
      options,
    )
    const client = await oauth.processDynamicClientRegistrationResponse(response)
    t.match(client, { client_id: /./, client_secret: /./, client_secret_expires_at: 0 })
  })
})

t.test('a redirect URI is fully specified, and leads to a site, to the own machine or to an app', async t => {
  for (const uri of [
    'https://app.example/callback',
    'http://localhost:3000/cb',
    'http://[::1]/cb',
    'org.example.app:/cb',
  ])
    t.equal(redirectFault(uri), undefined, uri)
  for (const uri of [
    'http://app.example/',
    'https://user@app.example/',
    'https://app.example/#x',
    'https://*.app.example/',
    ' https://app.example/',
    'app:/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    '/callback',
    '',
  ])
    t.ok(redirectFault(uri), uri)
})
