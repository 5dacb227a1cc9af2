// What each kind of search parameter finds with each of its modifiers: https://hl7.org/fhir/R4/search.html#modifiers
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, namesOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const LOINC = 'http://loinc.org'
const SNOMED = 'http://snomed.info/sct'
const NUMBERS = 'https://trust.example.org/Id/hospital-number'
const V2 = 'http://terminology.hl7.org/CodeSystem/v2-0203'

const ids = async (type: string, ...params: [string, string][]): Promise<string[]> => {
  const query = params.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  const reply = await engine(`/${type}?${query}&_count=500`)
  if (reply.status !== 200) return [`${reply.status} ${reply.text}`]
  return namesOf(reply, 'match')
    .map(name => name.replace(/^.*\//, ''))
    .sort()
}

async function refusal(path: string): Promise<string> {
  const { status, json } = await engine(`/${path}`)
  return status === 400 ? String((json.issue as { diagnostics: string }[])[0]?.diagnostics) : `${status}`
}

const concept = (system: string, code: string, display?: string, text?: string): Json => ({
  coding: [{ system, code, ...(display ? { display } : {}) }],
  ...(text ? { text } : {}),
})
const condition = (id: string, code: Json): Json => ({
  resourceType: 'Condition',
  id,
  subject: { reference: 'Patient/alice' },
  code,
})

t.test(':text finds what a code is called, by its display or the text beside it', async t => {
  verifies('fhir-rest', 'REST-77')
  await store(engine, [
    condition('asthma', concept(SNOMED, '195967001', 'Asthma', 'Wheezing since childhood')),
    condition('croup', concept(SNOMED, '71186008', 'Crôup')),
    condition('words', { text: 'Asthmatic bronchitis' }),
    condition('bare', concept(SNOMED, '195967001')),
    condition('long', { text: `${'x'.repeat(3000)} end` }),
  ])
  t.same(await ids('Condition', ['code:text', 'ASTHMA']), ['asthma', 'words'])
  t.same(await ids('Condition', ['code:text', 'asthmatic']), ['words'])
  t.same(await ids('Condition', ['code:text', 'wheez']), ['asthma'])
  t.same(await ids('Condition', ['code:text', 'croup']), ['croup'])
  t.same(await ids('Condition', ['code:text', 'thma']), [], 'from its beginning')
  t.same(await ids('Condition', ['code:text', '%']), [])
  t.same(await ids('Condition', ['code:text', `${'x'.repeat(3000)} e`]), ['long'])
  t.same(await ids('Condition', ['code:text', `${'x'.repeat(3000)} f`]), [])
  t.same(await ids('Condition', ['code:text', 'croup,wheez']), ['asthma', 'croup'])
  await store(engine, [condition('croup', concept(SNOMED, '71186008', 'Laryngitis'))])
  t.same(await ids('Condition', ['code:text', 'croup']), [], 'what it was called before')
  t.match(await refusal('Patient?gender:text=f'), /":text" is not supported for gender/)
})

t.test('a token is found by system and code, by either, and without a system', async t => {
  verifies('fhir-rest', 'REST-77')
  await store(engine, [
    {
      resourceType: 'Patient',
      id: 'alice',
      identifier: [
        { system: NUMBERS, value: '9000000009', type: concept(V2, 'NH') },
        { value: 'X1', type: concept(V2, 'MR', undefined, 'Hospital number') },
      ],
      gender: 'female',
    },
    {
      resourceType: 'Patient',
      id: 'bob',
      identifier: [{ system: NUMBERS, value: 'X1' }],
      gender: 'unknown',
      active: true,
    },
    { resourceType: 'Patient', id: 'carol' },
  ])
  t.same(await ids('Patient', ['identifier', 'X1']), ['alice', 'bob'])
  t.same(await ids('Patient', ['identifier', '|X1']), ['alice'])
  t.same(await ids('Patient', ['identifier', `${NUMBERS}|`]), ['alice', 'bob'])
  t.same(await ids('Patient', ['identifier', `${NUMBERS}|X1,|X1`]), ['alice', 'bob'])
  t.same(await ids('Patient', ['identifier:of-type', `${V2}|MR|X1`]), ['alice'])
  t.same(await ids('Patient', ['identifier:of-type', `${V2}|NH|X1`]), [])
  t.same(await ids('Patient', ['identifier:text', 'hospital']), ['alice'])
  t.same(await ids('Patient', ['identifier:not', `${NUMBERS}|X1`]), ['alice', 'carol'])
  t.same(await ids('Patient', ['gender:not', 'female']), ['bob', 'carol'])
  const truth = 'http://terminology.hl7.org/CodeSystem/special-values'
  for (const yes of ['true', '|true', `${truth}|true`]) t.same(await ids('Patient', ['active', yes]), ['bob'], yes)
  t.same(await ids('Patient', ['active:not', `${truth}|true`]), ['alice', 'carol'])
  t.same(await ids('Patient', ['active', `${SNOMED}|true`]), [])
  t.same(await ids('Patient', ['_id', 'alice,carol,nobody']), ['alice', 'carol'])
  t.same(await ids('Patient', ['_id:not', 'alice']), ['bob', 'carol'])
  t.same(await ids('Patient', ['_id:missing', 'true']), [])
  t.same(await ids('Patient', ['_lastUpdated:missing', 'false']), ['alice', 'bob', 'carol'])
  t.match(await refusal('Patient?identifier:of-type=MR|X1'), /system\|code\|value/)
  t.match(await refusal('Patient?gender:of-type=a|b|c'), /":of-type" is not supported for gender/)
  t.match(await refusal('Patient?_id=a b'), /an id is/)
})

t.test(':in and :not-in ask for the codes of a value set that is known', async t => {
  verifies('fhir-rest', 'REST-77')
  const gender = 'http://hl7.org/fhir/ValueSet/administrative-gender'
  t.same(await ids('Patient', ['gender:in', gender]), ['alice', 'bob'])
  t.same(await ids('Patient', ['gender:in', `${gender}|4.0.1`]), ['alice', 'bob'])
  t.same(await ids('Patient', ['gender:not-in', gender]), ['carol'])
  t.same(await ids('Patient', ['gender:in', 'http://hl7.org/fhir/ValueSet/observation-status']), [])
  t.match(await refusal('Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gende'), /Did you mean/)
  t.match(await refusal('Patient?gender:in=http://example.org/mine'), /not known here/)
  t.match(await refusal(`Patient?gender:in=${gender}|9`), /not known here/)
  t.match(await refusal(`Patient?gender:above=female`), /":above" is not supported for gender/)
})

t.test('urls are found as they are, by what lies above and by what lies below', async t => {
  verifies('fhir-rest', 'REST-77')
  const questionnaire = (id: string, url: string, profile?: string): Json => ({
    resourceType: 'Questionnaire',
    id,
    status: 'active',
    url,
    ...(profile ? { meta: { profile: [profile], source: `${url}#1` } } : {}),
  })
  await store(engine, [
    questionnaire('one', 'http://example.org/q/1', 'http://example.org/p/a|1.2'),
    questionnaire('one-a', 'http://example.org/q/1/a'),
    questionnaire('two', 'http://example.org/q/2', 'http://example.org/p/a'),
    questionnaire('urn', 'urn:oid:1.2.3'),
  ])
  t.same(await ids('Questionnaire', ['url', 'http://example.org/q/1']), ['one'])
  t.same(await ids('Questionnaire', ['url:below', 'http://example.org/q/1']), ['one', 'one-a'])
  t.same(await ids('Questionnaire', ['url:below', 'http://example.org/']), ['one', 'one-a', 'two'])
  t.same(await ids('Questionnaire', ['url:above', 'http://example.org/q/1/a/b']), ['one', 'one-a'])
  t.same(await ids('Questionnaire', ['url', 'urn:oid:1.2.3']), ['urn'])
  t.same(await ids('Questionnaire', ['_profile', 'http://example.org/p/a']), ['one', 'two'])
  t.same(await ids('Questionnaire', ['_profile', 'http://example.org/p/a|1.2']), ['one'])
  t.same(await ids('Questionnaire', ['_profile:below', 'http://example.org/p/']), ['one', 'two'])
  t.same(await ids('Questionnaire', ['_source:below', 'http://example.org/q/1']), ['one'])
  t.same(await ids('Questionnaire', ['_profile:missing', 'true']), ['one-a', 'urn'])
  t.match(await refusal('Questionnaire?url:below=urn:oid:1.2'), /a urn has no parts/)
})

t.test('a composite finds values that stand together', async t => {
  const value = (value: number, code = 'mm[Hg]') => ({
    value,
    unit: 'mmHg',
    system: 'http://unitsofmeasure.org',
    code,
  })
  const pressure = (id: string, systolic: number, diastolic: number): Json => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: concept(LOINC, '85354-9'),
    component: [
      { code: concept(LOINC, '8480-6'), valueQuantity: value(systolic) },
      { code: concept(LOINC, '8462-4'), valueQuantity: value(diastolic) },
    ],
  })
  const plain = (id: string, code: string, more: Json): Json => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: concept(LOINC, code),
    ...more,
  })
  await store(engine, [
    pressure('calm', 118, 76),
    pressure('tense', 162, 98),
    plain('potassium', '2823-3', { valueQuantity: value(4.1, 'mmol/L') }),
    plain('smoker', '72166-2', { valueCodeableConcept: concept(SNOMED, '266919005') }),
    plain('note', '8251-1', { valueString: 'Éating well' }),
    plain('due', '11778-8', { valueDateTime: '2026-05-04' }),
    plain('lungs', '1', {
      component: [
        { code: concept(LOINC, 'l'), valueCodeableConcept: concept(SNOMED, 'clear') },
        { code: concept(LOINC, 'r'), valueCodeableConcept: concept(SNOMED, 'dull') },
      ],
    }),
  ])
  const quantity = 'component-code-value-quantity'
  t.same(await ids('Observation', [quantity, '8480-6$gt140']), ['tense'])
  t.same(await ids('Observation', [quantity, `${LOINC}|8462-4$lt90`]), ['calm'])
  t.same(await ids('Observation', [quantity, '8462-4$gt140']), [], 'which is of another component')
  t.same(await ids('Observation', [quantity, `${LOINC}|8480-6$21.6|http://unitsofmeasure.org|kPa`]), ['tense'])
  t.same(await ids('Observation', [quantity, '8480-6$lt140,8462-4$gt90']), ['calm', 'tense'])
  t.same(await ids('Observation', [`${quantity}:missing`, 'false']), ['calm', 'tense'])
  t.same(await ids('Observation', ['combo-code-value-quantity', '2823-3$4.1']), ['potassium'])
  t.same(await ids('Observation', ['combo-code-value-quantity', '8480-6$ge162']), ['tense'])
  t.same(await ids('Observation', ['code-value-quantity', '2823-3$gt4|http://unitsofmeasure.org|mmol/L']), [
    'potassium',
  ])
  t.same(await ids('Observation', ['code-value-concept', `72166-2$${SNOMED}|266919005`]), ['smoker'])
  t.same(await ids('Observation', ['code-value-string', '8251-1$eating']), ['note'])
  t.same(await ids('Observation', ['code-value-date', '11778-8$ge2026-05']), ['due'])
  t.same(await ids('Observation', ['component-code-value-concept', 'l$clear']), ['lungs'])
  t.same(await ids('Observation', ['component-code-value-concept', 'l$dull']), [])
  t.same(await ids('Observation', ['component-code-value-concept', `${LOINC}|$${SNOMED}|dull`]), ['lungs'])
  t.same(await ids('Observation', ['combo-code-value-concept', 'r$dull,72166-2$266919005']), ['lungs', 'smoker'])
  t.match(
    await refusal('Observation?code-value-quantity=2823-3'),
    /two values with \$ between them: code\$value-quantity/,
  )
  t.match(
    await refusal('Observation?code-value-quantity=2823-3$much'),
    /"much".*code-value-quantity \(value-quantity\)/,
  )
  t.match(await refusal('Observation?combo-code-value-quantity=a$1$2'), /two values/)
})

