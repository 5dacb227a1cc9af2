import type { Bundle, Observation, Patient } from 'fhir/r4.js'
import smart from 'fhirclient'
import type { fhirclient } from 'fhirclient/lib/types.js'
import t from 'tap'
import { demoServer } from '../support/demo.ts'
import { engineToken, patientToken } from '../support/token.ts'

// What SMART's client library does with data, once it has a token: fhirclient-node.test.ts has how it gets one.

const server = await demoServer(t)
const serverUrl = `${server.baseUrl}/fhir`
const MRN = 'https://fhir.example-trust.nhs.uk/Id/mrn'

/** A client whose app has got its token already, as it would find it in its session. */
function clientWith(access_token: string, more: fhirclient.JsonObject = {}) {
  const storage = { get: async () => undefined, set: async () => undefined, unset: async () => true }
  const request = { headers: {}, url: '/', socket: {} } as never
  const api = smart(request, {} as never, storage as never)
  return api.client({ serverUrl, tokenResponse: { access_token, ...more } } as never)
}

const engine = clientWith(await engineToken(server))
const alice = clientWith(await patientToken(server, 'alice'), { patient: 'alice' })

const failure = (asked: Promise<unknown>): Promise<{ status: number; message: string }> =>
  asked.then(
    () => t.fail('it did not fail') as never,
    error => error,
  )

const person = (number: string): Patient => ({
  resourceType: 'Patient',
  identifier: [{ system: MRN, value: number }],
  name: [{ family: 'Grey' }],
})

t.test('finds out which version of FHIR it speaks', async t => {
  t.equal(await alice.getFhirVersion(), '4.0.1')
  t.equal(await alice.getFhirRelease(), 4)
})

t.test('creates, updates, patches and deletes', async t => {
  const { body, response } = await engine.create(person('written') as never, { includeResponse: true })
  const { id = '' } = body as Patient
  t.equal(response.status, 201)
  t.equal(response.headers.get('location'), `${serverUrl}/Patient/${id}/_history/1`)
  const changed = { ...person('written'), id, gender: 'female' }
  t.match(await engine.update(changed as never), { id, gender: 'female', meta: { versionId: '2' } })
  const patched = await engine.patch(`Patient/${id}`, [{ op: 'replace', path: '/gender', value: 'other' }])
  t.match(patched, { gender: 'other', meta: { versionId: '3' } })
  await engine.delete(`Patient/${id}`)
  t.match(await failure(engine.request(`Patient/${id}`)), { status: 410 })
  t.match(await failure(engine.update(changed as never, { headers: { 'If-Match': 'W/"1"' } })), { status: 412 })
})

t.test('follows the Location of what it was not sent back', async t => {
  const options = {
    url: 'Patient',
    method: 'POST',
    body: JSON.stringify(person('located')),
    headers: { 'content-type': 'application/fhir+json', prefer: 'return=minimal' },
  }
  t.match(await engine.request(options), { resourceType: 'Patient', identifier: [{ value: 'located' }] })
})

t.test('walks through the pages and the resources of a list', async t => {
  const url = 'Appointment?patient=alice&_count=2&_sort=date'
  const pages: number[] = []
  for await (const page of alice.pages(url)) pages.push(page.entry?.length ?? 0)
  t.same(pages, [2, 1])
  const ids: (string | undefined)[] = []
  for await (const { id } of alice.resources(url)) ids.push(id)
  t.same(ids, ['appointment-1', 'appointment-2', 'appointment-3'])
  const limited: (string | undefined)[] = []
  for await (const { id } of alice.resources(url, { limit: 1 })) limited.push(id)
  t.same(limited, ['appointment-1'])
})

t.test('gets what a resource refers to, apart or put into it', async t => {
  const report = await alice.request('DiagnosticReport/electrolytes')
  const references = await alice.getReferences(report, ['result', 'performer'])
  t.same(Object.keys(references).sort(), ['Observation/potassium', 'Observation/sodium', 'Practitioner/dr-shah'])
  await alice.resolveReferences(report, ['result', 'performer.0'])
  t.match(report, { result: [{ id: 'sodium' }, { id: 'potassium' }], performer: [{ id: 'dr-shah' }] })
})

