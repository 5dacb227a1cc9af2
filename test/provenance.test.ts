// A Provenance is in the record of what it is about, and in no patient's when that is several patients'.
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { client, inTurn, namesOf, store } from './support/client.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'

const s = await server(t, { at: '2026-11-20T10:00:00.000Z' })
const engine = client(s, await engineToken(s))
const WITHHELD = { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code: 'SWTH' }] }

const observation = (id: string, patient: string, more: Json = {}): Json => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'Sodium' },
  subject: { reference: `Patient/${patient}` },
  ...more,
})

const provenance = (id: string, ...targets: string[]): Json => ({
  resourceType: 'Provenance',
  id,
  target: targets.map(reference => ({ reference })),
  recorded: '2026-11-01T10:00:00Z',
  agent: [{ who: { reference: 'Practitioner/dr-shah' } }],
})

await store(engine, [
  { resourceType: 'Practitioner', id: 'dr-shah' },
  { resourceType: 'Patient', id: 'alice' },
  { resourceType: 'Patient', id: 'dev' },
  observation('hers', 'alice'),
  observation('his', 'dev'),
])
const alice = client(s, await patientToken(s, 'alice'))
const dev = client(s, await patientToken(s, 'dev'))
const seen = async (ask: typeof alice, id: string) => (await ask(`/Provenance/${id}`)).status === 200

/** Who of Alice and Dev sees it. */
const seers = async (id: string) =>
  [(await seen(alice, id)) ? 'alice' : '', (await seen(dev, id)) ? 'dev' : ''].filter(Boolean)

t.test('it follows what it is about, whether that was there or comes with it', async t => {
  await store(engine, [
    provenance('about-hers', 'Observation/hers'),
    provenance('about-her', 'Patient/alice'),
    provenance('about-version', 'Observation/hers/_history/1'),
    provenance('about-new', 'Observation/new', 'Practitioner/dr-shah'),
    observation('new', 'alice'),
    provenance('about-shared', 'Practitioner/dr-shah'),
  ])
  for (const id of ['about-hers', 'about-her', 'about-version', 'about-new']) t.same(await seers(id), ['alice'], id)
  t.same(await seers('about-shared'), [])
  const listed = namesOf(await alice('/Provenance'))
  t.same(
    listed.sort(),
    ['about-her', 'about-hers', 'about-new', 'about-version'].map(id => `Provenance/${id}`),
  )
})

t.test('_revinclude brings it along for the patient, and $everything has it', async t => {
  const reply = await alice('/Observation?patient=alice&_revinclude=Provenance:target')
  t.same(namesOf(reply, 'include').sort(), [
    'Provenance/about-hers',
    'Provenance/about-new',
    'Provenance/about-version',
  ])
  t.same(namesOf(await alice('/Patient?_id=alice&_revinclude=Provenance:target'), 'include'), ['Provenance/about-her'])
  t.same(namesOf(await dev('/Observation?patient=dev&_revinclude=Provenance:target'), 'include'), [])
  t.ok(namesOf(await alice('/Patient/alice/$everything')).includes('Provenance/about-hers'))
})

t.test('what is about two patients is shown to neither, and an engine finds it by the one it names', async t => {
  await store(engine, [
    provenance('about-both', 'Observation/hers', 'Observation/his'),
    provenance('about-her-and-his', 'Patient/alice', 'Observation/his'),
  ])
  t.same(await seers('about-both'), [])
  t.same(await seers('about-her-and-his'), [])
  t.ok(await seen(engine, 'about-both'))
  t.ok(namesOf(await engine('/Provenance?patient=alice')).includes('Provenance/about-her-and-his'))
  await store(engine, [provenance('about-both', 'Observation/hers')])
  t.same(await seers('about-both'), ['alice'])
})

t.test('what is about two patients stays so when the result of one of them is deleted', async t => {
  await store(engine, [
    observation('of-hers', 'alice'),
    observation('of-his', 'dev'),
    provenance('one-deleted', 'Observation/of-hers', 'Observation/of-his'),
    provenance('alone', 'Observation/of-his'),
  ])
  await engine('/Observation/of-his', { method: 'DELETE' })
  await store(engine, [observation('of-hers', 'alice', { status: 'amended' })])
  t.same(await seers('one-deleted'), [], 'when the other result is written again')
  await store(engine, [provenance('one-deleted', 'Observation/of-his', 'Observation/of-hers')])
  t.same(await seers('one-deleted'), [], 'when it is sent again itself')
  await store(engine, [{ ...provenance('alone', 'Observation/of-his'), occurredDateTime: '2026-11-02' }])
  t.same(await seers('alone'), ['dev'], 'what is about his alone stays his')
  await store(engine, [observation('of-his', 'alice')])
  t.same(await seers('one-deleted'), ['alice'], 'whose it is when it is there again counts')
})

