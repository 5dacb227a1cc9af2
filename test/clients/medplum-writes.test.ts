import { MedplumClient, OperationOutcomeError } from '@medplum/core'
import type { Bundle, OperationOutcome, Patient } from 'fhir/r4.js'
import t from 'tap'
import { demoServer } from '../support/demo.ts'
import { engineToken, patientToken } from '../support/token.ts'

// What an integration engine that is built with Medplum's client writes.
//
// `createAttachment` and `createDocumentReference` give back no address, for they take it from an element of Binary that is
// Medplum's own; the address is `Binary/` and the id. `createMedia` needs Media, which is not served. `createPdf` and
// `uploadwithProgress` need a library and a browser, and end in `createBinary`.

const MRN = 'https://fhir.example-trust.nhs.uk/Id/mrn'
const server = await demoServer(t)
const accessToken = await engineToken(server)
const engine = new MedplumClient({ baseUrl: server.baseUrl, fhirUrlPath: 'fhir', accessToken })
const asAlice = await patientToken(server, 'alice')
const alice = new MedplumClient({ baseUrl: server.baseUrl, fhirUrlPath: 'fhir', accessToken: asAlice })

/** The OperationOutcome that the client throws. */
const refusal = (asked: Promise<unknown>): Promise<OperationOutcome> =>
  asked.then(
    () => t.fail('it was not refused') as never,
    error => {
      if (!(error instanceof OperationOutcomeError)) throw error
      return error.outcome as OperationOutcome
    },
  )

type Stored = Patient & { id: string }

/** A Patient with an identifier, as the feed of a hospital sends her. */
const person = (number: string, more: Partial<Patient> = {}): Patient => ({
  resourceType: 'Patient',
  identifier: [{ system: MRN, value: number }],
  name: [{ family: 'Grey' }],
  ...more,
})

const create = (resource: Patient): Promise<Stored> => engine.createResource(resource as never)

t.test('creates a resource, and finds it', async t => {
  t.same(await engine.searchResources('Patient', `identifier=${MRN}|created`), [])
  const { id, meta } = await create(person('created'))
  t.match(meta, { versionId: '1' })
  const found = await engine.searchOne('Patient', `identifier=${MRN}|created`, { cache: 'reload' })
  t.equal(found?.id, id)
})

t.test('creates what is not there yet, and gets what is', async t => {
  const made = (number: string) =>
    engine.createResourceIfNoneExist(person(number) as never, `identifier=${MRN}|${number}`) as Promise<Stored>
  const first = await made('once')
  t.equal((await made('once')).id, first.id)
  const several = await Promise.all(Array.from({ length: 8 }, () => made('at-once')))
  t.equal(new Set(several.map(({ id }) => id)).size, 1)
  await create(person('twice'))
  await create(person('twice'))
  t.match(await refusal(made('twice')), { issue: [{ code: 'multiple-matches' }] })
})

t.test('updates a resource, and is given its cached copy anew', async t => {
  const made = await create(person('updated'))
  await engine.readResource('Patient', made.id)
  const updated = await engine.updateResource({ ...made, birthDate: '1990-02-01' } as never)
  t.match(updated, { birthDate: '1990-02-01', meta: { versionId: '2' } })
  t.match(await engine.readResource('Patient', made.id), { birthDate: '1990-02-01' })
  t.match(await engine.updateResource(updated), { meta: { versionId: '2' } }, 'the same again is no new version')
  const stale = { headers: { 'If-Match': 'W/"1"' } }
  const refused = await refusal(engine.updateResource({ ...made, gender: 'female' } as never, stale))
  t.match(refused, { issue: [{ code: 'conflict', diagnostics: /W\/"2"/ }] })
})

t.test('updates by an identifier, whatever the id is', async t => {
  const upsert = (resource: Patient) =>
    engine.upsertResource(resource as never, `identifier=${MRN}|upserted`) as Promise<Stored>
  const made = await upsert(person('upserted'))
  t.match(made, { meta: { versionId: '1' } })
  t.match(await upsert(person('upserted', { gender: 'male' })), {
    id: made.id,
    gender: 'male',
    meta: { versionId: '2' },
  })
})

t.test('patches a part of a resource', async t => {
  const { id } = await create(person('patched'))
  const operations = [
    { op: 'test' as const, path: '/name/0/family', value: 'Grey' },
    { op: 'replace' as const, path: '/name/0/family', value: 'Green' },
  ]
  t.match(await engine.patchResource('Patient', id, operations), {
    name: [{ family: 'Green' }],
    meta: { versionId: '2' },
  })
  const again = await refusal(engine.patchResource('Patient', id, operations))
  t.match(again, { issue: [{ diagnostics: /test "\/name\/0\/family", does not fit/ }] })
})

