// Values that lack a part: an identifier without its value, a concept in words alone, a reference that only says a name.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, namesOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
const NUMBERS = 'https://trust.example.org/Id/hospital-number'
const SNOMED = 'http://snomed.info/sct'

const observation = (id: string, more: Json): Json => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: 'Weight' },
  subject: { reference: 'Patient/alice' },
  ...more,
})

await store(engine, [
  { resourceType: 'Patient', id: 'alice', identifier: [{ system: NUMBERS, value: 'A1' }] },
  { resourceType: 'Patient', id: 'bob', identifier: [{ system: NUMBERS, type: { text: 'Hospital number' } }] },
  { resourceType: 'Patient', id: 'carol' },
  { resourceType: 'Practitioner', id: 'dr', identifier: [{ system: NUMBERS, value: 'D1' }] },
  observation('plain', { performer: [{ reference: 'Practitioner/dr' }], category: [{ coding: [{ code: 'x' }] }] }),
  observation('named', {
    performer: [{ display: 'Dr Who' }],
    code: { coding: [{ system: SNOMED, display: 'Pulse' }] },
  }),
  observation('numbered', { performer: [{ type: 'Practitioner', identifier: { system: NUMBERS, value: 'D2' } }] }),
  observation('unnumbered', { performer: [{ type: 'Practitioner', identifier: { system: NUMBERS } }] }),
  observation('within', {
    contained: [{ resourceType: 'Practitioner', id: 'in' }],
    performer: [{ reference: '#in' }],
    category: [{ text: 'In words' }],
  }),
  observation('bare', { valueCodeableConcept: { coding: [{ system: SNOMED }, { system: SNOMED, code: '1' }] } }),
  { resourceType: 'Observation', id: 'nobody', status: 'final', code: { text: 'x' }, subject: { display: 'Somebody' } },
])

const ALL = ['bare', 'named', 'numbered', 'plain', 'unnumbered', 'within']
const found = async (path: string, ask = engine): Promise<string[]> => {
  const reply = await ask(`/${path}`)
  if (reply.status !== 200) return [`${reply.status} ${reply.text}`]
  return namesOf(reply, 'match')
    .map(name => name.replace(/^.*\//, ''))
    .sort()
}

t.test('a system alone finds what has that system, also where it has no code or value', async t => {
  verifies('fhir-rest', 'REST-69')
  t.same(await found(`Patient?identifier=${NUMBERS}|`), ['alice', 'bob'])
  t.same(await found(`Patient?identifier:not=${NUMBERS}|`), ['carol'])
  t.same(await found(`Patient?identifier=${NUMBERS}|A1`), ['alice'])
  for (const ask of [engine, alice]) {
    t.same(await found(`Observation?code=${SNOMED}|`, ask), ['named'])
    t.same(await found(`Observation?combo-code=${SNOMED}|`, ask), ['named'])
    t.same(await found(`Observation?value-concept=${SNOMED}|`, ask), ['bare'])
    t.same(await found(`Observation?patient=alice&code:not=${SNOMED}|`, ask), [
      'bare',
      'numbered',
      'plain',
      'unnumbered',
      'within',
    ])
  }
})

t.test('a system alone is enough of an identifier that a reference says or leads to', async t => {
  verifies('fhir-rest', 'REST-70')
  for (const ask of [engine, alice]) {
    t.same(await found(`Observation?performer:identifier=${NUMBERS}|`, ask), ['numbered', 'plain', 'unnumbered'])
    t.same(await found(`Observation?performer:identifier=${NUMBERS}|D2`, ask), ['numbered'])
  }
})

t.test('a concept in words alone is not missing', async t => {
  verifies('fhir-rest', 'REST-76')
  for (const ask of [engine, alice]) {
    t.same(await found('Observation?patient=alice&code:missing=true', ask), [])
    t.same(await found('Observation?patient=alice&code:missing=false', ask), ALL)
    t.same(await found('Observation?patient=alice&combo-code:missing=false', ask), ALL)
    t.same(await found('Observation?category:missing=false', ask), ['plain', 'within'])
  }
  t.same(await found('Patient?identifier:missing=true'), ['carol'])
})

t.test('a reference that says a name, an identifier or something contained is not missing', async t => {
  verifies('fhir-rest', 'REST-76')
  for (const ask of [engine, alice]) {
    t.same(await found('Observation?patient=alice&performer:missing=true', ask), ['bare'])
    t.same(await found('Observation?patient=alice&performer:missing=false', ask), [
      'named',
      'numbered',
      'plain',
      'unnumbered',
      'within',
    ])
  }
  t.same(await found('Observation?subject:missing=true'), [])
  t.same(await found('Observation?patient:missing=true'), ['nobody'], 'it does not say that it is a patient')
})
