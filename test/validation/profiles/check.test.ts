import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { canonical, faults, loaded, profile, unchecked } from './packages.ts'

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', ...more })
const observation = (more: Json = {}): Json => ({ resourceType: 'Observation', status: 'final', code: {}, ...more })

t.test('elements that a profile requires, forbids or limits', async t => {
  const p = await loaded(t, [
    profile('p', 'Patient', [
      { id: 'Patient.name', min: 1, max: '2' },
      { id: 'Patient.name.family', min: 1, maxLength: 5 },
      { id: 'Patient.photo', max: '0' },
      { id: 'Patient.deceased[x]', min: 1 },
    ]),
  ])
  const name = { family: 'Smith' }
  const right = patient({ name: [name], deceasedBoolean: false })
  t.same(faults(p, right, 'p'), [])
  t.same(faults(p, { ...right, name: [{ _family: { extension: [{ url: 'urn:x', valueCode: 'x' }] } }] }, 'p'), [])
  t.same(faults(p, patient(), 'p'), ['Patient.name', 'Patient.deceased'])
  t.same(faults(p, { ...right, name: [name, name, name] }, 'p'), ['Patient.name'])
  t.same(faults(p, { ...right, name: [name, { text: 'x' }] }, 'p'), ['Patient.name[1].family'])
  t.same(faults(p, { ...right, name: [{ family: 'Smithy' }] }, 'p'), ['Patient.name[0].family'])
  t.same(faults(p, { ...right, photo: [{}] }, 'p'), ['Patient.photo'])
})

t.test('what is required below an element that is not there is not missed', async t => {
  const p = await loaded(t, [profile('p', 'Patient', [{ id: 'Patient.contact.name', min: 1 }])])
  t.same(faults(p, patient(), 'p'), [])
  t.same(faults(p, patient({ contact: [{ gender: 'male' }] }), 'p'), ['Patient.contact[0].name'])
})

t.test('fixed values and patterns', async t => {
  const p = await loaded(t, [
    profile('p', 'Observation', [
      { id: 'Observation.code', patternCodeableConcept: { coding: [{ system: 'urn:s', code: 'a' }] } },
      { id: 'Observation.valueQuantity.system', fixedUri: 'http://unitsofmeasure.org' },
      { id: 'Observation.valueQuantity.code', fixedCode: 'mm[Hg]' },
      { id: 'Observation.method', fixedCodeableConcept: { text: 'by hand' } },
    ]),
  ])
  const code = {
    coding: [
      { system: 'urn:t', code: 'b' },
      { system: 'urn:s', code: 'a', display: 'A' },
    ],
  }
  const valueQuantity = { value: 120, system: 'http://unitsofmeasure.org', code: 'mm[Hg]' }
  const right = observation({ code, valueQuantity, method: { text: 'by hand' } })
  t.same(faults(p, right, 'p'), [])
  t.same(faults(p, { ...right, code: { coding: [{ system: 'urn:s', code: 'b' }] } }, 'p'), ['Observation.code'])
  t.same(faults(p, { ...right, valueQuantity: { ...valueQuantity, code: 'kPa' } }, 'p'), [
    'Observation.valueQuantity.code',
  ])
  t.same(faults(p, { ...right, method: { text: 'by hand', id: 'x' } }, 'p'), ['Observation.method'])
})

t.test('a number in a pattern is the same however it is written', async t => {
  const p = await loaded(t, [
    profile('p', 'Observation', [{ id: 'Observation.value[x]', patternQuantity: { value: 5 } }]),
  ])
  t.same(faults(p, observation({ valueQuantity: { value: '\u00005.0' } }), 'p'), [])
  t.same(faults(p, observation({ valueQuantity: { value: '\u00005.1' } }), 'p'), ['Observation.valueQuantity'])
})

t.test('the least and the most that a value may be', async t => {
  const p = await loaded(t, [
    profile('p', 'Patient', [
      { id: 'Patient.birthDate', minValueDate: '1900-01-01', maxValueDate: '2100-01-01' },
      { id: 'Patient.multipleBirth[x]', maxValueInteger: 8 },
    ]),
  ])
  t.same(faults(p, patient({ birthDate: '1990', multipleBirthInteger: 8 }), 'p'), [])
  t.same(faults(p, patient({ birthDate: '1899-12-31', multipleBirthInteger: 9 }), 'p'), [
    'Patient.birthDate',
    'Patient.multipleBirthInteger',
  ])
  t.same(faults(p, patient({ birthDate: '2101-01-01' }), 'p'), ['Patient.birthDate'])
})

t.test('the types of a choice', async t => {
  const p = await loaded(t, [
    profile('p', 'Observation', [{ id: 'Observation.value[x]', type: [{ code: 'Quantity' }, { code: 'string' }] }]),
  ])
  t.same(faults(p, observation({ valueString: 'x' }), 'p'), [])
  t.same(faults(p, observation({ valueInteger: 1 }), 'p'), ['Observation.valueInteger'])
})

