// Whose a resource is that names Patients in other ways than by their ids here: no one's who is known, unless it is hers alone.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { type Client, client, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const SYSTEM = 'http://example.org/mrn'
const patient = (id: string): Json => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: SYSTEM, value: `number-of-${id}` }],
})
await store(engine, [patient('alice'), patient('bea')])
const alice = client(s, await patientToken(s, 'alice'))
const bea = client(s, await patientToken(s, 'bea'))
const isSeen = async (ask: Client, name: string) => (await ask(`/${name}`)).status === 200
const seers = async (name: string) =>
  [(await isSeen(alice, name)) ? 'alice' : '', (await isSeen(bea, name)) ? 'bea' : ''].filter(Boolean)

const HER = { reference: 'Patient/alice' }
const numbered = (id: string, more: Json = {}): Json => ({
  type: 'Patient',
  identifier: { system: SYSTEM, value: `number-of-${id}` },
  ...more,
})

/** Ways to name a Patient who is not known here by an id. */
const STRANGERS: Record<string, Json> = {
  'by an identifier that nobody here has': numbered('nobody'),
  'by an NHS number that nobody here has': {
    identifier: { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' },
  },
  'by her name': { type: 'Patient', display: 'Vera Victim' },
  'as one of another server': { reference: 'https://other.example.org/fhir/Patient/9' },
  'as one of another server by an address that does not say it': {
    reference: 'https://other.example.org/people?9',
    type: 'Patient',
  },
  'as contained': { reference: '#her' },
}
const others: Record<string, Json> = {
  'a doctor of another server': { reference: 'https://other.example.org/fhir/Practitioner/9' },
  'a doctor by a number that nobody here has': {
    type: 'Practitioner',
    identifier: { system: 'https://fhir.hl7.org.uk/Id/gmc-number', value: '1234567' },
  },
  'somebody by a number that is no patient’s': { identifier: { system: 'http://example.org/staff', value: '7' } },
  'a contained doctor': { reference: '#him' },
}

const CONTAINED: Readonly<Record<string, Json>> = {
  '#her': { resourceType: 'Patient', id: 'her', name: [{ family: 'Victim' }] },
  '#him': { resourceType: 'Practitioner', id: 'him', name: [{ family: 'Shah' }] },
}
const withContained = (resource: Json, { reference }: Json): Json => {
  const contained = CONTAINED[String(reference)]
  return contained ? { ...resource, contained: [contained] } : resource
}

const appointment = (id: string, ...actors: Json[]): Json => ({
  ...minimal('Appointment', id),
  participant: actors.map(actor => ({ actor, status: 'accepted' })),
})
const schedule = (id: string, actor: Json): Json => ({ ...minimal('Schedule', id), actor: [actor] })

t.test('an appointment of her and of a patient who is not known here is shown to nobody', async t => {
  for (const [way, stranger] of Object.entries(STRANGERS)) {
    await store(engine, [withContained(appointment('two', HER, stranger), stranger)])
    t.same(await seers('Appointment/two'), [], way)
  }
})

t.test('an appointment of her with somebody else than a patient is hers', async t => {
  for (const [who, other] of Object.entries(others)) {
    await store(engine, [withContained(appointment('hers', HER, other), other)])
    t.same(await seers('Appointment/hers'), ['alice'], who)
  }
})

t.test('what is everybody’s is not when it names a patient who is not known here', async t => {
  for (const [way, stranger] of Object.entries(STRANGERS)) {
    const about = { extension: [{ url: 'http://example.org/about', valueReference: stranger }] }
    await store(engine, [
      withContained(schedule('of-one', stranger), stranger),
      withContained({ ...minimal('Practitioner', 'about-one'), ...about }, stranger),
    ])
    t.same(await seers('Schedule/of-one'), [], way)
    t.same(await seers('Practitioner/about-one'), [], way)
  }
  for (const [who, other] of Object.entries(others)) {
    await store(engine, [withContained(schedule('of-all', other), other)])
    t.same(await seers('Schedule/of-all'), ['alice', 'bea'], who)
  }
})

t.test('when she arrives, what waited for her is hers, or of both and so of neither', async t => {
  await store(engine, [
    appointment('of-both', HER, numbered('cyd')),
    schedule('of-cyd', numbered('cyd')),
    appointment('hers-twice', HER, numbered('alice-again')),
  ])
  await store(engine, [patient('cyd')])
  const cyd = client(s, await patientToken(s, 'cyd'))
  t.ok(await isSeen(cyd, 'Schedule/of-cyd'))
  t.same(await seers('Schedule/of-cyd'), [])
  t.notOk(await isSeen(cyd, 'Appointment/of-both'))
  t.same(await seers('Appointment/of-both'), [])
  const numbers = ['alice', 'alice-again'].map(id => ({ system: SYSTEM, value: `number-of-${id}` }))
  await store(engine, [{ ...patient('alice'), identifier: numbers }])
  t.same(await seers('Appointment/hers-twice'), ['alice'], 'that number was hers, too')
})
