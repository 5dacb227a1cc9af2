// Another authorization server issues the tokens: ours is not there, and what may be seen is decided as ever.
import t from 'tap'
import { client, entriesOf, namesOf, store } from './support/client.ts'
import { anotherIssuer, type IssuedClaims, issued, signingKey } from './support/issuer.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { auditLines } from './support/stored.ts'
import { person } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const issuer = await anotherIssuer(t)
const ISSUER = 'https://login.example-trust.nhs.uk/realms/patients'
const AUDIENCE = 'https://records.example-trust.nhs.uk'
const s = await server(t, {
  variables: {
    PORTICO_ISSUER: ISSUER,
    PORTICO_ISSUER_JWKS: `${issuer.url}/jwks`,
    PORTICO_ISSUER_AUTHORIZE: `${ISSUER}/authorize`,
    PORTICO_ISSUER_TOKEN: `${ISSUER}/token`,
    PORTICO_ISSUER_AUDIENCE: AUDIENCE,
    PORTICO_LOG_LEVEL: 'trace',
  },
})
const key = await signingKey('ES256', 'first')
issuer.keys = [key.jwk]
const ENGINE: IssuedClaims = { iss: ISSUER, aud: AUDIENCE, sub: 'engine', client_id: 'engine', scope: 'system/*.cruds' }
const ALICE: IssuedClaims = { ...ENGINE, sub: 'alice', client_id: 'app', scope: 'patient/*.rs', patient: 'alice' }
const as = (token: string) => client(s, token)
const engine = as(await issued(key, ENGINE))
const observation = (id: string, patient: string, more = {}) => ({
  ...giveTo(minimal('Observation', id), patient),
  status: 'final',
  ...more,
})

await store(engine, [
  { resourceType: 'Patient', id: 'alice' },
  { resourceType: 'Patient', id: 'bella' },
  observation('hers', 'alice'),
  observation('not-released', 'alice', { status: 'preliminary' }),
  observation('others', 'bella'),
])
await person(s, 'alice', ['Patient/alice'])
await person(s, 'bob', ['RelatedPerson/bob'])

t.test('a person sees what she reaches here, whatever the issuer says of her', async t => {
  verifies('smart-2.2', 'SAL-1023', 'SAL-119')
  const alice = as(await issued(key, ALICE))
  t.same(namesOf(await alice('/Observation')), ['Observation/hers'], 'what is released of her own')
  t.equal((await alice('/Observation/others')).status, 404)
  const bella = as(await issued(key, { ...ALICE, patient: 'bella' }))
  t.same(namesOf(await bella('/Observation')), [], 'the patient of a token is not believed, she has to be reached')
  const nobody = as(await issued(key, { ...ALICE, sub: 'somebody-from-elsewhere' }))
  t.same(namesOf(await nobody('/Observation')), [], 'nor is a sub that is nobody here')
  const system = as(await issued(key, { ...ALICE, scope: 'system/*.cruds' }))
  t.equal((await system('/Observation')).status, 403, 'a person is no system')
})

t.test('fhirUser is understood as it is written here and with the base, and means nothing from elsewhere', async t => {
  const read = async (fhirUser: string) =>
    (await as(await issued(key, { ...ALICE, scope: 'openid fhirUser', fhirUser }))('/Patient/alice')).status
  t.equal(await read('Patient/alice'), 200)
  t.equal(await read(`${s.baseUrl}/fhir/Patient/alice`), 200)
  t.equal(await read('https://elsewhere.example/fhir/Patient/alice'), 403)
  t.equal(await read('Patient/bella'), 403)
  const elsewhere = await issued(key, { ...ALICE, fhirUser: 'https://elsewhere.example/fhir/Patient/alice' })
  t.equal((await as(elsewhere)('/Patient/alice')).status, 200)
  t.equal((await auditLines(s.pool)).at(-1)?.[4], 'patient', 'she is not recorded as her own proxy')
})

