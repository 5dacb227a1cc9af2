import { MedplumClient, type MedplumClientOptions, OperationOutcomeError } from '@medplum/core'
import type { Bundle, Observation, OperationOutcome, Patient } from 'fhir/r4.js'
import t from 'tap'
import { demoServer } from '../support/demo.ts'
import { engineToken, patientToken } from '../support/token.ts'

// What apps that are built with Medplum's client read. medplum-sign-in.test.ts has how they sign in, medplum-writes.test.ts
// what they write.
//
// What works with Medplum's own server only, and is refused here: GraphQL (`graphql`, `requestSchema`, `readResourceGraph`),
// StructureDefinitions (`requestProfileSchema`), bots, agents, mail, FHIRcast, subscriptions, projects and the key-value
// store. `_fields` and `_offset` are not FHIR's: `_elements` and page links do the same here. `$summary` and `$export` are
// standards that we do not serve yet.

const server = await demoServer(t)
const medplum = (options: MedplumClientOptions = {}): MedplumClient =>
  new MedplumClient({ baseUrl: server.baseUrl, fhirUrlPath: 'fhir', ...options })
const engine = medplum({ accessToken: await engineToken(server) })
const aliceToken = await patientToken(server, 'alice')
const alice = medplum({ accessToken: aliceToken })

const idsOf = ({ entry = [] }: Bundle): string[] => entry.map(({ resource }) => resource?.id ?? '')

/** The OperationOutcome that the client throws. */
const refusal = (asked: Promise<unknown>): Promise<OperationOutcome> =>
  asked.then(
    () => t.fail('it was not refused') as never,
    error => {
      if (!(error instanceof OperationOutcomeError)) throw error
      return error.outcome as OperationOutcome
    },
  )

t.test('reads a resource, and what a reference names', async t => {
  const report = await alice.readResource('DiagnosticReport', 'electrolytes')
  t.match(report, { resourceType: 'DiagnosticReport', meta: { versionId: '1' } })
  t.match(await alice.readReference({ reference: 'Practitioner/dr-shah' }), { name: [{ family: 'Shah' }] })
  const results = await Promise.all(report.result.map((each: { reference: string }) => alice.readReference(each)))
  t.same(
    results.map(({ id }: Observation) => id),
    ['sodium', 'potassium'],
  )
  t.match(await medplum({ accessToken: aliceToken, fhirUrlPath: 'fhir/' }).readResource('Patient', 'alice'), {
    id: 'alice',
  })
})

t.test('searches by a text, an object or a list of pairs', async t => {
  for (const query of [
    'patient=alice&_sort=-date&_count=2',
    '?patient=alice&_sort=-date&_count=2',
    { patient: 'alice', _sort: '-date', _count: 2 },
    [
      ['patient', 'alice'],
      ['_sort', '-date'],
      ['_count', '2'],
    ],
    new URLSearchParams({ patient: 'alice', _sort: '-date', _count: '2' }),
  ]) {
    const bundle = await alice.search('Appointment', query as string, { cache: 'reload' })
    t.same(idsOf(bundle as Bundle), ['appointment-3', 'appointment-2'])
  }
  const found = await alice.searchResources('DiagnosticReport', 'category=LAB&_sort=_id')
  t.same(
    found.map(({ id }) => id),
    ['blood-count', 'electrolytes'],
    'what is withheld is not there',
  )
  t.equal(found.bundle.total, 2)
  t.match(await alice.searchOne('Appointment', { _sort: 'date' }), { id: 'appointment-1' })
  t.equal(await alice.searchOne('Appointment', { date: 'lt2020' }), undefined)
  t.match(await engine.search('Observation', 'subject:Patient.birthdate=1975-04-12&_total=accurate&_count=1'), {
    total: 4,
  })
})

t.test('goes from page to page, though it asks each for a size of its own', async t => {
  const sizes: number[] = []
  const ids: string[] = []
  for await (const page of alice.searchResourcePages('Appointment', '_sort=date&_count=1')) {
    sizes.push(page.length)
    ids.push(...page.map(({ id }) => id))
  }
  t.same(ids, ['appointment-1', 'appointment-2', 'appointment-3'])
  t.same(sizes, [1, 2], 'it asks for a thousand at each link')
  for await (const page of alice.searchResourcePages('Appointment', '_sort=date')) t.equal(page.length, 3)
  for await (const _ of alice.searchResourcePages('Appointment', 'date=lt2020')) t.fail('an empty list has no page')
})

t.test('reads a whole record, and what it has in its cache it does not ask for again', async t => {
  const client = medplum({ accessToken: aliceToken, cacheTime: 60_000 })
  let requests = 0
  server.app.server.on('request', () => requests++)
  const record = await client.readPatientEverything('alice')
  t.ok(idsOf(record as Bundle).includes('electrolytes'))
  t.notOk(idsOf(record as Bundle).includes('withheld'))
  t.equal(requests, 1)
  t.match(client.getCached('Observation', 'sodium'), { valueQuantity: { value: 140 } })
  t.match(await client.readResource('DiagnosticReport', 'electrolytes'), { status: 'final' })
  t.match(client.getCachedReference({ reference: 'Practitioner/dr-shah' }), { id: 'dr-shah' })
  t.equal(requests, 1)
  const found = client.search('Appointment', 'patient=alice')
  t.equal(client.search('Appointment', 'patient=alice'), found, 'the same promise')
  await found
  t.equal(requests, 2)
  client.invalidateSearches('Appointment')
  await client.search('Appointment', 'patient=alice', { cache: 'reload' })
  t.equal(requests, 3)
})