t.test('deletes a resource, whose history stays', async t => {
  const { id } = await create(person('deleted'))
  t.equal(await engine.deleteResource('Patient', id), undefined)
  t.match(await refusal(engine.readResource('Patient', id)), { issue: [{ code: 'deleted' }] })
  const { entry = [] } = (await engine.readHistory('Patient', id)) as unknown as Bundle
  t.same(
    entry.map(({ request }) => request?.method),
    ['DELETE', 'POST'],
  )
  t.match(await engine.readVersion('Patient', id, '1'), { id, name: [{ family: 'Grey' }] })
  t.equal(await engine.deleteResource('Patient', id), undefined, 'twice is no mistake')
})

t.test('has a resource validated, which is not stored', async t => {
  const right = (await engine.validateResource(person('validated') as never)) as OperationOutcome
  t.match(right.issue, [{ severity: 'information' }])
  const wrong = await engine.validateResource({ ...person('validated'), gender: 'x', colour: 'grey' } as never)
  t.match(wrong, {
    issue: [
      { severity: 'error', code: 'code-invalid', expression: ['Patient.gender'] },
      { severity: 'error', code: 'structure', diagnostics: /colour/ },
    ],
  })
  t.same(await engine.searchResources('Patient', `identifier=${MRN}|validated`), [])
})

t.test('sends a batch, each entry for itself, and a transaction, all or nothing', async t => {
  const batch = (await engine.executeBatch({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: 'Patient/alice' } },
      { request: { method: 'GET', url: 'Patient/nobody' } },
      { request: { method: 'POST', url: 'Patient' }, resource: person('in-a-batch') as never },
    ],
  } as never)) as unknown as Bundle
  t.same(
    batch.entry?.map(({ response }) => response?.status.slice(0, 3)),
    ['200', '404', '201'],
  )
  const transaction = (gender: string) =>
    engine.executeBatch({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          fullUrl: 'urn:uuid:5b3f3f0c-1d1f-4a6c-9d0e-7a1f0a4b9c02',
          request: { method: 'POST', url: 'Patient' },
          resource: person('in-a-transaction'),
        },
        {
          request: { method: 'POST', url: 'Patient' },
          resource: {
            resourceType: 'Patient',
            gender,
            link: [{ other: { reference: 'urn:uuid:5b3f3f0c-1d1f-4a6c-9d0e-7a1f0a4b9c02' }, type: 'seealso' }],
          },
        },
      ],
    } as never)
  t.match(await refusal(transaction('x')), { issue: [{ expression: [/^Bundle\.entry\[1\]/] }] })
  t.same(await engine.searchResources('Patient', `identifier=${MRN}|in-a-transaction`, { cache: 'reload' }), [])
  t.match(await transaction('female'), { type: 'transaction-response', entry: { length: 2 } })
})

t.test('stores files as they are, for whom they are about', async t => {
  for (const [data, contentType] of [
    ['Dear Alice', 'text/plain'],
    [new TextEncoder().encode('%PDF-1.7'), 'application/pdf'],
    [new Blob(['a picture']), 'image/png'],
  ] as const) {
    const binary = await engine.createBinary({ data, contentType, filename: 'a-file' })
    t.match(binary, { resourceType: 'Binary', contentType })
    const text = typeof data === 'string' ? data : await new Blob([data]).text()
    t.equal(await (await engine.download(`Binary/${binary.id}`)).text(), text)
  }
  t.same(await engine.createAttachment({ data: 'x', contentType: 'text/plain', filename: 'x.txt' }), {
    contentType: 'text/plain',
    url: undefined,
    title: 'x.txt',
  })
  const letter = { data: 'x', contentType: 'text/plain', additionalFields: { subject: { reference: 'Patient/alice' } } }
  const { id } = (await engine.createDocumentReference(letter as never)) as unknown as { id: string }
  t.match(await alice.readResource('DocumentReference', id), {
    content: [{ attachment: { contentType: 'text/plain' } }],
  })
})

t.test('writes a comment, which is a message about a resource', async t => {
  const comment = await engine.createComment({ resourceType: 'Patient', id: 'alice' } as never, 'All is well')
  t.match(await alice.readResource('Communication', comment.id), { payload: [{ contentString: 'All is well' }] })
})

t.test('is told what was wrong with what it sent', async t => {
  const wrong = { ...person('wrong'), gender: 'x' } as never
  t.match(await refusal(engine.createResource(wrong)), { issue: [{ expression: ['Patient.gender'] }] })
  const media = { data: 'x', contentType: 'text/plain' }
  t.match(await refusal(engine.createMedia(media)), { issue: [{ code: 'not-found', diagnostics: /Served are/ }] })
  const forbidden = await refusal(alice.createResource(person('of-alice') as never))
  t.match(forbidden, { issue: [{ code: 'forbidden', diagnostics: /patient\/Patient\.c/ }] })
  t.match(await refusal(alice.deleteResource('Patient', 'alice')), { issue: [{ code: 'forbidden' }] })
  t.match(await refusal(alice.readResource('Patient', 'bob')), { issue: [{ code: 'not-found' }] })
})