t.test('a proxy reaches by a Consent, and only as long as it is active', async t => {
  const bob = as(await issued(key, { ...ALICE, sub: 'bob', fhirUser: 'RelatedPerson/bob' }))
  const user = as(await issued(key, { ...ALICE, sub: 'bob', scope: 'user/Observation.rs', patient: undefined }))
  t.same(namesOf(await bob('/Observation')), [])
  const consent = (status: string) => ({
    resourceType: 'Consent',
    id: 'for-bob',
    status,
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ text: 'Proxy access' }],
    patient: { reference: 'Patient/alice' },
    policyRule: { text: 'Proxy access policy' },
    provision: {
      type: 'permit',
      actor: [{ role: { text: 'proxy' }, reference: { reference: 'RelatedPerson/bob' } }],
      class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Observation' }],
    },
  })
  await store(engine, [consent('active')])
  t.same(namesOf(await bob('/Observation')), ['Observation/hers'])
  t.same(namesOf(await user('/Observation')), ['Observation/hers'])
  await store(engine, [consent('inactive')])
  t.same(namesOf(await bob('/Observation')), [])
  t.same(namesOf(await user('/Observation')), [])
})

t.test('granular scopes are enforced; those that cannot be give nothing', async t => {
  const limited = as(await issued(key, { ...ALICE, scope: 'patient/Observation.rs?_id=hers' }))
  t.same(namesOf(await limited('/Observation')), ['Observation/hers'])
  t.equal((await limited('/Observation/not-released')).status, 404)
  const odd = as(await issued(key, { ...ALICE, scope: 'patient/Observation.rs?date=ge2000' }))
  t.equal((await odd('/Observation')).status, 403)
})

t.test('every algorithm with two keys is taken', async t => {
  for (const alg of ['RS256', 'RS384', 'ES384', 'PS256']) {
    const other = await signingKey(alg, alg)
    const { fetches } = issuer
    issuer.keys = [...issuer.keys, other.jwk]
    s.clock.set(new Date(s.clock().getTime() + 61_000))
    t.equal((await as(await issued(other, ENGINE))('/Patient/alice')).status, 200, alg)
    t.equal(issuer.fetches, fetches + 1)
  }
})

t.test('a token that is not what it must be is refused', async t => {
  verifies('smart-2.2', 'SAL-96', 'SAL-1021', 'SAL-1022')
  const stranger = await signingKey('ES256', 'first')
  const unknown = await signingKey('ES256', 'unknown')
  const now = Math.floor(Date.now() / 1000)
  const wrong: Record<string, Promise<string>> = {
    'of our own issuer': issued(key, { ...ENGINE, iss: `${s.baseUrl}/oauth2` }),
    'of another issuer': issued(key, { ...ENGINE, iss: `${ISSUER}/` }),
    'of no issuer': issued(key, { ...ENGINE, iss: undefined }),
    'for the FHIR base, which is not the audience here': issued(key, { ...ENGINE, aud: `${s.baseUrl}/fhir` }),
    'for nobody': issued(key, { ...ENGINE, aud: undefined }),
    'an id_token': issued(key, { ...ENGINE, nonce: 'x' }, { typ: 'JWT' }),
    'without a type': issued(key, ENGINE, { typ: undefined }),
    'without a kid': issued(key, ENGINE, { kid: undefined }),
    'signed by a stranger': issued(stranger, ENGINE),
    'signed by an unknown key': issued(unknown, ENGINE),
    'at its end': issued(key, { ...ENGINE, exp: now - 1 }),
    'without an end': issued(key, { ...ENGINE, exp: undefined }),
    'not valid yet': issued(key, { ...ENGINE, nbf: now + 600 }),
    'without the time at which it was issued': issued(key, { ...ENGINE, iat: undefined }),
    'without jti': issued(key, { ...ENGINE, jti: undefined }),
    'without sub': issued(key, { ...ENGINE, sub: undefined }),
    'without client_id': issued(key, { ...ENGINE, client_id: undefined }),
    'bound to a key': issued(key, { ...ENGINE, cnf: { jkt: 'x' } }),
    'with scopes in a list': issued(key, { ...ENGINE, scope: ['system/*.cruds'] }),
  }
  for (const [why, token] of Object.entries(wrong)) {
    const reply = await as(await token)('/Patient/alice')
    t.equal(reply.status, 401, why)
    t.match(reply.headers['www-authenticate'], 'error="invalid_token"', why)
  }
  const [header = '', payload = '', signature = ''] = (await issued(key, ENGINE)).split('.')
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const alg of ['none', 'HS256', 'RS256', 'EdDSA'])
    t.equal(
      (await as(`${encoded({ alg, typ: 'at+jwt', kid: 'first' })}.${payload}.${signature}`)('/Patient')).status,
      401,
    )
  t.equal((await as(`${header}.${payload}.`)('/Patient')).status, 401)
})

