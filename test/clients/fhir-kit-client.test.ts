import type { Bundle, CapabilityStatement, Observation, Patient } from 'fhir/r4.js'
import { CapabilityTool, Client, type FhirResponse } from 'fhir-kit-client'
import t from 'tap'
import { demoServer } from '../support/demo.ts'
import { engineToken, patientToken } from '../support/token.ts'

// The most used FHIR client of Node, as its README says to use it.

const MRN = 'https://fhir.example-trust.nhs.uk/Id/mrn'
const server = await demoServer(t)
const baseUrl = `${server.baseUrl}/fhir`
const engine = new Client({ baseUrl, bearerToken: await engineToken(server) })
const alice = new Client({ baseUrl, bearerToken: await patientToken(server, 'alice') })

type Refused = { response: { status: number; data: { resourceType: string; issue: { diagnostics: string }[] } } }

/** What the library throws when the server refuses: its error carries the parsed OperationOutcome. */
const refusal = (asked: Promise<unknown>): Promise<Refused['response']> =>
  asked.then(
    () => t.fail('it was not refused') as never,
    (error: Refused) => error.response,
  )

const as = <T>(resource: unknown): T => resource as T
const idsOf = (bundle: unknown): string[] => as<Bundle>(bundle).entry?.map(({ resource }) => resource?.id ?? '') ?? []
type Page = FhirResponse & { link: { relation: string; url: string }[] }
const nextOf = (client: Client, bundle: unknown) => Promise.resolve(client.nextPage({ bundle: as<Page>(bundle) }))
const responseOf = (resource: FhirResponse): Response | undefined => Client.httpFor(resource).response

t.test('finds the endpoints of the authorization server, whichever document comes first', async t => {
  const fresh = new Client({ baseUrl })
  for (let attempt = 0; attempt < 20; attempt++) {
    const { authorizeUrl, tokenUrl } = await fresh.smartAuthMetadata()
    t.equal(authorizeUrl?.href, `${server.baseUrl}/oauth2/authorize`)
    t.equal(tokenUrl?.href, `${server.baseUrl}/oauth2/token`)
  }
})

t.test('reads from the CapabilityStatement what it may do, without a token', async t => {
  const statement = await new Client({ baseUrl: `${baseUrl}/` }).capabilityStatement()
  const tool = new CapabilityTool(statement)
  t.equal(as<CapabilityStatement>(statement).fhirVersion, '4.0.1')
  t.ok(tool.serverCan('transaction'))
  t.ok(tool.serverCan('batch'))
  t.ok(tool.serverCan('search-system'))
  t.ok(tool.resourceCan('Patient', 'vread'))
  t.ok(tool.resourceCan('Patient', 'patch'))
  t.ok(tool.resourceSearch('Observation', 'patient'))
})

t.test('reads a resource and a version of it, by a base with and without a slash at its end', async t => {
  const read = await alice.read({ resourceType: 'Patient', id: 'alice' })
  t.match(read, { resourceType: 'Patient', id: 'alice', meta: { versionId: '1' } })
  t.equal(responseOf(read)?.headers.get('etag'), 'W/"1"')
  t.same(await alice.vread({ resourceType: 'Patient', id: 'alice', version: '1' }), read)
  const slash = new Client({ baseUrl: `${baseUrl}/`, bearerToken: await patientToken(server, 'alice') })
  t.same(await slash.read({ resourceType: 'Patient', id: 'alice' }), read)
})

