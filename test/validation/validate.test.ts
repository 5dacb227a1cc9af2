import t from 'tap'
import { parseJson } from '../../src/fhir/json.ts'
import type { ResourceType } from '../../src/fhir/types.ts'
import type { Settings } from '../../src/validation/run.ts'
import { validate } from '../../src/validation/validate.ts'
import { missing, sharedResources } from '../fhir/shared-data.ts'
import { change, DIV, examples, observation, patient } from './structure-examples.ts'

const issuesOf = (resource: unknown, expected?: ResourceType, settings?: Settings) =>
  validate(resource, expected, settings).issues

t.test('resources that use what FHIR allows are accepted', async t => {
  for (const text of Object.values(examples)) t.same(issuesOf(parseJson(text).value), [])
  t.same(issuesOf(parseJson(patient).value, 'Patient'), [])
})

t.test('what may look wrong and is legal is accepted', async t => {
  const legal: ['patient' | 'observation', string, string][] = [
    ['patient', 'name.0.family', '"\u00a0"'],
    ['patient', 'name.0.family', '"line\\r\\n\\tline"'],
    ['patient', 'photo.0.data', '"aGVs\\r\\nbG8="'],
    ['patient', 'birthDate', '"0001"'],
    ['observation', 'effectiveDateTime', '"2016-12-31T23:59:60.5-11:30"'],
    ['observation', 'effectiveDateTime', '"2024-02"'],
    ['observation', 'valueQuantity.value', '-0.00'],
    ['observation', 'valueQuantity.value', '1e-5'],
    ['observation', 'subject.reference', '"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"'],
    ['observation', 'subject.reference', '"Patient/p1/_history/2"'],
    ['observation', 'subject.reference', '"Patient?identifier=x|1"'],
    ['observation', 'subject.reference', '"https://x.org/whatever/1"'],
    ['patient', 'gender', '"unknown"'],
    ['patient', 'name.0.extension', '[{"url":"urn:e","valueCode":"a b"}]'],
    ['patient', 'language', '"zh-Hant-HK"'],
    ['patient', 'photo.0.contentType', '"application/fhir+json; charset=utf-8"'],
    [
      'patient',
      'contained.1',
      '{"resourceType":"Claim","status":"active","type":{"text":"x"},"use":"claim","patient":{"reference":"#"},"created":"2024","provider":{"display":"x"},"priority":{"text":"x"},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"x"}}]}',
    ],
    [
      'patient',
      'text.div',
      DIV('<a href="https://x.org/?a=1&amp;b=2">x</a><img src="data:image/png;base64,AA=="/><!-- c -->'),
    ],
  ]
  for (const [base, path, value] of legal) {
    t.same(issuesOf(change(examples[base] ?? '', path, value)), [], `${path} = ${value}`)
  }
})

t.test('a required element that has only extensions is there', async t => {
  const resource = change(observation, 'status', undefined)
  resource._status = { extension: [{ url: 'urn:e', valueCode: 'unknown' }] }
  t.same(issuesOf(resource), [])
})

t.test('what is no resource at all is said so', async t => {
  for (const value of [null, 1, 'x', [], true]) t.match(issuesOf(value)[0]?.text, /is not a resource: an object/)
  t.match(issuesOf({})[0]?.text, /no resourceType/)
  t.match(issuesOf({ resourceType: 'patient' })[0]?.text, /"patient" is not a resource type.*"Patient"/)
  t.match(issuesOf({ resourceType: 'Resource' })[0]?.text, /not a resource type/)
  t.match(issuesOf({ resourceType: 7 })[0]?.text, /7 is not a resource type/)
  t.same(issuesOf({ resourceType: 'Patient' }, 'Observation'), [
    {
      severity: 'error',
      code: 'structure',
      text: 'The resourceType is Patient; Observation is wanted here',
      expression: 'Patient.resourceType',
    },
  ])
})

t.test('all issues are reported at once, up to a hundred', async t => {
  const issues = issuesOf({ resourceType: 'Observation', status: 'x', valueString: 5, foo: 1 })
  t.same(
    issues.map(issue => issue.expression),
    ['Observation.status', 'Observation.valueString', 'Observation.foo', 'Observation.code'],
  )
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`x${index}`, 1]))
  t.equal(issuesOf({ resourceType: 'Patient', ...many }).length, 100)
})

t.test('entries of a Bundle are checked, or left to who takes them one by one', async t => {
  const bundle = {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [{ resource: { resourceType: 'Patient', x: 1 } }],
  }
  t.match(issuesOf(bundle), [{ expression: 'Bundle.entry[0].resource.x' }])
  t.same(issuesOf(bundle, 'Bundle', { entries: false }), [])
  const parameters = { resourceType: 'Parameters', parameter: [{ name: 'a', resource: { resourceType: 'X' } }] }
  t.match(issuesOf(parameters, 'Parameters', { entries: false }), [
    { expression: 'Parameters.parameter[0].resource.resourceType' },
  ])
})

/** What published examples have wrong indeed. */
const GENUINE: Readonly<Record<string, RegExp>> = {
  'UKCore-Patient-BabyPatient-Example': /^This NHS number has a wrong check digit/,
}

t.test('every example of Synthea, the UK demo, UK Core and IPA is accepted', { skip: missing }, async t => {
  let count = 0
  const met = new Set<string>()
  for (const folder of ['synthea', 'uk-demo', 'uk-core/examples', 'ipa/examples']) {
    for (const { file, resource } of sharedResources(folder)) {
      const genuine = GENUINE[String(resource.id)]
      const issues = issuesOf(resource).filter(({ text }) => {
        if (!genuine?.test(text)) return true
        met.add(String(resource.id))
        return false
      })
      if (issues.length > 0) t.fail(`${file} ${resource.id}: ${JSON.stringify(issues)}`)
      count++
    }
  }
  t.ok(count > 9000, `${count} resources`)
  t.same([...met], Object.keys(GENUINE))
})
