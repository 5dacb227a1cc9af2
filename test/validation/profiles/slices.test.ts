import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { canonical, faults, loaded, profile, unchecked, valueSet } from './packages.ts'

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', ...more })
const observation = (more: Json = {}): Json => ({ resourceType: 'Observation', status: 'final', code: {}, ...more })
const by = (type: string, path: string, more: Json = {}) => ({
  slicing: { discriminator: [{ type, path }], rules: 'open', ...more },
})
const NHS = 'https://fhir.nhs.uk/Id/nhs-number'

t.test('slices by value: missing, too many, and with something missing inside', async t => {
  const p = await loaded(t, [
    profile('p', 'Patient', [
      { id: 'Patient.identifier', ...by('value', 'system') },
      { id: 'Patient.identifier:nhsNumber', sliceName: 'nhsNumber', min: 1, max: '1' },
      { id: 'Patient.identifier:nhsNumber.system', min: 1, fixedUri: NHS },
      { id: 'Patient.identifier:nhsNumber.value', min: 1 },
    ]),
  ])
  const nhs = { system: NHS, value: '9000000009' }
  const local = { system: 'urn:x', value: '1' }
  t.same(faults(p, patient({ identifier: [local, nhs] }), 'p'), [])
  t.same(faults(p, patient({ identifier: [local] }), 'p'), ['Patient.identifier'])
  t.same(faults(p, patient({ identifier: [nhs, nhs] }), 'p'), ['Patient.identifier'])
  t.same(faults(p, patient({ identifier: [local, { system: NHS }] }), 'p'), ['Patient.identifier[1].value'])
})

t.test('slices by pattern, of elements below too', async t => {
  const category = { coding: [{ system: 'urn:category', code: 'vital-signs' }] }
  const p = await loaded(t, [
    profile('p', 'Observation', [
      { id: 'Observation.category', ...by('pattern', '$this') },
      { id: 'Observation.category:VSCat', sliceName: 'VSCat', min: 1, patternCodeableConcept: category },
      { id: 'Observation.component', ...by('value', 'code.coding.code') },
      { id: 'Observation.component:systolic', sliceName: 'systolic', min: 1 },
      { id: 'Observation.component:systolic.code.coding.code', min: 1, fixedCode: '8480-6' },
      { id: 'Observation.component:systolic.value[x].code', fixedCode: 'mm[Hg]' },
    ]),
  ])
  const component = (code: string, unit: string) => ({ code: { coding: [{ code }] }, valueQuantity: { code: unit } })
  const systolic = component('8480-6', 'mm[Hg]')
  t.same(faults(p, observation({ category: [category], component: [systolic, component('x', 'y')] }), 'p'), [])
  t.same(faults(p, observation({ component: [component('x', 'y')] }), 'p'), [
    'Observation.category',
    'Observation.component',
  ])
  t.same(faults(p, observation({ category: [category], component: [component('8480-6', 'kPa')] }), 'p'), [
    'Observation.component[0].valueQuantity.code',
  ])
})

t.test('slices by type: of a choice, and of what is in a Bundle', async t => {
  const p = await loaded(t, [
    profile('p', 'Observation', [
      { id: 'Observation.value[x]', ...by('type', '$this', { rules: 'closed' }) },
      { id: 'Observation.value[x]:valueQuantity', sliceName: 'valueQuantity', type: [{ code: 'Quantity' }] },
      { id: 'Observation.value[x]:valueQuantity.unit', min: 1 },
      { id: 'Observation.value[x]:valueString', sliceName: 'valueString', maxLength: 3 },
    ]),
    profile('bundle', 'Bundle', [
      { id: 'Bundle.entry', ...by('type', 'resource') },
      { id: 'Bundle.entry:who', sliceName: 'who', min: 1, max: '1' },
      { id: 'Bundle.entry:who.resource', min: 1, type: [{ code: 'Patient' }] },
    ]),
  ])
  t.same(faults(p, observation({ valueQuantity: { unit: 'mm' } }), 'p'), [])
  t.same(faults(p, observation({ valueQuantity: { value: 1 } }), 'p'), ['Observation.valueQuantity.unit'])
  t.same(faults(p, observation({ valueString: 'long' }), 'p'), ['Observation.valueString'])
  t.same(faults(p, observation({ valueInteger: 1 }), 'p'), ['Observation.valueInteger'], 'closed')
  const bundle = (...entry: Json[]) => ({ resourceType: 'Bundle', type: 'collection', entry })
  t.same(faults(p, bundle({ resource: patient() }, { resource: observation() }), 'bundle'), [])
  t.same(faults(p, bundle({ resource: observation() }), 'bundle'), ['Bundle.entry'])
})

