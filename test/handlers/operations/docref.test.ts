import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { client, entriesOf, linkOf, namesOf, store } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { auditLines } from '../../support/stored.ts'
import { engineToken, patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const LOINC = 'http://loinc.org'
const SUMMARY = { system: LOINC, code: '34133-9' }
const LETTER = { system: LOINC, code: '83908-4' }
const FORMAT = 'http://example.org/StructureDefinition/summary'

const document = (id: string, patient: string, type: Json, more: Json = {}): Json => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  type: { coding: [type] },
  subject: { reference: `Patient/${patient}` },
  date: '2026-03-01T10:00:00Z',
  content: [{ attachment: { contentType: 'application/pdf', url: 'https://example.org/1.pdf' } }],
  ...more,
})

const during = (start: string, end: string) => ({ context: { period: { start, end } } })

await store(engine, [
  { resourceType: 'Patient', id: 'alice' },
  { resourceType: 'Patient', id: 'dev' },
  document('summary', 'alice', SUMMARY, {
    content: [{ attachment: { url: 'https://example.org/2.xml' }, format: { system: 'urn:x', code: FORMAT } }],
  }),
  document('old-summary', 'alice', SUMMARY, { status: 'superseded', date: '2025-03-01T10:00:00Z' }),
  document('wrong', 'alice', SUMMARY, { status: 'entered-in-error' }),
  document('letter', 'alice', LETTER, during('2024-05-01', '2024-05-09')),
  document('of-dev', 'dev', SUMMARY),
])
const alice = client(s, await patientToken(s, 'alice'))
const ask = (query: string) => alice(`/DocumentReference/$docref?${query}`)
const idsOf = async (query: string) =>
  namesOf(await ask(query))
    .map(name => name.split('/')[1])
    .sort()

t.test('with a patient alone, the documents that are current', async t => {
  verifies('ipa', 'IPA-34', 'IPA-36')
  const reply = await ask('patient=alice')
  t.equal(reply.status, 200)
  t.match(reply.json, { resourceType: 'Bundle', type: 'searchset', total: 2 })
  t.same(namesOf(reply), ['DocumentReference/letter', 'DocumentReference/summary'])
  t.equal(linkOf(reply, 'self'), `${s.baseUrl}/fhir/DocumentReference/$docref?patient=alice`)
})

t.test('by POST with Parameters the same as by GET', async t => {
  verifies('ipa', 'IPA-34', 'IPA-39')
  const parameter = [
    { name: 'patient', valueId: 'alice' },
    { name: 'type', valueCoding: SUMMARY },
    { name: 'on-demand', valueBoolean: false },
  ]
  const body = { resourceType: 'Parameters', parameter }
  const posted = await alice('/DocumentReference/$docref', { method: 'POST', body })
  t.same(namesOf(posted), ['DocumentReference/summary'])
  t.same(await idsOf(`patient=alice&type=${LOINC}|34133-9&on-demand=false`), ['summary'])
  t.same(await idsOf(`patient=alice&type=${LOINC}|34133-9&type=${LOINC}|83908-4`), ['letter', 'summary'])
  t.same(await idsOf('patient=alice&type=34133-9'), ['summary'])
})

t.test('start and end are about the time of care, and then superseded documents count too', async t => {
  verifies('ipa', 'IPA-38')
  t.same(await idsOf('patient=alice&start=2024-05-05&end=2024-05-06'), ['letter'])
  t.same(await idsOf('patient=alice&end=2025-12-31'), ['letter', 'old-summary'])
  t.same(await idsOf('patient=alice&start=2025-12-31T00:00:00Z'), ['summary'])
  t.same(await idsOf('patient=alice&start=2030-01-01'), [])
})

t.test('a profile is that of the content', async t => {
  verifies('ipa', 'IPA-39')
  t.same(await idsOf(`patient=alice&profile=${FORMAT}`), ['summary'])
  t.same(await idsOf('patient=alice&profile=http://example.org/other'), [])
})

t.test('an unknown patient, and one that is not hers, have no documents', async t => {
  verifies('ipa', 'IPA-35')
  const unknown = await ask('patient=nobody')
  t.match(unknown.json, { type: 'searchset', total: 0 })
  t.same(entriesOf(unknown), [])
  const foreign = await ask('patient=dev')
  t.same(entriesOf(foreign), [])
  t.equal(foreign.json.total, 0)
  t.same(namesOf(await engine('/DocumentReference/$docref?patient=dev')), ['DocumentReference/of-dev'])
})

t.test('documents on demand are not generated, and that is said', async t => {
  verifies('ipa', 'IPA-37')
  const reply = await ask('patient=alice&on-demand=true')
  t.equal(reply.json.total, 0)
  t.match(entriesOf(reply), [{ search: { mode: 'outcome' }, resource: { resourceType: 'OperationOutcome' } }])
  t.match(reply.text, 'not generated on demand')
})

t.test('what is missing or wrong is said', async t => {
  verifies('ipa', 'IPA-35')
  for (const [query, text] of [
    ['', 'needs the parameter'],
    ['patient=Patient/alice', 'patient must be an id'],
    ['patient=alice&patient=dev', 'once'],
    ['patient=alice&start=soon', 'start must be'],
    ['patient=alice&on-demand=maybe', 'on-demand must be'],
    ['patient=alice&typ=x', 'Did you mean'],
  ] as const) {
    const reply = await ask(query)
    t.equal(reply.status, 400, query)
    t.match(reply.text, text)
  }
  const scope = client(s, await patientToken(s, 'alice', 'patient/Patient.rs'))
  t.equal((await scope('/DocumentReference/$docref?patient=alice')).status, 403)
  const lenient = await alice('/DocumentReference/$docref?patient=alice&typ=x', {
    headers: { prefer: 'handling=lenient' },
  })
  t.equal(lenient.status, 200)
})

t.test('many documents come in pages, and all that is shown is recorded', async t => {
  const many = Array.from({ length: 150 }, (_, index) => document(`many-${index}`, 'dev', LETTER))
  await store(engine, many)
  const headers = { 'x-request-id': 'many-documents' }
  const first = await engine('/DocumentReference/$docref?patient=dev', { headers })
  const second = await engine(linkOf(first, 'next') ?? '')
  t.equal(linkOf(second, 'next'), undefined)
  t.equal(new Set([...namesOf(first), ...namesOf(second)]).size, 151)
  const line = (await auditLines(s.pool)).find(each => each[1] === 'many-documents')
  t.same(line?.at(-1), { ids: namesOf(first) })
})
