import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { loadProfiles } from '../../../src/validation/profiles/profiles.ts'
import { missing, sharedFile, sharedResources } from '../../fhir/shared-data.ts'
import { faults } from './packages.ts'

const UK = 'https://fhir.hl7.org.uk/StructureDefinition/'
const NHS = 'https://fhir.nhs.uk/Id/nhs-number'
const path = (name: string) => sharedFile(name).pathname
const sources = ['uk-core/structuredefinitions', 'uk-core/valuesets', 'uk-core/codesystems', 'ipa/definitions'].map(
  path,
)
const profiles = missing ? undefined : await loadProfiles(sources, [])
const withProfiles = { skip: missing }

function given() {
  if (!profiles) throw new Error('The shared example data is not here')
  return profiles
}

/** The profile that an example is of: named in its file's name, or that of its type. */
function profileOf(file: string, type: string): string | undefined {
  const name = file.split('/').at(-1) ?? ''
  const fitting = given()
    .supported(type)
    .filter(url => name.startsWith(url.split('/').at(-1) ?? ''))
  return (
    fitting.sort((a, b) => b.length - a.length)[0] ??
    given()
      .supported(type)
      .find(url => url === `${UK}UKCore-${type}`)
  )
}

t.test('every example of UK Core keeps its own profile', withProfiles, async t => {
  let count = 0
  for (const { file, resource } of sharedResources('uk-core/examples')) {
    const profile = profileOf(file, String(resource.resourceType))
    if (profile === undefined) continue
    count++
    t.same(faults(given(), resource, profile), [], file)
  }
  t.ok(count >= 140, `${count} have one`)
})

t.test('every example of IPA keeps the profiles that it claims', withProfiles, async t => {
  let count = 0
  for (const { file, resource } of sharedResources('ipa/examples')) {
    const found = given().check(resource)
    count += found.length
    for (const { issues } of found)
      t.same(
        issues.filter(({ severity }) => severity === 'error'),
        [],
        file,
      )
  }
  t.ok(count >= 10)
})

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', ...more })
const nhs = { system: NHS, value: '9000000009' }
const ethnic = {
  url: `${UK}Extension-UKCore-EthnicCategory`,
  valueCodeableConcept: {
    coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland', code: 'A' }],
  },
}
const verified = (code: string) => ({
  url: `${UK}Extension-UKCore-NHSNumberVerificationStatus`,
  valueCodeableConcept: {
    coding: [{ system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland', code }],
  },
})

t.test('what UK Core does not allow of a patient is found', withProfiles, async t => {
  const found = (resource: Json) => faults(given(), resource, `${UK}UKCore-Patient`)
  t.same(found(patient({ identifier: [nhs], extension: [ethnic] })), [])
  t.same(found(patient({ identifier: [nhs, nhs] })), ['Patient.identifier'], 'two NHS numbers')
  t.same(found(patient({ identifier: [{ system: NHS }] })), ['Patient.identifier[0].value'], 'without its value')
  t.same(found(patient({ extension: [ethnic, ethnic] })), ['Patient.extension'], 'two ethnic categories')
  t.same(found(patient({ identifier: [{ ...nhs, extension: [verified('01')] }] })), [])
  t.same(
    found(patient({ identifier: [{ ...nhs, extension: [verified('99')] }] })),
    ['Patient.identifier[0].extension[0].valueCodeableConcept'],
    'a code inside an extension',
  )
})

t.test('the rules that IPA has in FHIRPath are kept', withProfiles, async t => {
  const url = 'http://hl7.org/fhir/uv/ipa/StructureDefinition/ipa-patient'
  const right = patient({ identifier: [nhs], name: [{ family: 'Smith' }], active: true })
  t.same(faults(given(), right, url), [])
  t.same(faults(given(), { ...right, identifier: [{ value: '1' }] }, url), ['Patient.identifier[0]'])
  t.same(faults(given(), { ...right, name: [{ use: 'usual' }] }, url), ['Patient.name[0]'])
  t.same(faults(given(), { ...right, active: undefined, link: [{}] }, url), ['Patient'])
})

t.test('the vital signs of R4 itself are checked from its package', withProfiles, async t => {
  const vital = await loadProfiles([path('r4-core/hl7.fhir.r4.core-4.0.1.tgz')], [])
  const url = 'http://hl7.org/fhir/StructureDefinition/bodyweight'
  const category = [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' }] },
  ]
  const valueQuantity = { value: 70, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' }
  const right = {
    resourceType: 'Observation',
    status: 'final',
    category,
    code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
    subject: { reference: 'Patient/p' },
    effectiveDateTime: '2024-05-01',
    valueQuantity,
  }
  t.same(faults(vital, right, url), [])
  t.same(faults(vital, { ...right, category: [{ text: 'x' }] }, url), ['Observation.category'], 'no VSCat')
  t.same(faults(vital, { ...right, valueQuantity: { ...valueQuantity, code: 'stone' } }, url), [
    'Observation.valueQuantity.code',
  ])
  t.same(faults(vital, { ...right, code: { coding: [{ system: 'http://loinc.org', code: '1' }] } }, url), [
    'Observation.code.coding',
  ])
  const components = faults(vital, { ...right, valueQuantity: undefined }, 'http://hl7.org/fhir/StructureDefinition/bp')
  t.ok(components.includes('Observation.component'), 'blood pressure has its two components')
})