t.test('searches', async t => {
  const params = { resourceType: 'DiagnosticReport', searchParams: { patient: 'alice', category: 'LAB' } }
  const found = await alice.search(params)
  t.same(idsOf(found).sort(), ['blood-count', 'electrolytes'], 'what is withheld is not there')
  t.match(await engine.search(params), { total: 3 })

  t.test('by a form as by a query', async t => {
    t.same(idsOf(await alice.search({ ...params, options: { postSearch: true } })), idsOf(found))
  })

  t.test('with a parameter more than once, which must all hold', async t => {
    const dates = (date: string[]) => engine.search({ resourceType: 'Appointment', searchParams: { date } })
    t.same(idsOf(await dates(['ge2026-12-02', 'lt2026-12-03'])), ['appointment-2'])
    t.equal(idsOf(await dates(['ge2026-12-01', 'lt2026-12-04'])).length, 3)
  })

  t.test('and follows references and includes within the Bundle', async t => {
    const bundle = await alice.search({
      resourceType: 'DiagnosticReport',
      searchParams: { _id: 'electrolytes', _include: ['DiagnosticReport:result', 'DiagnosticReport:performer'] },
    })
    t.same(idsOf(bundle).sort(), ['dr-shah', 'electrolytes', 'potassium', 'sodium'])
    const included = await alice.resolve({ reference: 'Observation/sodium', context: bundle })
    t.match(as<Observation>(included), { id: 'sodium', valueQuantity: { value: 140 } })
  })

  t.test('page by page, forwards', async t => {
    const options = { resourceType: 'Appointment', searchParams: { patient: 'alice', _count: 1, _sort: 'date' } }
    const pages = [await alice.search(options)]
    for (;;) {
      const next = await nextOf(alice, pages.at(-1))
      if (!next) break
      pages.push(next)
    }
    t.same(pages.flatMap(idsOf), ['appointment-1', 'appointment-2', 'appointment-3'], 'no empty page at the end')
    t.equal(await alice.prevPage({ bundle: as<Page>(pages[1]) }), undefined, 'no page back is offered')
    t.equal((await refusal(nextOf(engine, pages[0]))).status, 400)
  })

  t.test('page by page through a form', async t => {
    const searchParams = { patient: 'alice', _count: 2, _sort: 'date' }
    const first = await alice.search({ resourceType: 'Appointment', searchParams, options: { postSearch: true } })
    const second = await nextOf(alice, first)
    t.same([...idsOf(first), ...idsOf(second)], ['appointment-1', 'appointment-2', 'appointment-3'])
  })
})

t.test('searches a compartment and the system, and follows what has changed', async t => {
  const compartment = { resourceType: 'Patient', id: 'alice' }
  const results = await alice.search({ resourceType: 'Observation', compartment })
  t.same(idsOf(results).sort(), ['haemoglobin', 'potassium', 'sodium'])
  const byForm = await alice.search({ resourceType: 'Observation', compartment, options: { postSearch: true } })
  t.same(idsOf(byForm), idsOf(results))
  const searchParams = { _type: 'DiagnosticReport,Appointment', _sort: '_id' }
  const several = await alice.search({ searchParams })
  t.same(idsOf(several), ['appointment-1', 'appointment-2', 'appointment-3', 'blood-count', 'electrolytes'])
  t.same(idsOf(await alice.search({ searchParams, options: { postSearch: true } })), idsOf(several))
  t.same(idsOf(await alice.history({ resourceType: 'Patient' })), ['alice'])
  const past = idsOf(await alice.history())
  t.ok(past.includes('sodium') && !past.includes('withheld'))
})

t.test('is told what the server does not claim', async t => {
  for (const [status, what, asked] of [
    [404, 'an operation', () => alice.operation({ name: 'merge', resourceType: 'Patient', id: 'alice' })],
    [404, 'a type that is not served', () => alice.read({ resourceType: 'Claim', id: 'a' })],
  ] as const) {
    const { status: answered, data } = await refusal(asked())
    t.equal(answered, status, what)
    t.equal(data.resourceType, 'OperationOutcome', what)
  }
})