t.test('keeps no part of a resource as if it were the whole', async t => {
  const client = medplum({ accessToken: aliceToken, cacheTime: 60_000 })
  const [part] = await client.searchResources('Patient', '_elements=birthDate')
  t.match(part, { birthDate: '1975-04-12', meta: { tag: [{ code: 'SUBSETTED' }] } })
  t.notOk(part?.name)
  t.match(await client.readResource('Patient', 'alice'), { name: [{ family: 'Archer' }] })
})

t.test('asks for several resources in one batch, when it may wait', async t => {
  const client = medplum({ accessToken: aliceToken, autoBatchTime: 20 })
  let requests = 0
  server.app.server.on('request', () => requests++)
  const [person, doctor, appointments, nobody] = await Promise.allSettled([
    client.readResource('Patient', 'alice'),
    client.readReference({ reference: 'Practitioner/dr-shah' }),
    client.searchResources('Appointment', 'patient=alice&date=ge2026-12-02'),
    client.readResource('Patient', 'bob'),
  ])
  t.match(person, { value: { id: 'alice' } })
  t.match(doctor, { value: { id: 'dr-shah' } })
  t.match(appointments, { value: { length: 2 } })
  t.match(nobody, { reason: { message: 'There is no Patient/bob' } })
  t.equal(requests, 1)
})

t.test('reads versions and the history', async t => {
  const history = (await alice.readHistory('Patient', 'alice')) as unknown as Bundle<Patient>
  t.equal(history.type, 'history')
  t.match(await alice.readHistory('Patient', 'alice', { count: 1 }), { entry: [{ resource: { id: 'alice' } }] })
  t.same(await alice.readVersion('Patient', 'alice', '1'), history.entry?.[0]?.resource)
  t.match((await refusal(alice.readVersion('Patient', 'alice', '7'))).issue[0], { code: 'not-found' })
})

t.test('expands a value set', async t => {
  const url = 'http://hl7.org/fhir/ValueSet/administrative-gender'
  const expanded = await alice.valueSetExpand({ url, filter: 'fem' })
  t.match(expanded, { expansion: { contains: [{ code: 'female' }] } })
  t.match(await alice.valueSetExpand({ url, count: 1, offset: 1 }), {
    expansion: { offset: 1, contains: { length: 1 } },
  })
})

t.test('fetches a letter as the file that it is', async t => {
  const binary = await engine.createBinary({
    data: 'Dear Alice',
    contentType: 'text/plain',
    securityContext: { reference: 'Patient/alice' },
  })
  await engine.createResource<{ resourceType: 'DocumentReference' }>({
    resourceType: 'DocumentReference',
    ...{ status: 'current', subject: { reference: 'Patient/alice' } },
    ...{ content: [{ attachment: { url: `Binary/${binary.id}`, contentType: 'text/plain' } }] },
  })
  for (const url of [`Binary/${binary.id}`, alice.fhirUrl('Binary', binary.id)]) {
    const letter = await alice.download(url)
    t.equal(letter.type, 'text/plain')
    t.equal(await letter.text(), 'Dear Alice')
  }
})

t.test('is told what was wrong, in an OperationOutcome that it throws', async t => {
  const narrow = medplum({ accessToken: await patientToken(server, 'alice', 'patient/Appointment.rs') })
  const onlyOnce = { maxRetries: 0 }
  for (const [code, words, asked] of [
    ['not-found', /There is no Patient\/bob/, () => alice.readResource('Patient', 'bob')],
    ['not-found', /There is no DiagnosticReport\/withheld/, () => alice.readResource('DiagnosticReport', 'withheld')],
    ['not-supported', /Did you mean "patient"/, () => alice.search('Observation', 'patiant=alice')],
    ['not-supported', /"_fields"/, () => alice.search('Patient', '_fields=name')],
    ['value', /yesterday/, () => alice.search('Observation', 'date=yesterday')],
    ['forbidden', /patient\/Observation\.s/, () => narrow.search('Observation')],
    ['not-supported', /"_offset"/, () => alice.readHistory('Patient', 'alice', { offset: 1 })],
    ['not-supported', /There is no operation \$/, () => alice.readPatientSummary('alice')],
    ['not-supported', /There is no operation \$/, () => alice.graphql('{ Patient(id: "alice") { id } }')],
    ['not-supported', /There is no operation \$/, () => alice.readResourceGraph('Patient', 'alice', 'all')],
    ['not-supported', /There is no operation \$/, () => engine.bulkExport('', 'Patient', undefined, onlyOnce)],
    ['not-supported', /There is no operation \$/, () => engine.executeBot('a-bot', {})],
    ['not-supported', /There is no operation \$/, () => engine.pushToAgent({ reference: 'Agent/1' }, 'device', 'x')],
  ] as const) {
    const outcome = await refusal(asked())
    t.match(outcome, { resourceType: 'OperationOutcome', issue: [{ code, diagnostics: words }] }, String(words))
  }
})

t.test('is sent away without a token, or with one that is none', async t => {
  let asked = 0
  const onUnauthenticated = () => void asked++
  const forged = medplum({ onUnauthenticated })
  forged.setAccessToken('no-token')
  for (const client of [medplum({ onUnauthenticated }), forged])
    t.match(await refusal(client.readResource('Patient', 'alice')), { issue: [{ code: 'login' }] })
  t.equal(asked, 2)
  forged.setAccessToken(aliceToken)
  t.match(await forged.readResource('Patient', 'alice', { cache: 'reload' }), { id: 'alice' })
})
