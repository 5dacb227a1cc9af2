import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { client, namesOf, store } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { auditLines } from '../../support/stored.ts'
import { engineToken, patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const LOINC = 'http://loinc.org'
const SODIUM = { coding: [{ system: LOINC, code: '2951-2' }] }
const WEIGHT = { coding: [{ system: LOINC, code: '29463-7' }] }
const VITAL = 'http://terminology.hl7.org/CodeSystem/observation-category'

const observation = (id: string, code: Json, day: string, patient = 'alice', category = 'laboratory'): Json => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [{ coding: [{ system: VITAL, code: category }] }],
  code,
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: day,
})

await store(engine, [
  { resourceType: 'Patient', id: 'alice' },
  { resourceType: 'Patient', id: 'dev' },
  observation('sodium-1', SODIUM, '2026-01-01'),
  observation('sodium-2', SODIUM, '2026-02-01'),
  observation('sodium-3', SODIUM, '2026-03-01'),
  observation('weight-1', WEIGHT, '2026-04-01', 'alice', 'vital-signs'),
  observation('weight-2', WEIGHT, '2026-05-01', 'alice', 'vital-signs'),
  observation('told-1', { text: 'Mood' }, '2026-01-05'),
  observation('told-2', { text: 'Mood' }, '2026-01-06'),
  observation('told-3', { text: 'Sleep' }, '2026-01-04'),
  observation('dev-sodium', SODIUM, '2026-06-01', 'dev'),
])
const alice = client(s, await patientToken(s, 'alice'))
const idsOf = async (query: string, ask = alice) =>
  namesOf(await ask(`/Observation/$lastn?${query}`)).map(name => name.split('/')[1])

t.test('the newest of each code, the code with the newest value first', async t => {
  verifies('fhir-rest', 'REST-58')
  t.same(await idsOf('patient=alice'), ['weight-2', 'sodium-3', 'told-2', 'told-3'])
  t.same(await idsOf('max=2&patient=alice'), [
    'weight-2',
    'weight-1',
    'sodium-3',
    'sodium-2',
    'told-2',
    'told-1',
    'told-3',
  ])
  t.same(await idsOf(''), await idsOf('subject=Patient/alice'), 'a patient’s own token means her')
})

t.test('narrowed by the search parameters of Observation', async t => {
  t.same(await idsOf(`patient=alice&category=vital-signs`), ['weight-2'])
  t.same(await idsOf(`patient=alice&code=${LOINC}|2951-2&max=2`), ['sodium-3', 'sodium-2'])
  t.same(await idsOf(`patient=alice&code=${LOINC}|2951-2&date=lt2026-03-01`), ['sodium-2'])
  const parameter = [
    { name: 'max', valuePositiveInt: 1 },
    { name: 'patient', valueReference: { reference: 'Patient/alice' } },
  ]
  const refused = await alice('/Observation/$lastn', {
    method: 'POST',
    body: { resourceType: 'Parameters', parameter },
  })
  t.equal(refused.status, 400, 'search parameters are text')
  const posted = await alice('/Observation/$lastn', {
    method: 'POST',
    body: { resourceType: 'Parameters', parameter: [{ name: 'category', valueString: 'vital-signs' }] },
  })
  t.same(namesOf(posted), ['Observation/weight-2'])
})

t.test('nothing of anybody else, and an engine says whose', async t => {
  t.same(await idsOf('patient=dev'), [])
  t.same(await idsOf('patient=dev', engine), ['dev-sodium'])
  t.equal((await engine('/Observation/$lastn')).status, 400)
  const scope = client(s, await patientToken(s, 'alice', 'patient/Patient.rs'))
  t.equal((await scope('/Observation/$lastn?patient=alice')).status, 403)
})

t.test('what it cannot do is refused', async t => {
  const parameter = [{ name: 'patient', valueReference: { reference: 'Patient/alice' } }]
  const reply = await alice('/Observation/$lastn', { method: 'POST', body: { resourceType: 'Parameters', parameter } })
  t.equal(reply.status, 400)
  t.match(reply.text, /\\"patient\\" is a search parameter here: its value stands in valueString/)
  for (const query of [
    'max=0',
    'max=two',
    'max=1&max=2',
    '_sort=date',
    '_include=Observation:subject',
    '_count=2',
    'kode=1',
  ])
    t.equal((await alice(`/Observation/$lastn?${query}`)).status, 400, query)
})

t.test('what is shown is recorded', async t => {
  const reply = await alice('/Observation/$lastn?patient=alice', { headers: { 'x-request-id': 'last-of-each' } })
  const line = (await auditLines(s.pool)).find(each => each[1] === 'last-of-each')
  const { ids } = (line?.at(-1) ?? { ids: [] }) as { ids: string[] }
  t.same(ids.sort(), namesOf(reply).sort())
})