t.test('writes', async t => {
  const body = { resourceType: 'Patient', identifier: [{ system: MRN, value: 'new' }], name: [{ family: 'Grey' }] }
  const created = await engine.create({ resourceType: 'Patient', body })
  const { id = '' } = as<Patient>(created)
  t.equal(responseOf(created)?.status, 201)
  t.equal(responseOf(created)?.headers.get('location'), `${baseUrl}/Patient/${id}/_history/1`)

  t.test('a new version, only over the one it knows', async t => {
    const change = { ...created, birthDate: '1990-02-01' }
    const options = { headers: { 'If-Match': 'W/"1"' } }
    const updated = await engine.update({ resourceType: 'Patient', id, body: change, options })
    t.match(updated, { birthDate: '1990-02-01', meta: { versionId: '2' } })
    const late = await refusal(engine.update({ resourceType: 'Patient', id, body: created, options }))
    t.equal(late.status, 412)
    t.match(late.data.issue[0]?.diagnostics, /current version is W\/"2"/)
    t.equal((await refusal(engine.update({ resourceType: 'Patient', id: 'other', body: change }))).status, 400)
  })

  t.test('what is there already, by its identifier', async t => {
    const searchParams = { identifier: `${MRN}|new` }
    const options = { headers: { 'If-None-Exist': `identifier=${encodeURIComponent(`${MRN}|new`)}` } }
    const again = await engine.create({ resourceType: 'Patient', body, options })
    t.equal(responseOf(again)?.status, 200)
    t.match(again, { id, meta: { versionId: '2' } }, 'nothing was made')
    const changed = await engine.update({ resourceType: 'Patient', searchParams, body: { ...body, gender: 'female' } })
    t.match(changed, { id, gender: 'female', meta: { versionId: '3' } })
    const other = { identifier: `${MRN}|nobody` }
    const made = await engine.update({ resourceType: 'Patient', searchParams: other, body })
    t.equal(responseOf(made)?.status, 201)
    t.not(as<Patient>(made).id, id)
    const several = await refusal(engine.update({ resourceType: 'Patient', searchParams, body }))
    t.equal(several.status, 412, 'the other one has the same identifier')
  })

  t.test('a deletion, which the history shows', async t => {
    const deleted = await engine.delete({ resourceType: 'Patient', id })
    t.equal(responseOf(deleted)?.status, 204)
    t.same({ ...deleted }, {}, 'without a body')
    t.equal((await refusal(engine.read({ resourceType: 'Patient', id }))).status, 410)
    t.equal((await refusal(engine.vread({ resourceType: 'Patient', id, version: '4' }))).status, 410)
    const { entry = [] } = as<Bundle>(await engine.history({ resourceType: 'Patient', id }))
    t.same(
      entry.map(({ request }) => request?.method),
      ['DELETE', 'PUT', 'PUT', 'POST'],
    )
    const revived = await engine.update({ resourceType: 'Patient', id, body: { ...body, id } })
    t.match(revived, { meta: { versionId: '5' } })
  })

  t.test('quietly, when it prefers so', async t => {
    const options = { headers: { Prefer: 'return=minimal' } }
    const minimal = await engine.create({ resourceType: 'Patient', body, options })
    t.equal(responseOf(minimal)?.status, 201)
    t.same({ ...minimal }, {})
  })
})