t.test('what a reference may lead to, as far as it says so', async t => {
  const targetProfile = ['http://hl7.org/fhir/StructureDefinition/Practitioner', canonical('named')]
  const p = await loaded(t, [
    profile('p', 'Observation', [{ id: 'Observation.subject', type: [{ code: 'Reference', targetProfile }] }]),
    profile('named', 'Patient', [{ id: 'Patient.name', min: 1 }]),
  ])
  const about = (reference: string, ...contained: Json[]) => observation({ subject: { reference }, contained })
  t.same(faults(p, about('Practitioner/1'), 'p'), [])
  t.same(faults(p, about('Patient/1'), 'p'), [])
  t.same(faults(p, about('urn:uuid:c757873d-ec9a-4326-a141-556f43239520'), 'p'), [])
  t.same(faults(p, about('Group/1'), 'p'), ['Observation.subject'])
  t.same(faults(p, about('#a', patient({ id: 'a', name: [{ text: 'x' }] })), 'p'), [])
  t.same(faults(p, about('#a', patient({ id: 'a' })), 'p'), ['Observation.subject'], 'a contained one is looked at')
})

t.test('a profile on a profile asks what both ask', async t => {
  const p = await loaded(t, [
    profile('inner', canonical('outer'), [{ id: 'Patient.gender', min: 1 }], { type: 'Patient' }),
    profile('outer', 'Patient', [{ id: 'Patient.name', min: 1, max: '1' }]),
  ])
  t.same(faults(p, patient(), 'inner'), ['Patient.name', 'Patient.gender'])
  t.same(faults(p, patient(), 'outer'), ['Patient.name'])
})

t.test('a base that is not loaded is stood in for by the snapshot, or is said to be unchecked', async t => {
  const gone = 'http://example.org/StructureDefinition/gone'
  const element = [{ id: 'Patient.name', path: 'Patient.name', min: 1 }]
  const p = await loaded(t, [
    profile('bare', gone, [{ id: 'Patient.gender', min: 1 }], { type: 'Patient' }),
    profile('whole', gone, [{ id: 'Patient.gender', min: 1 }], { type: 'Patient', snapshot: { element } }),
    profile('snapshot', 'Patient', [], { snapshot: { element } }),
  ])
  t.same(faults(p, patient(), 'bare'), ['Patient.gender'])
  t.match(unchecked(p, patient(), 'bare'), [new RegExp(gone)])
  t.same(faults(p, patient(), 'whole'), ['Patient.name'])
  t.same(unchecked(p, patient(), 'whole'), [])
  t.same(faults(p, patient(), 'snapshot'), ['Patient.name'])
})

t.test('profiles that are built on each other in a circle end', async t => {
  const p = await loaded(t, [
    profile('a', canonical('b'), [{ id: 'Patient.name', min: 1 }], { type: 'Patient' }),
    profile('b', canonical('a'), [{ id: 'Patient.gender', min: 1 }], { type: 'Patient' }),
  ])
  t.same(faults(p, patient(), 'a').sort(), ['Patient.gender', 'Patient.name'])
})

t.test('profiles of datatypes are followed', async t => {
  const p = await loaded(t, [
    profile('p', 'Patient', [{ id: 'Patient.address', type: [{ code: 'Address', profile: [canonical('uk')] }] }]),
    profile('uk', 'Address', [{ id: 'Address.postalCode', min: 1 }], { kind: 'complex-type' }),
    profile('either', 'Patient', [
      { id: 'Patient.address', type: [{ code: 'Address', profile: [canonical('uk'), canonical('text')] }] },
    ]),
    profile('text', 'Address', [{ id: 'Address.text', min: 1 }], { kind: 'complex-type' }),
    profile('elsewhere', 'Patient', [
      { id: 'Patient.address', type: [{ code: 'Address', profile: ['http://example.org/x'] }] },
    ]),
  ])
  const at = (...address: Json[]) => patient({ address })
  t.same(faults(p, at({ postalCode: 'LS1 4AP' }, { city: 'Leeds' }), 'p'), ['Patient.address[1].postalCode'])
  t.same(faults(p, at({ postalCode: 'LS1 4AP' }, { text: 'Leeds' }, { city: 'Leeds' }), 'either'), [
    'Patient.address[2]',
  ])
  t.same(faults(p, at({ city: 'Leeds' }), 'elsewhere'), [])
  t.match(unchecked(p, at({ city: 'Leeds' }), 'elsewhere'), [/not loaded/])
})

t.test('invariants are decided by FHIRPath, with their severity', async t => {
  const constraint = (key: string, expression: string, severity = 'error') => [
    { key, severity, human: 'It is so', expression },
  ]
  const p = await loaded(t, [
    profile('p', 'Patient', [
      { id: 'Patient', constraint: constraint('x-1', 'link.exists() implies active.exists()') },
      { id: 'Patient.name', constraint: constraint('x-2', 'family.exists() or text.exists()') },
      { id: 'Patient.gender', constraint: constraint('x-3', "$this != 'unknown'", 'warning') },
    ]),
    profile('far', 'Patient', [{ id: 'Patient.name', constraint: constraint('x-4', 'nonsense(') }]),
  ])
  t.same(faults(p, patient({ name: [{ text: 'x' }] }), 'p'), [])
  t.same(faults(p, patient({ link: [{}], name: [{ text: 'x' }, { given: ['x'] }] }), 'p'), [
    'Patient',
    'Patient.name[1]',
  ])
  const [found] = p.check(patient({ gender: 'unknown' }), { asked: [canonical('p')] })
  t.match(found?.issues, [
    { severity: 'warning', code: 'invariant', expression: 'Patient.gender', text: /It is so \(x-3\)/ },
  ])
  t.same(faults(p, patient({ name: [{ text: 'x' }] }), 'far'), [])
  t.match(unchecked(p, patient({ name: [{ text: 'x' }] }), 'far'), [/x-4/])
})
