import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { canonical, faults, loaded, profile, unchecked, valueSet } from './packages.ts'

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', ...more })
const extension = (name: string, elements: (Json & { id: string })[]) =>
  profile(name, 'Extension', [{ id: 'Extension.url', fixedUri: canonical(name) }, ...elements], {
    kind: 'complex-type',
  })
const SYSTEM = 'urn:ethnicity'

const definitions = [
  extension('ethnicCategory', [
    { id: 'Extension.extension', max: '0' },
    {
      id: 'Extension.value[x]',
      min: 1,
      type: [{ code: 'CodeableConcept' }],
      binding: { strength: 'required', valueSet: 'http://example.org/ValueSet/ethnicity' },
    },
  ]),
  extension('communication', [
    { id: 'Extension.extension', slicing: { discriminator: [{ type: 'value', path: 'url' }], rules: 'closed' } },
    { id: 'Extension.extension:level', sliceName: 'level', min: 1, max: '1' },
    { id: 'Extension.extension:level.url', fixedUri: 'level' },
    { id: 'Extension.extension:level.value[x]', min: 1, type: [{ code: 'code' }] },
    { id: 'Extension.value[x]', max: '0' },
  ]),
  valueSet('ethnicity', [{ system: SYSTEM, concept: [{ code: 'A' }, { code: 'B' }] }]),
  profile('p', 'Patient', [
    {
      id: 'Patient.extension:ethnicCategory',
      sliceName: 'ethnicCategory',
      max: '1',
      type: [{ code: 'Extension', profile: [canonical('ethnicCategory')] }],
    },
    {
      id: 'Patient.extension:elsewhere',
      sliceName: 'elsewhere',
      max: '1',
      type: [{ code: 'Extension', profile: ['http://example.org/elsewhere|4.0'] }],
    },
  ]),
]
const ethnic = (code: string) => ({
  url: canonical('ethnicCategory'),
  valueCodeableConcept: { coding: [{ system: SYSTEM, code }] },
})

t.test('an extension that a profile names is there as often as it may be, and right inside', async t => {
  const p = await loaded(t, definitions)
  t.same(faults(p, patient({ extension: [ethnic('A'), { url: 'urn:unknown', valueInteger: 1 }] }), 'p'), [])
  t.same(faults(p, patient({ extension: [ethnic('A'), ethnic('B')] }), 'p'), ['Patient.extension'])
  t.same(faults(p, patient({ extension: [ethnic('Z')] }), 'p'), ['Patient.extension[0].valueCodeableConcept'])
  t.same(faults(p, patient({ extension: [{ url: canonical('ethnicCategory'), valueString: 'A' }] }), 'p'), [
    'Patient.extension[0].valueString',
  ])
  t.same(faults(p, patient({ extension: [{ url: canonical('ethnicCategory') }] }), 'p'), ['Patient.extension[0].value'])
})

t.test('an extension whose profile is not loaded is counted, and said to be unchecked', async t => {
  const p = await loaded(t, definitions)
  const other = { url: 'http://example.org/elsewhere', valueString: 'x' }
  t.same(faults(p, patient({ extension: [other] }), 'p'), [])
  t.match(unchecked(p, patient({ extension: [other] }), 'p'), [/elsewhere.*not loaded/])
  t.same(faults(p, patient({ extension: [other, other] }), 'p'), ['Patient.extension'])
})

t.test('an extension that is known is checked wherever it is', async t => {
  const p = await loaded(t, definitions)
  const at = (...inside: Json[]) =>
    patient({
      name: [{ family: 'x', _family: { extension: [{ url: canonical('communication'), extension: inside }] } }],
    })
  const level = { url: 'level', valueCode: 'x' }
  t.same(faults(p, at(level), 'p'), [])
  t.same(faults(p, at({ url: 'other', valueCode: 'x' }, level), 'p'), [
    'Patient.name[0]._family.extension[0].extension[0]',
  ])
  t.same(faults(p, at({ url: 'level', valueString: 'x' }), 'p'), [
    'Patient.name[0]._family.extension[0].extension[0].valueString',
  ])
  t.same(faults(p, at(level, level), 'p'), ['Patient.name[0]._family.extension[0].extension'])
})