t.test('sends a transaction, whose entries refer to each other', async t => {
  const patient = 'urn:uuid:5b3f3f0c-1d1f-4a6c-9d0e-7a1f0a4b9c01'
  const observation = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'Weight' },
    subject: { reference: patient },
    performer: [{ reference: 'Practitioner/dr-shah' }],
  }
  const body = (status: string) => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { request: { method: 'POST', url: 'Observation' }, resource: { ...observation, status } },
      {
        fullUrl: patient,
        request: { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${MRN}|born-in-a-transaction` },
        resource: { resourceType: 'Patient', identifier: [{ system: MRN, value: 'born-in-a-transaction' }] },
      },
    ],
  })
  const born = () =>
    engine.search({ resourceType: 'Patient', searchParams: { identifier: `${MRN}|born-in-a-transaction` } })

  const { status, data } = await refusal(engine.transaction({ body: body('whatever') }))
  t.equal(status, 422)
  t.match(data.issue[0], { expression: [/^Bundle\.entry\[0\]\.resource\b.*\.status$/] })
  t.match(await born(), { total: 0 }, 'nothing of it was kept')

  const answer = as<Bundle>(await engine.transaction({ body: body('final') }))
  t.equal(answer.type, 'transaction-response')
  t.match(
    answer.entry?.map(({ response }) => response?.status),
    ['201 Created', '201 Created'],
  )
  const [made, person] = answer.entry?.map(({ response }) => response?.location?.split('/_history')[0] ?? '') ?? []
  const stored = await engine.resolve({ reference: made ?? '' })
  t.equal(as<Observation>(stored).subject?.reference, person)
})

t.test('sends a batch, each entry for itself', async t => {
  const get = (url: string) => ({ request: { method: 'GET', url } })
  const body = {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [get('Patient/alice'), get('Patient/nobody'), get('Appointment?patient=alice'), get('Patient?nonsense=1')],
  }
  const answer = as<Bundle>(await alice.batch({ body }))
  t.equal(answer.type, 'batch-response')
  t.same(
    answer.entry?.map(({ response }) => response?.status.slice(0, 3)),
    ['200', '404', '200', '400'],
  )
  t.match(answer.entry?.[0]?.resource, { id: 'alice' })
  t.match(answer.entry?.[1]?.response?.outcome, { resourceType: 'OperationOutcome' })
  t.equal(idsOf(answer.entry?.[2]?.resource).length, 3)
})

t.test('resolves references', async t => {
  const report = await alice.read({ resourceType: 'DiagnosticReport', id: 'electrolytes' })
  const relative = await alice.resolve({ reference: 'Practitioner/dr-shah', context: report })
  t.match(relative, { resourceType: 'Practitioner', id: 'dr-shah' })
  t.same(await alice.resolve({ reference: `${baseUrl}/Practitioner/dr-shah` }), relative)
  const contained = { ...report, contained: [{ resourceType: 'Specimen', id: 's' }] }
  t.match(await alice.resolve({ reference: '#s', context: contained }), { resourceType: 'Specimen' })
})

t.test('gets every refusal as an OperationOutcome that it can parse', async t => {
  const nobody = new Client({ baseUrl })
  const forged = new Client({ baseUrl, bearerToken: 'not-a-token' })
  const narrow = new Client({ baseUrl, bearerToken: await patientToken(server, 'alice', 'patient/Appointment.rs') })
  const body = { resourceType: 'Patient', name: [{ family: 'Grey', colour: 'grey' }] }
  const misspelt = { resourceType: 'Observation', searchParams: { patiant: 'alice' } }
  const xml = { headers: { accept: 'application/fhir+xml' } }
  const post = (type: string, body: string) =>
    engine.request('Patient', { method: 'POST', body, options: { headers: { 'content-type': type } } })
  for (const [status, words, asked] of [
    [401, /access token is needed/, () => nobody.read({ resourceType: 'Patient', id: 'alice' })],
    [401, /not valid/, () => forged.read({ resourceType: 'Patient', id: 'alice' })],
    [403, /patient\/Observation.s/, () => narrow.search({ resourceType: 'Observation' })],
    [403, /patient\/Patient.c/, () => alice.create({ resourceType: 'Patient', body })],
    [404, /There is no/, () => alice.read({ resourceType: 'Patient', id: 'bob' })],
    [404, /There is no/, () => alice.read({ resourceType: 'DiagnosticReport', id: 'withheld' })],
    [400, /Did you mean "patient"/, () => alice.search(misspelt)],
    [400, /colour/, () => engine.create({ resourceType: 'Patient', body })],
    [400, /JSON/i, () => post('application/fhir+json', '{"resourceType":')],
    [415, /fhir\+json/, () => post('application/fhir+xml', '<Patient/>')],
    [406, /Only JSON/, () => alice.request('Patient/alice', { options: xml })],
  ] as const) {
    const { status: answered, data } = await refusal(asked())
    t.equal(answered, status, String(words))
    t.equal(data.resourceType, 'OperationOutcome')
    t.match(data.issue[0]?.diagnostics, words)
  }
})
