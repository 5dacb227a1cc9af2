import t from 'tap'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  claimsOf,
  FHIR,
  launch,
  launchAndRedeem,
  REDIRECT,
  redeem,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

const server = await authorizationServer(t)
await server.pool.query(
  `insert into reach values ('RelatedPerson/bob-for-alice', 'alice', '{appointments}', now() - interval '1 day', 'infinity', 'c')`,
)
const headerOf = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString('utf8'))
const refresh = (refresh_token: string, more: Record<string, string> = {}) =>
  token(server, { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token, ...more })

t.test('what is granted comes back to the redirect URI as a code, with the state letter by letter', async t => {
  verifies('smart-2.2', 'SAL-53', 'SAL-56', 'SAL-59')
  for (const state of ['the state/+=& of the app', 'äöü 😀', '%20', 'a b+c', '"<>\\']) {
    const { answer, end } = await launch(server, { changes: { state } })
    t.ok(end.url.startsWith(`${REDIRECT}?`))
    t.match(answer.searchParams.get('code'), /^[\w-]{43}$/)
    t.equal(answer.searchParams.get('state'), state)
  }
})

t.test('a token comes with what SMART says of it, beside it', async t => {
  verifies('smart-2.2', 'SAL-73', 'SAL-74', 'SAL-75', 'SAL-76', 'SAL-78', 'SAL-80', 'SAL-81', 'SAL-91', 'SAL-353')
  const scope = 'openid fhirUser launch/patient offline_access patient/*.rs'
  const { status, headers, body } = await launchAndRedeem(server, { changes: { scope } })
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^application\/json/)
  t.match(body, { token_type: 'Bearer', scope, expires_in: 900 })
  const { exp, iat } = claimsOf(body.access_token)
  t.equal(Number(exp) - Number(iat), body.expires_in, 'what is said is so')
  t.ok(Number(body.expires_in) <= 3600)
  t.ok(body.id_token)
  t.ok(body.refresh_token)
})

t.test('what was asked, allowed and given ends by itself: the page, the consent, and each token of it', async t => {
  await server.get(authorizeUrl())
  await launchAndRedeem(server)
  const { rows } = await server.pool.query<{ model: string; left: number }>(
    'select model, max(extract(epoch from expires_at - now()))::float8 as left from oidc_payload group by model',
  )
  const DAY = 24 * 60 * 60
  const longest = { Interaction: 30 * 60, Session: 30 * 60, Grant: 365 * DAY, RefreshToken: 90 * DAY, AccessToken: 900 }
  for (const [model, seconds] of Object.entries(longest)) {
    const left = rows.find(row => row.model === model)?.left ?? Number.NaN
    t.ok(left <= seconds && left > seconds - 300, `${model}: ${left} seconds`)
  }
})

t.test('a token of less than was asked for says what it is of', async t => {
  verifies('smart-2.2', 'SAL-78', 'SAL-79', 'SAL-145')
  const scope = 'launch/patient offline_access patient/Patient.rs patient/Claim.rs patient/Appointment.cruds'
  const { body } = await launchAndRedeem(server, { changes: { scope }, untick: ['offline_access'] })
  t.same(body.scope, claimsOf(body.access_token).scope)
  t.notMatch(body.scope, /offline_access|Claim|Appointment.cruds/)
  t.match(body.scope, /patient\/Patient.rs/)
  t.notOk(body.refresh_token)
  t.notOk(body.id_token, 'and none that was not asked for')
  const all = await launchAndRedeem(server, {
    changes: { scope: 'patient/*.rs' },
    untick: ['patient/*.rs see messages'],
  })
  t.notMatch(all.body.scope, /\*|Communication/, 'a wildcard of which a part was taken away')
})