t.test('leaves a reference that leads nowhere as it is', async t => {
  const gone = {
    resourceType: 'Appointment',
    status: 'booked',
    start: '2026-12-01T09:00:00Z',
    end: '2026-12-01T09:30:00Z',
    participant: [
      { actor: { reference: 'Patient/alice' }, status: 'accepted' },
      { actor: { reference: 'Practitioner/gone' }, status: 'accepted' },
    ],
  }
  const { id } = (await engine.create(gone as never)) as { id: string }
  const resolved = await alice.request(`Appointment/${id}`, { resolveReferences: ['participant.1.actor'] })
  t.match(resolved, { participant: [{}, { actor: { reference: 'Practitioner/gone' } }] })
})

t.test('sends batches and transactions', async t => {
  const send = (type: string, entry: object[]) =>
    engine.request<Bundle>({
      url: '/',
      method: 'POST',
      body: JSON.stringify({ resourceType: 'Bundle', type, entry }),
      headers: { 'content-type': 'application/fhir+json' },
    })
  const get = (url: string) => ({ request: { method: 'GET', url } })
  const batch = await send('batch', [get('Patient/alice'), get('Patient/nobody')])
  t.same(
    batch.entry?.map(({ response }) => response?.status.slice(0, 3)),
    ['200', '404'],
  )
  const created = { request: { method: 'POST', url: 'Patient' }, resource: person('in-a-transaction') }
  t.match(await send('transaction', [created]), { entry: [{ response: { status: /^201/ } }] })
})

t.test('calls operations and reads the past', async t => {
  t.match(await alice.request('Patient/alice/$everything'), { resourceType: 'Bundle', type: 'searchset' })
  t.match(await alice.request('Patient/alice/_history'), { type: 'history', entry: { length: 1 } })
  t.match(await alice.request('Patient/alice/_history/1'), { id: 'alice' })
  const validated = await engine.request({
    url: 'Patient/$validate',
    method: 'POST',
    body: JSON.stringify(person('validated')),
    headers: { 'content-type': 'application/fhir+json' },
  })
  t.match(validated, { resourceType: 'OperationOutcome' })
})

t.test('sorts results by their codes, and reads their units', async t => {
  const coded = (code: string, value: number) => ({
    resourceType: 'Observation',
    status: 'final',
    subject: { reference: 'Patient/alice' },
    code: { coding: [{ system: 'http://loinc.org', code }] },
    valueQuantity: { value, unit: 'cm', system: 'http://unitsofmeasure.org', code: 'cm' },
  })
  for (const each of [coded('8302-2', 172), coded('8302-2', 173), coded('8280-0', 90)])
    await engine.create(each as never)
  const found = await alice.request<Observation[]>('Observation?code=8302-2,8280-0', { flat: true, pageLimit: 0 })
  const byCodes = alice.byCodes(found as never, 'code')
  t.equal(byCodes('8302-2').length, 2)
  t.equal(alice.byCode(found as never, 'code')['8280-0']?.length, 1)
  const [{ valueQuantity }] = byCodes('8280-0') as [Observation]
  t.equal(alice.units.cm(valueQuantity as never), 90)
  t.equal(alice.getPath(found[0] as never, 'subject.reference'), 'Patient/alice')
})

t.test('is stopped in the middle, and asks for nothing that it did not want', async t => {
  const abort = new AbortController()
  abort.abort()
  const { message } = await failure(alice.request({ url: 'Patient/alice', signal: abort.signal }))
  t.match(message, /abort/i)
  t.equal(alice.getPatientId(), 'alice')
  t.equal(alice.getEncounterId(), null, 'nobody is at a visit')
})

t.test('reads what is open to everybody without a token', async t => {
  type Open = { fhirRequest(path: string): Promise<unknown> }
  // Its types leave out what its server part has beside the function.
  const { FhirClient } = smart as unknown as { FhirClient: new (url: string) => Open }
  const open = new FhirClient(serverUrl)
  t.match(await open.fhirRequest('metadata'), { resourceType: 'CapabilityStatement' })
  const error = await failure(open.fhirRequest('Patient/alice'))
  t.equal(error.status, 401)
  t.match(error.message, /access token is needed/)
})