t.test('letters that replace each other, groups and contexts are found by pairs too', async t => {
  const letter = (id: string, relatesTo: [string, string][]): Json => ({
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    content: [{ attachment: { title: 'x' } }],
    relatesTo: relatesTo.map(([code, to]) => ({ code, target: { reference: `DocumentReference/${to}` } })),
  })
  await store(engine, [
    letter('new', [
      ['replaces', 'old'],
      ['appends', 'other'],
    ]),
    {
      resourceType: 'Group',
      id: 'women',
      type: 'person',
      actual: false,
      characteristic: [
        {
          code: { text: 'sex', coding: [{ code: 'sex' }] },
          valueCodeableConcept: { coding: [{ code: 'f' }] },
          exclude: false,
        },
        { code: { coding: [{ code: 'pregnant' }] }, valueBoolean: true, exclude: true },
      ],
    },
    {
      resourceType: 'Questionnaire',
      id: 'aged',
      status: 'active',
      useContext: [
        { code: { code: 'age' }, valueRange: { low: { value: 65, unit: 'a' }, high: { value: 80, unit: 'a' } } },
        { code: { code: 'focus' }, valueCodeableConcept: { coding: [{ code: 'falls' }] } },
      ],
    },
  ])
  t.same(await ids('DocumentReference', ['relationship', 'DocumentReference/old$replaces']), ['new'])
  t.same(await ids('DocumentReference', ['relationship', 'old$replaces']), ['new'])
  t.same(await ids('DocumentReference', ['relationship', 'other$replaces']), [])
  t.same(await ids('Group', ['characteristic-value', 'sex$f']), ['women'])
  t.same(await ids('Group', ['characteristic-value', 'pregnant$true']), ['women'])
  t.same(await ids('Group', ['characteristic-value', 'sex$true']), [])
  t.same(await ids('Questionnaire', ['context-type-quantity', 'age$gt70']), ['aged'])
  t.same(await ids('Questionnaire', ['context-type-quantity', 'age$gt80']), [])
  t.same(await ids('Questionnaire', ['context-quantity', 'lt66||a']), ['aged'])
  t.same(await ids('Questionnaire', ['context-type-value', 'focus$falls']), ['aged'])
  t.same(await ids('Questionnaire', ['context-type-value', 'age$falls']), [])
})