t.test('slices by what is there', async t => {
  const p = await loaded(t, [
    profile('p', 'Patient', [
      { id: 'Patient.telecom', ...by('exists', 'period') },
      { id: 'Patient.telecom:old', sliceName: 'old' },
      { id: 'Patient.telecom:old.period', min: 1 },
      { id: 'Patient.telecom:old.use', min: 1, fixedCode: 'old' },
      { id: 'Patient.telecom:now', sliceName: 'now', max: '1' },
      { id: 'Patient.telecom:now.period', max: '0' },
    ]),
  ])
  const old = { period: { end: '2020' }, use: 'old' }
  t.same(faults(p, patient({ telecom: [old, old, { value: '1' }] }), 'p'), [])
  t.same(faults(p, patient({ telecom: [{ ...old, use: 'home' }] }), 'p'), ['Patient.telecom[0].use'])
  t.same(faults(p, patient({ telecom: [{ value: '1' }, { value: '2' }] }), 'p'), ['Patient.telecom'])
})

t.test('slices by the profile that a value conforms to, in itself or where a reference leads', async t => {
  const p = await loaded(t, [
    profile('p', 'Patient', [
      { id: 'Patient.address', ...by('profile', '$this') },
      {
        id: 'Patient.address:uk',
        sliceName: 'uk',
        max: '1',
        type: [{ code: 'Address', profile: [canonical('uk')] }],
      },
      { id: 'Patient.generalPractitioner', ...by('type', 'resolve()') },
      {
        id: 'Patient.generalPractitioner:surgery',
        sliceName: 'surgery',
        max: '1',
        type: [{ code: 'Reference', targetProfile: ['http://hl7.org/fhir/StructureDefinition/Organization'] }],
      },
    ]),
    profile('uk', 'Address', [{ id: 'Address.country', min: 1, fixedString: 'GBR' }], { kind: 'complex-type' }),
  ])
  const uk = { country: 'GBR' }
  t.same(faults(p, patient({ address: [uk, { country: 'FRA' }, { city: 'x' }] }), 'p'), [])
  t.same(faults(p, patient({ address: [uk, uk] }), 'p'), ['Patient.address'])
  const gp = (...references: string[]) => patient({ generalPractitioner: references.map(reference => ({ reference })) })
  t.same(faults(p, gp('Practitioner/1', 'Organization/1'), 'p'), [])
  t.same(faults(p, gp('Organization/1', 'Organization/2'), 'p'), ['Patient.generalPractitioner'])
})

t.test('slices in slices, and slices of slices', async t => {
  const p = await loaded(t, [
    profile('nested', 'Observation', [
      { id: 'Observation.component', ...by('value', 'code.text') },
      { id: 'Observation.component:a', sliceName: 'a' },
      { id: 'Observation.component:a.code.text', fixedString: 'a' },
      { id: 'Observation.component:a.code.coding', ...by('value', 'system') },
      { id: 'Observation.component:a.code.coding:loinc', sliceName: 'loinc', min: 1 },
      { id: 'Observation.component:a.code.coding:loinc.system', fixedUri: 'http://loinc.org' },
    ]),
    profile('again', 'Patient', [
      { id: 'Patient.identifier', ...by('value', 'system') },
      { id: 'Patient.identifier:nhs', sliceName: 'nhs', ...by('value', 'use') },
      { id: 'Patient.identifier:nhs.system', fixedUri: NHS },
      { id: 'Patient.identifier:nhs/official', sliceName: 'nhs/official', max: '1' },
      { id: 'Patient.identifier:nhs/official.use', fixedCode: 'official' },
      { id: 'Patient.identifier:nhs/official.value', min: 1 },
    ]),
  ])
  const component = (text: string, system: string) => ({ code: { text, coding: [{ system }] } })
  t.same(faults(p, observation({ component: [component('a', 'http://loinc.org'), component('b', 'x')] }), 'nested'), [])
  t.same(faults(p, observation({ component: [component('a', 'x')] }), 'nested'), [
    'Observation.component[0].code.coding',
  ])
  const id = (system: string, use: string, value?: string) => ({ system, use, ...(value ? { value } : {}) })
  t.same(faults(p, patient({ identifier: [id(NHS, 'official', '1'), id(NHS, 'old')] }), 'again'), [])
  t.same(faults(p, patient({ identifier: [id('urn:x', 'official')] }), 'again'), [])
  t.same(faults(p, patient({ identifier: [id(NHS, 'official')] }), 'again'), ['Patient.identifier[0].value'])
  const twice = [id(NHS, 'official', '1'), id(NHS, 'official', '2')]
  t.same(faults(p, patient({ identifier: twice }), 'again'), ['Patient.identifier'])
})