t.test('no answer of the token endpoint is kept on the way, errors neither', async t => {
  verifies('smart-2.2', 'SAL-86', 'SAL-87', 'SAL-73')
  const { answer } = await launch(server)
  const code = answer.searchParams.get('code') ?? ''
  const answers = [
    await redeem(server, code),
    await redeem(server, code),
    await refresh('unknown'),
    await token(server, { grant_type: 'password' }),
    await token(server, {}),
    await token(
      server,
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${btoa('demo-confidential:no')}` },
    ),
  ]
  t.same(
    answers.map(({ status }) => status),
    [200, 400, 400, 400, 400, 401],
  )
  for (const { headers, body, status } of answers) {
    t.equal(headers.get('cache-control'), 'no-store')
    t.equal(headers.get('pragma'), 'no-cache')
    t.ok(status === 200 ? body.access_token : body.error)
  }
})

t.test('a refresh that says nothing gives the same again', async t => {
  verifies('smart-2.2', 'SAL-109', 'SAL-111', 'SAL-112', 'SAL-113')
  const first = (await launchAndRedeem(server)).body
  const { status, body } = await refresh(first.refresh_token)
  t.equal(status, 200)
  t.match(body, { token_type: 'Bearer', expires_in: 900, scope: first.scope, patient: 'alice' })
  t.equal(claimsOf(body.access_token).scope, claimsOf(first.access_token).scope)
})

t.test('who the person is comes signed, in an id_token by RS256', async t => {
  verifies('smart-2.2', 'SAL-198', 'SAL-200', 'SAL-203', 'SAL-205', 'SAL-209', 'SAL-210', 'SAL-358', 'SAL-1007')
  const changes = { scope: 'openid fhirUser launch/patient patient/Appointment.rs', nonce: 'n-0S6_WzA2Mj' }
  const { body } = await launchAndRedeem(server, { changes })
  const claims = claimsOf(body.id_token)
  t.match(claims, { iss: `${BASE}/oauth2`, aud: 'demo-app', nonce: changes.nonce, fhirUser: 'Patient/alice' })
  t.match(claims.sub, /^.{1,255}$/)
  t.ok(Number(claims.exp) > Number(claims.iat))
  t.equal(headerOf(body.id_token).alg, 'RS256')
  const jwks = (await (await server.get(`${BASE}/oauth2/jwks`)).json()) as { keys: { kid: string; kty: string }[] }
  t.equal(jwks.keys.find(({ kid }) => kid === headerOf(body.id_token).kid)?.kty, 'RSA')
  const proxy = await launchAndRedeem(server, { who: 'bob', patient: 'alice', changes })
  t.equal(claimsOf(proxy.body.id_token).fhirUser, 'RelatedPerson/bob-for-alice')
  const without = await launchAndRedeem(server, { changes: { scope: 'launch/patient patient/Patient.rs' } })
  t.notOk(without.body.id_token)
})

t.test('whom no resource represents is not said to be one: fhirUser is not granted', async t => {
  verifies('smart-2.2', 'SAL-197')
  await server.pool.query("delete from person_actor where person = 'hana'")
  const { consent, answer } = await launch(server, { who: 'hana', changes: { scope: 'openid fhirUser' } })
  t.notMatch(consent.html, 'Know which person in the hospital')
  const { body } = await redeem(server, answer.searchParams.get('code') ?? '')
  t.equal(body.scope, 'openid')
  t.notOk('fhirUser' in claimsOf(body.id_token))
})

t.test('nothing at all is access_denied, not a token without scopes', async t => {
  verifies('smart-2.2', 'SAL-1003')
  const nothing = await launch(server, { who: 'hana', changes: { scope: 'fhirUser' } })
  t.equal(nothing.answer.searchParams.get('error'), 'access_denied')
  const unticked = await launch(server, { changes: { scope: 'fhirUser' }, untick: ['fhirUser'] })
  t.equal(unticked.answer.searchParams.get('error'), 'access_denied')
  const ungranted = await server.get(authorizeUrl({ scope: 'patient/Claim.rs' }), { redirect: 'manual' })
  t.equal(new URL(ungranted.headers.get('location') ?? '').searchParams.get('error'), 'invalid_scope')
})

t.test('a patient/ scope establishes whose record it is, asked for or not', async t => {
  verifies('smart-2.2', 'SAL-164', 'SAL-165', 'SAL-167')
  const { body } = await launchAndRedeem(server, { changes: { scope: 'patient/Appointment.rs' } })
  t.equal(body.patient, 'alice')
  t.equal(claimsOf(body.access_token).patient, 'alice', 'and that is in the token')
  const proxy = await launchAndRedeem(server, {
    who: 'bob',
    patient: 'alice',
    changes: { scope: 'patient/Appointment.rs' },
  })
  t.equal(proxy.body.patient, 'alice')
})

t.test('a token fits into a header', async t => {
  verifies('smart-2.2', 'SAL-134')
  const types =
    'Appointment Binary CarePlan Communication Condition DiagnosticReport DocumentReference Observation Patient'
  const scope = `openid fhirUser launch/patient offline_access ${types
    .split(' ')
    .map(type => `patient/${type}.rs`)
    .join(' ')}`
  const { body } = await launchAndRedeem(server, { changes: { scope } })
  t.ok(body.access_token.length < 2048, `${body.access_token.length}`)
  t.match(claimsOf(body.access_token), { aud: FHIR, need_patient_banner: undefined })
})
