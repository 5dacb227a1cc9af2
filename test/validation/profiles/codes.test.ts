import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { codeLists, hasCode } from '../../../src/validation/profiles/codes.ts'
import { canonical, faults, loaded, profile, unchecked, valueSet } from './packages.ts'

const url = (name: string) => `http://example.org/ValueSet/${name}`
const byUrl = (all: readonly Json[]) => new Map(all.map(one => [String(one.url), one]))

const codeSystems = [
  {
    resourceType: 'CodeSystem',
    url: 'urn:whole',
    content: 'complete',
    concept: [{ code: 'a', concept: [{ code: 'a1' }] }, { code: 'b' }],
  },
  { resourceType: 'CodeSystem', url: 'urn:part', content: 'fragment', concept: [{ code: 'x' }] },
]
const valueSets = [
  valueSet('named', [{ system: 'urn:s', concept: [{ code: '1' }, { code: '2' }] }]),
  valueSet('whole', [{ system: 'urn:whole' }]),
  valueSet('part', [{ system: 'urn:part' }]),
  valueSet('filtered', [{ system: 'urn:whole', filter: [{ property: 'concept', op: 'regex', value: 'a.*' }] }]),
  valueSet('below', [{ system: 'urn:whole', filter: [{ property: 'concept', op: 'is-a', value: 'a' }] }]),
  valueSet('both', [{ valueSet: [url('whole')], system: 'urn:whole', concept: [{ code: 'a1' }, { code: 'zz' }] }]),
  valueSet('nested', [{ valueSet: [url('named')] }, { valueSet: [url('filtered')] }]),
  valueSet('without', [{ system: 'urn:whole' }], { exclude: [{ system: 'urn:whole', concept: [{ code: 'b' }] }] }),
  valueSet('circle', [{ valueSet: [url('circle')] }, { system: 'urn:s', concept: [{ code: '1' }] }]),
  valueSet('missing', [{ valueSet: [url('nowhere')] }]),
  {
    ...valueSet('expanded', [{ system: 'urn:part' }]),
    expansion: {
      contains: [
        { system: 'urn:part', code: 'x' },
        { system: 'urn:part', abstract: true, code: 'y' },
      ],
    },
  },
]
const codesOf = codeLists({ structures: new Map(), valueSets: byUrl(valueSets), codeSystems: byUrl(codeSystems) })
const has = (name: string, system: string | undefined, code: string) => {
  const codes = codesOf(`${url(name)}|1.0`)
  return codes && hasCode(codes, system, code)
}

t.test('the codes of a value set are listed as far as its systems are known', async t => {
  t.same([has('named', 'urn:s', '1'), has('named', 'urn:s', '3'), has('named', 'urn:t', '1')], [true, false, false])
  t.same([has('whole', 'urn:whole', 'a1'), has('whole', 'urn:whole', 'c')], [true, false])
  t.same([has('named', undefined, '1'), has('named', undefined, '3')], [true, false])
  t.equal(has('part', 'urn:part', 'x'), undefined, 'who has a part of a system cannot list it')
  t.equal(has('filtered', 'urn:whole', 'a1'), undefined)
  t.same([has('below', 'urn:whole', 'a1'), has('below', 'urn:whole', 'b')], [true, false])
  t.equal(has('filtered', 'urn:other', 'a1'), false, 'of another system it surely is not')
  t.equal(codesOf(url('nowhere')), undefined)
})

t.test('value sets include, intersect and exclude each other', async t => {
  t.same(
    [has('both', 'urn:whole', 'a1'), has('both', 'urn:whole', 'b'), has('both', 'urn:whole', 'zz')],
    [true, false, false],
  )
  t.same(
    [has('nested', 'urn:s', '2'), has('nested', 'urn:whole', 'a'), has('nested', 'urn:s', '3')],
    [true, undefined, false],
  )
  t.same([has('without', 'urn:whole', 'a'), has('without', 'urn:whole', 'b')], [true, false])
  t.same([has('circle', 'urn:s', '1'), has('circle', 'urn:s', '2')], [true, undefined])
  t.equal(has('missing', 'urn:s', '1'), undefined)
  t.same([has('expanded', 'urn:part', 'x'), has('expanded', 'urn:part', 'y')], [true, false])
})

t.test('required bindings refuse, extensible ones warn, what cannot be listed is said', async t => {
  const binding = (strength: string, name: string) => ({ binding: { strength, valueSet: url(name) } })
  const p = await loaded(t, [
    ...valueSets,
    ...codeSystems,
    profile('p', 'Patient', [
      { id: 'Patient.maritalStatus', ...binding('required', 'named') },
      { id: 'Patient.language', ...binding('required', 'named') },
      { id: 'Patient.contact.relationship', ...binding('extensible', 'named') },
    ]),
    profile('open', 'Patient', [
      { id: 'Patient.maritalStatus', ...binding('required', 'filtered') },
      { id: 'Patient.contact.relationship', ...binding('required', 'nowhere') },
    ]),
  ])
  const of = (...coding: Json[]) => ({ resourceType: 'Patient', maritalStatus: { coding } })
  const one = { system: 'urn:s', code: '1' }
  t.same(faults(p, of({ system: 'urn:x', code: '9' }, one), 'p'), [])
  t.same(faults(p, of({ system: 'urn:s', code: '9' }), 'p'), ['Patient.maritalStatus'])
  t.same(faults(p, of({ code: '1' }), 'p'), ['Patient.maritalStatus'], 'a coding without its system is none')
  t.same(faults(p, { resourceType: 'Patient', maritalStatus: { text: 'x' } }, 'p'), ['Patient.maritalStatus'])
  t.same(faults(p, { resourceType: 'Patient', language: '2' }, 'p'), [])
  t.same(faults(p, { resourceType: 'Patient', language: '3' }, 'p'), ['Patient.language'])
  const contact = [{ relationship: [{ coding: [{ system: 'urn:s', code: '9' }] }] }]
  const [found] = p.check({ resourceType: 'Patient', contact }, { asked: [canonical('p')] })
  t.match(found?.issues, [{ severity: 'warning', expression: 'Patient.contact[0].relationship[0]' }])
  const both = { ...of({ system: 'urn:whole', code: 'q' }), contact }
  t.same(faults(p, both, 'open'), [])
  t.same(unchecked(p, both, 'open').length, 2)
})