t.test('closed, ordered, and open only at the end', async t => {
  const slices = [
    { id: 'Patient.contact:a', sliceName: 'a' },
    { id: 'Patient.contact:a.gender', fixedCode: 'male' },
    { id: 'Patient.contact:b', sliceName: 'b' },
    { id: 'Patient.contact:b.gender', fixedCode: 'female' },
  ]
  const named = (name: string, more: Json) =>
    profile(name, 'Patient', [{ id: 'Patient.contact', ...by('value', 'gender', more) }, ...slices])
  const p = await loaded(t, [
    named('closed', { rules: 'closed' }),
    named('ordered', { ordered: true }),
    named('end', { rules: 'openAtEnd' }),
  ])
  const of = (...genders: string[]) => patient({ contact: genders.map(gender => ({ gender })) })
  t.same(faults(p, of('female', 'male'), 'closed'), [])
  t.same(faults(p, of('female', 'other'), 'closed'), ['Patient.contact[1]'])
  t.same(faults(p, of('male', 'other', 'female'), 'ordered'), [])
  t.same(faults(p, of('female', 'male'), 'ordered'), ['Patient.contact[1]'])
  t.same(faults(p, of('female', 'male', 'other'), 'end'), [])
  t.same(faults(p, of('other', 'male'), 'end'), ['Patient.contact[1]'])
})

t.test('a profile goes on with the slices of the one it is built on', async t => {
  const p = await loaded(t, [
    profile('outer', 'Patient', [
      { id: 'Patient.identifier', ...by('value', 'system') },
      { id: 'Patient.identifier:nhs', sliceName: 'nhs' },
      { id: 'Patient.identifier:nhs.system', fixedUri: NHS },
    ]),
    profile('inner', canonical('outer'), [{ id: 'Patient.identifier:nhs', sliceName: 'nhs', min: 1 }], {
      type: 'Patient',
    }),
  ])
  t.same(faults(p, patient(), 'outer'), [])
  t.same(faults(p, patient(), 'inner'), ['Patient.identifier'])
})

t.test('slices by a required list of codes, and what of it cannot be told is said', async t => {
  const sliced = (name: string, set: string) =>
    profile(name, 'Observation', [
      { id: 'Observation.category', ...by('value', '$this') },
      {
        id: 'Observation.category:known',
        sliceName: 'known',
        min: 1,
        binding: { strength: 'required', valueSet: `http://example.org/ValueSet/${set}` },
      },
    ])
  const p = await loaded(t, [
    sliced('p', 'listed'),
    sliced('q', 'nowhere'),
    valueSet('listed', [{ system: 'urn:s', concept: [{ code: 'a' }] }]),
  ])
  const of = (code: string) => observation({ category: [{ coding: [{ system: 'urn:s', code }] }] })
  t.same(faults(p, of('a'), 'p'), [])
  t.same(faults(p, of('b'), 'p'), ['Observation.category'])
  t.same(faults(p, of('b'), 'q'), [])
  t.match(unchecked(p, of('b'), 'q'), [/"known" is there/])
})

t.test('elements without ids are placed by their slices', async t => {
  const element = [
    { path: 'Patient' },
    { path: 'Patient.identifier', ...by('value', 'system') },
    { path: 'Patient.identifier', sliceName: 'nhs', min: 1 },
    { path: 'Patient.identifier.system', fixedUri: NHS },
    { path: 'Patient.identifier', sliceName: 'local', max: '0' },
    { path: 'Patient.identifier.system', fixedUri: 'urn:x' },
    { path: 'Patient.gender', min: 1 },
  ]
  const p = await loaded(t, [profile('p', 'Patient', [], { differential: { element } })])
  t.same(faults(p, patient({ identifier: [{ system: NHS }], gender: 'male' }), 'p'), [])
  t.same(faults(p, patient({ identifier: [{ system: 'urn:x' }] }), 'p'), [
    'Patient.identifier',
    'Patient.identifier',
    'Patient.gender',
  ])
})
