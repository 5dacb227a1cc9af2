// Every code of R4 that has to be of a value set, and how that is seen to: what silently is not, is wrong here.
import t from 'tap'
import { correct } from '../../scripts/definitions/corrections.ts'
import { closedBy, isBaseType } from '../../scripts/definitions/distil.ts'
import { readPackage } from '../../scripts/definitions/source.ts'
import { UNLISTED } from '../../scripts/definitions/validators.ts'
import { codesOfValueSet, RESOURCE_TYPES } from '../../src/fhir/model.ts'
import { isCurrency, isLanguage, isMimeType } from '../../src/validation/bindings.ts'
import { validate } from '../../src/validation/validate.ts'
import { expressionOf, type Place, placesOf, resourceWith } from './routes.ts'

const closed = correct(readPackage())
  .filter(one => one.resourceType === 'StructureDefinition')
  .filter(isBaseType)
  .flatMap(({ snapshot }) => snapshot?.element ?? [])
  .flatMap(element => {
    const valueSet = closedBy(element)
    const types = (element.type ?? []).map(({ code }) => code)
    return valueSet === undefined ? [] : [{ path: element.path, valueSet, types, max: element.max }]
  })

/** Why nothing here can tell, of elements that no served type has: a terminology server may, in $validate. */
const NOT_CHECKED = {
  'http://hl7.org/fhir/ValueSet/ucum-units': [
    'EffectEvidenceSynthesis.effectEstimate.unitOfMeasure',
    'ResearchElementDefinition.characteristic.unitOfMeasure',
    'RiskEvidenceSynthesis.riskEstimate.unitOfMeasure',
  ],
  'http://loinc.org/vs/LL379-9': ['MolecularSequence.structureVariant.variantType'],
}

t.test('every required binding of R4 is listed, checked by its form, or named as not checked', async t => {
  t.ok(closed.length > 500, String(closed.length))
  const rest = closed.filter(({ valueSet }) => !codesOfValueSet(valueSet) && !UNLISTED[valueSet])
  const found = Object.fromEntries(
    Object.keys(NOT_CHECKED).map(url => [
      url,
      rest
        .filter(({ valueSet }) => valueSet === url)
        .map(({ path }) => path)
        .sort(),
    ]),
  )
  t.same(found, NOT_CHECKED)
  t.equal(rest.length, Object.values(NOT_CHECKED).flat().length)
  for (const { path, types } of closed) t.match(types.join(), /^(?:code|CodeableConcept)$/, path)
})

t.test('each of those codes is refused when it is of no value set', async t => {
  const expected = new Set(closed.flatMap(({ path, valueSet }) => (Object.hasOwn(NOT_CHECKED, valueSet) ? [] : [path])))
  // How CapabilityStatements say their formats is not limited to MIME types.
  for (const name of ['format', 'patchFormat']) expected.delete(`CapabilityStatement.${name}`)
  const met = new Set<string>()
  for (const type of RESOURCE_TYPES) {
    for (const place of placesOf(type)) {
      const path = `${place.owner}.${place.element.name}`
      if (!expected.has(path) || met.has(path)) continue
      met.add(path)
      t.ok(isRefused(place), `${type}: ${path}`)
    }
  }
  const shallow = [...expected].filter(path => !met.has(path) && path.split('.').length <= 3 && !ELSEWHERE.test(path))
  t.same(shallow, [])
  t.ok(met.size > 250, String(met.size))
})

/** What is met deeper than places are looked for, or has no place of its own: the same function checks it wherever it is. */
const ELSEWHERE =
  /^(?:Resource|DomainResource|ElementDefinition|DataRequirement|TriggerDefinition|ParameterDefinition)\./

function isRefused(place: Place): boolean {
  const value = place.datatype === 'code' ? 'no such code' : { coding: [{ system: 'urn:none', code: 'no-such' }] }
  const { issues } = validate(resourceWith(place, place.element.max > 1 ? [value] : value))
  return issues.some(
    ({ severity, expression = '' }) => severity === 'error' && expression.startsWith(expressionOf(place)),
  )
}

t.test('licences of software are those of SPDX', async t => {
  const guide = (license: string) => validate({ resourceType: 'ImplementationGuide', license }).issues
  const of = (license: string) => guide(license).filter(({ expression }) => expression?.endsWith('license'))
  t.same(of('Apache-2.0'), [])
  t.match(of('Apache 2.0'), [{ code: 'code-invalid', text: /did you mean "Apache-2.0"/ }])
})

t.test('a language is a tag of BCP 47', async t => {
  const right = ['en', 'en-GB', 'zh-Hant-HK', 'sl-rozaj-biske', 'de-CH-1901', 'es-419', 'i-klingon', 'x-whatever']
  for (const tag of [...right, 'EN-gb', 'en-GB-oed', 'de-DE-u-co-phonebk', 'zh-yue-HK', 'en-x-NHS', 'de-1996'])
    t.ok(isLanguage(tag), tag)
  for (const tag of [
    'en GB',
    'en_GB',
    'e',
    'english language',
    'en-',
    '-en',
    'en--GB',
    'en-GB-',
    '123',
    'x',
    'x-',
    'en-u',
  ])
    t.notOk(isLanguage(tag), tag)
  for (const value of [undefined, null, 1, ['en'], '']) t.notOk(isLanguage(value))
  const [issue, ...more] = validate({ resourceType: 'Patient', language: 'en_GB' }).issues
  t.match(issue, {
    expression: 'Patient.language',
    text: '"en_GB" is not a language tag of BCP 47 such as en or en-GB',
  })
  t.same(more, [])
})

t.test('MIME types and currencies are told by their form and by ISO 4217', async t => {
  for (const type of ['text/plain', 'application/fhir+json; charset=utf-8', 'image/*']) t.ok(isMimeType(type), type)
  for (const type of ['text', 'text/', '/plain', 'text plain', 1]) t.notOk(isMimeType(type), String(type))
  t.ok(isCurrency('GBP'))
  for (const code of ['gbp', 'XYZ', 'pound']) t.notOk(isCurrency(code), code)
})
