import { generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto'
import type { Appointment, DiagnosticReport } from 'fhir/r4.js'
import type { fhirclient } from 'fhirclient/lib/types.js'
import t from 'tap'
import { saveClient } from '../../src/store/clients.ts'
import { demoServer } from '../support/demo.ts'
import { type Client, failure, nodeApp } from '../support/node-app.ts'
import { verifies } from '../support/verifies.ts'

// SMART's own client library as the server part of an app: it listens on an origin of its own and keeps a session.

const server = await demoServer(t)
const app = (params: fhirclient.AuthorizeParams) => nodeApp(t, server, params)
const SCOPE = 'openid fhirUser launch/patient offline_access patient/*.rs'

const tokenOf = (client: Client): string => client.getState('tokenResponse.access_token')

t.test('a public app', async t => {
  const { launch } = await app({ clientId: 'demo-app', scope: SCOPE })
  const client = await launch({ who: 'alice' })

  t.test('knows whose record it has, and who signed in', async t => {
    t.equal(client.patient.id, 'alice')
    t.match(await client.patient.read(), { resourceType: 'Patient', name: [{ family: 'Archer' }] })
    t.equal(client.getFhirUser(), 'Patient/alice')
    t.same([client.getUserType(), client.getUserId()], ['Patient', 'alice'])
    t.match(await client.user.read(), { id: 'alice' })
    t.match(client.getState('tokenResponse'), { scope: SCOPE, token_type: 'Bearer', need_patient_banner: true })
    t.ok(client.getState('codeVerifier'), 'it found S256 in the discovery document')
  })

  t.test('reads page after page', async t => {
    const url = 'Appointment?patient=alice&_count=1&_sort=date'
    const all = await client.request<Appointment[]>(url, { pageLimit: 0, flat: true })
    t.same(
      all.map(({ id }: Appointment) => id),
      ['appointment-1', 'appointment-2', 'appointment-3'],
    )
    let pages = 0
    await client.request(url, { pageLimit: 2, onPage: () => void pages++ })
    t.equal(pages, 2)
  })

  t.test('asks for what is the patient’s, by the parameter that the CapabilityStatement names', async t => {
    for (const [type, found] of [
      ['Observation', 3],
      ['DiagnosticReport', 2],
      ['Communication', 1],
      ['Appointment', 3],
      ['Consent', 1],
    ] as const) {
      const all = await client.patient.request<unknown[]>(type, { pageLimit: 0, flat: true })
      t.equal(all.length, found, type)
    }
  })

  t.test('has references resolved', async t => {
    const fhir = { resolveReferences: ['performer', 'result'] }
    const report = await client.request<DiagnosticReport>('DiagnosticReport/electrolytes', fhir)
    t.match(report, {
      performer: [{ resourceType: 'Practitioner', id: 'dr-shah' }],
      result: [{ id: 'sodium' }, { id: 'potassium' }],
    })
    const apart = { resolveReferences: ['performer', 'result'], graph: false, pageLimit: 0 }
    const { references } = await client.request<{ references: Record<string, unknown> }>(
      'DiagnosticReport?_count=1',
      apart,
    )
    const names = ['Observation/haemoglobin', 'Observation/potassium', 'Observation/sodium', 'Practitioner/dr-shah']
    t.same(Object.keys(references).sort(), names)
  })

  t.test('is refused what it may not do, with words that a developer can use', async t => {
    const { status, message } = await failure(client.create({ resourceType: 'Appointment' } as never))
    t.equal(status, 403)
    t.match(message, /patient\/Appointment\.c/)
    t.match(await failure(client.request('Patient/bob')), { status: 404 })
    t.match(await failure(client.patch('Patient/alice', [{ op: 'remove', path: '/name' }])), {
      status: 403,
    })
  })

  t.test('refreshes by itself, though it names no client', async t => {
    const before = tokenOf(client)
    Object.assign(client.state, { expiresAt: 0 })
    t.match(await client.patient.read(), { id: 'alice' })
    t.not(tokenOf(client), before)
    t.equal(client.patient.id, 'alice', 'the launch context came again')
    const [one, two] = await Promise.all([client.refresh(), client.refresh()])
    t.equal(one, two, 'one request for both')
    t.match(await client.patient.read(), { id: 'alice' })
  })

  t.test('loses its session with a token that was taken back', async t => {
    const body = new URLSearchParams({ token: tokenOf(client), client_id: 'demo-app' })
    await fetch(`${server.baseUrl}/oauth2/revoke`, { method: 'POST', body })
    const error = await failure(client.patient.read())
    t.match(error, { status: 401 })
    t.match(error.message, /Session expired/)
    t.same(client.state.tokenResponse, {})
  })
})

t.test('what the person decides', async t => {
  const { launch } = await app({
    clientId: 'demo-app',
    scope: 'openid fhirUser launch/patient patient/Patient.rs patient/Appointment.rs patient/Observation.rs',
  })

  t.test('comes back as an error when she refuses', async t => {
    await t.rejects(launch({ who: 'alice', deny: true }), /^access_denied: the person did not allow it/)
  })

  t.test('narrows what the app gets', async t => {
    verifies('ipa', 'IPA-14')
    const client = await launch({ who: 'alice', untick: ['patient/Observation.rs'] })
    t.equal(
      client.getState('tokenResponse.scope'),
      'openid fhirUser launch/patient patient/Patient.rs patient/Appointment.rs',
    )
    t.match(await failure(client.patient.request('Observation')), { status: 403 })
    t.match(await client.patient.request('Appointment'), { entry: { length: 3 } })
    t.equal(client.getState('tokenResponse.refresh_token'), undefined)
  })

  t.test('opens the record of somebody he acts for, as far as he may', async t => {
    verifies('ipa', 'IPA-13')
    const client = await launch({ who: 'bob', patient: 'alice' })
    t.equal(client.patient.id, 'alice')
    t.match(await client.patient.read(), { id: 'alice' })
    t.match(await client.user.read(), { resourceType: 'RelatedPerson', id: 'bob-for-alice' })
    t.match(await client.patient.request('Appointment'), { entry: { length: 3 } })
    await t.rejects(
      client.patient.request('Observation'),
      { message: /^403 / },
      'what he does not reach he cannot give',
    )
  })
})

t.test('a confidential app', async t => {
  t.test('with a secret, which it shows at each refresh', async t => {
    const { launch } = await app({ clientId: 'demo-confidential', clientSecret: server.secret, scope: SCOPE })
    const client = await launch({ who: 'alice' })
    t.match(await client.patient.read(), { id: 'alice' })
    await client.refresh()
    t.match(await client.user.read(), { id: 'alice' })
  })

  t.test('with the wrong secret gets nothing', async t => {
    const { launch } = await app({ clientId: 'demo-confidential', clientSecret: 'wrong', scope: SCOPE })
    await t.rejects(launch({ who: 'alice' }), { status: 401, message: /invalid_client/ })
  })

  t.test('with a key, for which the library itself cannot refresh', async t => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const jwk = (key: typeof privateKey): JsonWebKey & { kid: string; alg: string } => ({
      ...key.export({ format: 'jwk' }),
      kid: 'the-key',
      alg: 'ES384',
    })
    await saveClient(server.pool, {
      clientId: 'app-with-a-key',
      name: 'App with a key',
      kind: 'confidential',
      metadata: {
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/callback'],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [jwk(publicKey)] },
      },
      scopes: SCOPE.replace('.rs', '.cruds'),
      secret: undefined,
    })
    const clientPrivateJwk = { ...jwk(privateKey), key_ops: ['sign'] } as never
    const { launch } = await app({ clientId: 'app-with-a-key', clientPrivateJwk, scope: SCOPE })
    const client = await launch({ who: 'alice' })
    t.match(await client.patient.read(), { id: 'alice' })
    await t.rejects(client.refresh(), { message: /invalid_/ }, 'it shows no assertion, and is not believed without')
  })
})

t.test('an app that asks for too much, or wrongly', async t => {
  const unknown = randomUUID()
  for (const [params, words] of [
    [{ clientId: 'demo-app', scope: 'user/Claim.rs system/*.rs' }, /^invalid_scope/],
    [{ clientId: 'demo-app', scope: SCOPE, pkceMode: 'disabled' as const }, /^invalid_request: .*PKCE/],
    [{ clientId: 'demo-app', scope: SCOPE, iss: `${server.baseUrl}/fhir/` }, undefined],
    [{ clientId: unknown, scope: SCOPE }, /^the server stays at: The app could not be connected/],
  ] as const) {
    const { launch } = await app(params as fhirclient.AuthorizeParams)
    const launched = launch({ who: 'alice' })
    if (words) await t.rejects(launched, { message: words }, JSON.stringify(params))
    else t.match(await (await launched).patient.read(), { id: 'alice' }, 'a slash at the end of iss is no mistake')
  }
})