t.test('what is about hers and something that is not known yet is shown when that is known to be hers', async t => {
  await store(engine, [provenance('half-known', 'Observation/hers', 'Observation/unknown')])
  t.same(await seers('half-known'), [])
  await store(engine, [observation('unknown', 'alice')])
  t.same(await seers('half-known'), ['alice'])
  await store(engine, [provenance('of-a-place', 'Observation/hers', 'Location/unknown')])
  t.same(await seers('of-a-place'), ['alice'], 'what is nobody’s need not be known')
})

t.test('what is about hers and a patient of another server is not shown to her', async t => {
  await store(engine, [
    provenance('and-elsewhere', 'Observation/hers', 'https://other.example.org/fhir/Patient/9'),
    provenance('and-a-device', 'Observation/hers', 'https://other.example.org/fhir/Device/9'),
  ])
  t.same(await seers('and-elsewhere'), [])
  t.same(await seers('and-a-device'), ['alice'])
  await store(engine, [observation('hers', 'alice', { status: 'amended' })])
  t.same(await seers('and-elsewhere'), [], 'nor when hers is written again')
})

t.test('it comes before what it is about, and then goes where that goes', async t => {
  await store(engine, [provenance('early', 'Observation/late')])
  t.same(await seers('early'), [])
  await store(engine, [observation('late', 'alice')])
  t.same(await seers('early'), ['alice'])
  await store(engine, [observation('late', 'dev')])
  t.same(await seers('early'), ['dev'])
  t.same(namesOf(await alice('/Provenance?target=Observation/late')), [])
})

t.test('it waits for a patient who arrives later, as what it is about does', async t => {
  const nhs = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' }
  await store(engine, [
    observation('waiting', '', { subject: { identifier: nhs, type: 'Patient' } }),
    provenance('about-waiting', 'Observation/waiting'),
  ])
  t.same(await seers('about-waiting'), [])
  await store(engine, [{ resourceType: 'Patient', id: 'dev', identifier: [nhs] }])
  t.same(await seers('about-waiting'), ['dev'])
})

t.test('it is not shown before what it is about is released', async t => {
  await store(engine, [
    observation('withheld', 'alice', { meta: WITHHELD }),
    provenance('about-withheld', 'Observation/withheld'),
    observation('reported', 'alice'),
    provenance('about-reported', 'Observation/reported'),
  ])
  const report = (more: Json): Json => ({
    resourceType: 'DiagnosticReport',
    id: 'report',
    status: 'final',
    code: { text: 'Blood' },
    subject: { reference: 'Patient/alice' },
    result: [{ reference: 'Observation/reported' }],
    ...more,
  })
  t.same(await seers('about-withheld'), [])
  t.same(await seers('about-reported'), ['alice'])
  await store(engine, [observation('withheld', 'alice'), report({ meta: WITHHELD })])
  t.same(await seers('about-withheld'), ['alice'])
  t.same(await seers('about-reported'), [], 'its result went with the report')
  await engine('/DiagnosticReport/report', { method: 'DELETE' })
  t.same(await seers('about-reported'), ['alice'], 'and is free without it')
  await store(engine, [
    observation('withheld', 'alice', { meta: WITHHELD }),
    provenance('about-both', 'Observation/withheld', 'Observation/hers'),
    { ...provenance('withheld-itself', 'Observation/hers'), meta: WITHHELD },
  ])
  t.same(await seers('about-both'), [], 'nor before any of them is')
  t.same(await seers('withheld-itself'), [], 'nor when it is withheld itself')
})

t.test('written at the same time as what it is about, neither misses the other', async t => {
  const wrong: string[] = []
  await inTurn(
    Array.from({ length: 12 }, (_, index) => index),
    async index => {
      const at = `Observation/race-${index}`
      await Promise.all([
        engine(`/${at}`, { method: 'PUT', body: observation(`race-${index}`, 'alice') }),
        engine(`/Provenance/race-${index}`, { method: 'PUT', body: provenance(`race-${index}`, at) }),
      ])
      if (!(await seen(alice, `race-${index}`))) wrong.push(at)
    },
  )
  t.same(wrong, [])
})
