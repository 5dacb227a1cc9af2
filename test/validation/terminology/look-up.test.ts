import { readFileSync } from 'node:fs'
import t from 'tap'
import { bindingsOf } from '../../../scripts/definitions/bindings.ts'
import { correct } from '../../../scripts/definitions/corrections.ts'
import { distil } from '../../../scripts/definitions/distil.ts'
import { printBindings } from '../../../scripts/definitions/print.ts'
import { readPackage } from '../../../scripts/definitions/source.ts'
import type { Json } from '../../../src/fhir/types.ts'
import { lookUp } from '../../../src/validation/terminology/look-up.ts'

const V3 = 'http://terminology.hl7.org/CodeSystem/v3-MaritalStatus'
const coded = (system: string, code: string): Json => ({ coding: [{ system, code }] })
const textsOf = (resource: Json) =>
  lookUp(resource).issues.map(({ severity, text, expression }) => [severity, expression, text])
const askedOf = (resource: Json) =>
  lookUp(resource).questions.map(({ expression, codings, binding }) => [
    expression,
    codings.map(({ system, code }) => `${system}|${code}`).join(),
    binding?.url,
  ])
const patient = (elements: Json): Json => ({ resourceType: 'Patient', ...elements })

t.test('the committed bindings are what the pinned package gives', async t => {
  const source = correct(readPackage())
  const committed = readFileSync(new URL('../../../definitions/bindings.json', import.meta.url), 'utf8')
  t.ok(printBindings(bindingsOf(source, distil(source).valueSets)) === committed, 'scripts/build-definitions.ts')
  for (const system of ['http://snomed.info/sct', 'http://loinc.org', 'http://dicom.nema.org/resources/ontology/DCM'])
    t.notOk(committed.includes(`"${system}":[`), `no codes of ${system} are passed on`)
})

t.test(
  'a code of an extensible value set is fine, another is a warning that names code, system and value set',
  async t => {
    t.same(lookUp(patient({ maritalStatus: coded(V3, 'M') })), { issues: [], questions: [] })
    const text = `"Q" of ${V3} is not of MaritalStatus (http://hl7.org/fhir/ValueSet/marital-status), which is to be used where it has a fitting code`
    t.same(textsOf(patient({ maritalStatus: coded(V3, 'Q') })), [['warning', 'Patient.maritalStatus', text]])
  },
)

t.test('a concept in words only, or with another coding beside a right one, is fine', async t => {
  t.same(lookUp(patient({ maritalStatus: { text: 'married' } })), { issues: [], questions: [] })
  const both = {
    coding: [
      { system: 'urn:ours', code: '1' },
      { system: V3, code: 'M' },
    ],
  }
  t.same(textsOf(patient({ maritalStatus: both })), [])
  t.same(askedOf(patient({ maritalStatus: both })), [['Patient.maritalStatus', 'urn:ours|1', undefined]])
})

t.test('a code that is not preferred is a warning, in lists and contained resources too', async t => {
  const observation = { resourceType: 'Observation', status: 'final', category: [coded('urn:ours', 'a')] }
  t.match(textsOf(observation), [['warning', 'Observation.category[0]', /Observation Category Codes .*preferred/]])
  t.match(textsOf({ resourceType: 'List', contained: [observation] }), [
    ['warning', 'List.contained[0].category[0]', /preferred/],
  ])
  const bundle = { resourceType: 'Bundle', entry: [{ resource: observation }] }
  t.match(textsOf(bundle), [['warning', 'Bundle.entry[0].resource.category[0]', /preferred/]])
})

t.test('value sets that are filtered, composed and reduced are told too', async t => {
  const act = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
  const encounter = (code: string) => ({ resourceType: 'Encounter', status: 'finished', class: { system: act, code } })
  t.same(textsOf(encounter('AMB')), [])
  t.match(textsOf(encounter('_ActEncounterCode')), [['warning', 'Encounter.class', /v3-ActEncounterCode/]])
  t.match(textsOf(encounter('EHCPOL')), [['warning', 'Encounter.class', /v3-ActEncounterCode/]])
  const contact = (code: string) =>
    patient({ contact: [{ relationship: [coded('http://terminology.hl7.org/CodeSystem/v2-0131', code)] }] })
  t.same(textsOf(contact('N')), [])
  t.match(textsOf(contact('O')), [['warning', 'Patient.contact[0].relationship[0]', /patient-contactrelationship/]])
})

t.test('languages of people are tags of BCP 47', async t => {
  const speaks = (system: string, code: string) => patient({ communication: [{ language: coded(system, code) }] })
  t.same(lookUp(speaks('urn:ietf:bcp:47', 'cy')), { issues: [], questions: [] })
  t.match(textsOf(speaks('urn:ietf:bcp:47', 'en_GB')), [
    ['warning', 'Patient.communication[0].language', /All Languages .* limits the codes/],
  ])
  t.match(textsOf(speaks('urn:ours', 'cy')), [['warning', 'Patient.communication[0].language', /limits/]])
})

t.test('units are looked up in UCUM wherever they are', async t => {
  const measured = (code: string) => ({
    resourceType: 'Observation',
    valueQuantity: { value: 1, system: 'http://unitsofmeasure.org', code },
  })
  for (const code of ['kg', 'mm[Hg]', '10*9/L', '{score}', '[pH]'])
    t.same(lookUp(measured(code)), { issues: [], questions: [] })
  for (const code of ['Kg', 'foo', 'm²', 'kg/', 'constructor'])
    t.match(textsOf(measured(code)), [
      ['warning', 'Observation.valueQuantity', /There is no .* of http:..unitsofmeasure.org/],
    ])
  const study = (code: string) => ({
    resourceType: 'ResearchElementDefinition',
    characteristic: [{ unitOfMeasure: coded('http://unitsofmeasure.org', code) }],
  })
  t.same(lookUp(study('kg')), { issues: [], questions: [] })
  t.match(textsOf(study('Kg')).at(-1), [
    'error',
    'ResearchElementDefinition.characteristic[0].unitOfMeasure',
    /required/,
  ])
  const age = (code: string) => ({
    resourceType: 'Condition',
    onsetAge: { value: 1, system: 'http://unitsofmeasure.org', code },
  })
  t.same(textsOf(age('a')), [])
  t.match(textsOf(age('kg')), [['warning', 'Condition.onsetAge', /Common UCUM Codes for Age/]])
})

t.test('what is of no list that is here is asked, with the value set where there is one', async t => {
  const SNOMED = 'http://snomed.info/sct'
  t.same(askedOf({ resourceType: 'Condition', code: coded(SNOMED, '1'), severity: coded(SNOMED, '2') }), [
    ['Condition.severity', `${SNOMED}|2`, 'http://hl7.org/fhir/ValueSet/condition-severity'],
    ['Condition.code', `${SNOMED}|1`, undefined],
  ])
  const status = coded('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active')
  t.same(lookUp({ resourceType: 'Condition', clinicalStatus: status }), { issues: [], questions: [] })
  t.match(textsOf({ resourceType: 'Condition', severity: coded('urn:ours', '2') }), [['warning', 'Condition.severity']])
})

t.test('what is no FHIR is passed over', async t => {
  const odd = [
    {},
    { resourceType: 'Nothing' },
    { resourceType: 1 },
    patient({ maritalStatus: 1, contact: [null, 'x', { relationship: {} }] }),
  ]
  for (const resource of [...odd, patient({ maritalStatus: { coding: ['x', null, {}] }, contained: [1, null] })])
    t.same(lookUp(resource as Json), { issues: [], questions: [] })
})