t.test('made-up tokens do not make this server ask the issuer again and again', async t => {
  verifies('smart-2.2', 'SAL-1023')
  const stranger = await signingKey('ES256')
  const tokens = await Promise.all(
    Array.from({ length: 30 }, (_, index) => issued(stranger, ENGINE, { kid: `made-up-${index}` })),
  )
  s.clock.set(new Date(s.clock().getTime() + 61_000))
  const { fetches } = issuer
  for (const token of tokens) t.equal((await as(token)('/Patient/alice')).status, 401)
  t.equal(issuer.fetches, fetches + 1)
})

t.test('a token that was let in is refused once its key was taken back', async t => {
  const second = await signingKey('ES256', 'second')
  const token = await issued(key, ENGINE)
  t.equal((await as(token)('/Patient/alice')).status, 200)
  issuer.keys = [second.jwk]
  s.clock.set(new Date(s.clock().getTime() + 61_000))
  t.equal((await as(await issued(second, ENGINE))('/Patient/alice')).status, 200, 'the new key is found')
  t.equal((await as(token)('/Patient/alice')).status, 401)
  issuer.keys = [key.jwk, second.jwk]
  s.clock.set(new Date(s.clock().getTime() + 61_000))
  t.equal((await as(token)('/Patient/alice')).status, 200)
})

t.test('our own authorization server is not there, and discovery leads to the other one', async t => {
  verifies('smart-2.2', 'SAL-1023', 'SAL-1027')
  for (const path of [
    'authorize',
    'token',
    'jwks',
    'register',
    'par',
    'introspect',
    'revoke',
    '.well-known/openid-configuration',
  ])
    t.equal((await fetch(`${s.baseUrl}/oauth2/${path}`)).status, 404, path)
  t.equal((await fetch(`${s.baseUrl}/oauth2/token`, { method: 'POST', body: new URLSearchParams() })).status, 404)
  const answer = await fetch(`${s.baseUrl}/fhir/.well-known/smart-configuration`, { headers: { accept: 'text/html' } })
  t.match(answer.headers.get('content-type'), /^application\/json/)
  t.equal(answer.headers.get('access-control-allow-origin'), '*')
  const configuration = (await answer.json()) as Record<string, unknown>
  t.match(configuration, {
    authorization_endpoint: `${ISSUER}/authorize`,
    token_endpoint: `${ISSUER}/token`,
    code_challenge_methods_supported: ['S256'],
    capabilities: ['permission-patient', 'permission-user', 'permission-v1', 'permission-v2'],
  })
  t.notOk('issuer' in configuration, 'which only who claims OpenID Connect says')
  const statement = (await client(s)('/metadata')).json as {
    rest: { security: { extension: { extension: unknown }[] } }[]
  }
  t.same(statement.rest[0]?.security.extension[0]?.extension, [
    { url: 'authorize', valueUri: `${ISSUER}/authorize` },
    { url: 'token', valueUri: `${ISSUER}/token` },
  ])
})

t.test('a batch of an engine is judged by its scopes', async t => {
  const limited = as(await issued(key, { ...ENGINE, scope: 'system/Observation.r' }))
  const entry = ['Observation/hers', 'Patient/alice'].map(url => ({ request: { method: 'GET', url } }))
  const reply = await limited('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'batch', entry } })
  const statuses = (entriesOf(reply) as unknown as { response: { status: string } }[]).map(
    ({ response }) => response.status,
  )
  t.match(statuses, [/^200/, /^403/])
})

t.test('no token is in the log', async t => {
  t.ok(s.logged.length > 0)
  t.same(
    s.logged.filter(line => line.includes('eyJ')),
    [],
  )
})