t.test('references are found by version, by url and by the type of what they name', async t => {
  const about = (id: string, reference: string): Json => ({
    ...condition(id, { text: id }),
    subject: { reference },
    encounter: { reference: 'Encounter/e/_history/2' },
  })
  await store(engine, [
    about('first', 'Patient/alice/_history/1'),
    about('far', 'https://elsewhere.example.org/fhir/Patient/alice/_history/7'),
    about('group', 'Group/women'),
  ])
  t.same(await ids('Condition', ['subject', 'Patient/alice/_history/1']), ['first'])
  t.same(await ids('Condition', ['subject', 'Patient/alice/_history/2']), [])
  t.ok((await ids('Condition', ['subject', 'Patient/alice'])).includes('first'))
  t.ok((await ids('Condition', ['subject', `${s.baseUrl}/fhir/Patient/alice`])).includes('first'))
  t.same(await ids('Condition', ['subject', 'https://elsewhere.example.org/fhir/Patient/alice/_history/7']), ['far'])
  t.same(await ids('Condition', ['subject', 'https://elsewhere.example.org/fhir/Patient/alice']), ['far'])
  t.same(await ids('Condition', ['subject:Group', 'women']), ['group'])
  t.same(await ids('Condition', ['subject', 'Group/women']), ['group'])
  t.same(await ids('Condition', ['encounter', 'Encounter/e/_history/2']), ['far', 'first', 'group'])
  t.match(await refusal('Condition?subject:Group=Patient/alice'), /:Group takes an id of a Group/)
})
