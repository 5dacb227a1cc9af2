import t from 'tap'
import { SERVED } from '../../scripts/definitions/served.ts'
import {
  datesOf,
  elementsOf,
  isExtractable,
  quantitiesOf,
  referencesOf,
  stringsOf,
  tokensOf,
  urisOf,
} from '../../src/fhir/extract.ts'
import { parseJson } from '../../src/fhir/json.ts'
import { searchParametersOf } from '../../src/fhir/model.ts'
import type { Json } from '../../src/fhir/types.ts'

const json = (text: string) => parseJson(text).value as Json
const utc = (text: string) => Date.parse(text)

t.test('every search parameter of every served type can be extracted, but for composite and special ones', async t => {
  let count = 0
  for (const type of SERVED) {
    for (const [code, { type: kind }] of searchParametersOf(type)) {
      if (kind === 'composite' || kind === 'special') continue
      t.ok(isExtractable(type, code), `${type}.${code}`)
      count++
    }
  }
  t.equal(count, 761)
})

t.test('a parameter that the standard does not have is a mistake of the caller', async t => {
  t.throws(() => tokensOf('Patient', 'nmae', {}), /Patient has no search parameter nmae/)
})

const patient = json(`{
  "resourceType": "Patient", "id": "p1",
  "meta": {
    "lastUpdated": "2024-05-01T10:00:00.123Z", "source": "urn:engine", "profile": ["http://x.org/p|1.0"],
    "tag": [{"system": "urn:t", "code": "a"}], "security": [{"code": "R"}]
  },
  "identifier": [
    {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9000000009"},
    {"type": {"text": "Hospital number"}, "value": "H1"}
  ],
  "active": true,
  "name": [{"text": "Dr Zoë O’Neil", "family": "O’Neil", "given": ["Zoë", null, "May"], "_given": [null, {"extension": []}, null], "prefix": ["Dr"]}],
  "telecom": [
    {"system": "phone", "value": "0113 496 0000", "use": "home"},
    {"system": "email", "value": "z@example.org"}
  ],
  "gender": "female", "birthDate": "1970-02",
  "deceasedDateTime": "2024-04-30T23:00:00+01:00",
  "address": [{"line": ["1 High St"], "city": "Leeds", "postalCode": "LS1 1AA", "country": "GB"}],
  "generalPractitioner": [
    {"reference": "Practitioner/gp"},
    {"reference": "#contained"},
    {"type": "Organization", "identifier": {"system": "urn:ods", "value": "Y12345"}, "display": "Surgery"}
  ],
  "managingOrganization": {"reference": "https://elsewhere.org/fhir/Organization/o1"},
  "link": [{"other": {"reference": "Patient/p2/_history/3"}, "type": "seealso"}],
  "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "cy"}]}}]
}`)

t.test('tokens', async t => {
  const of = (param: string) => tokensOf('Patient', param, patient)
  t.same(of('_id'), [{ code: 'p1' }])
  t.same(of('_tag'), [{ system: 'urn:t', code: 'a' }])
  t.same(of('_security'), [{ code: 'R' }])
  t.same(of('identifier'), [
    { system: 'https://fhir.nhs.uk/Id/nhs-number', code: '9000000009' },
    { code: 'H1', text: 'Hospital number' },
  ])
  t.same(of('active'), [{ code: 'true' }])
  t.same(of('gender'), [{ system: 'http://hl7.org/fhir/administrative-gender', code: 'female' }])
  t.same(of('telecom'), [{ system: 'home', code: '0113 496 0000' }, { code: 'z@example.org' }])
  t.same(of('phone'), [{ system: 'home', code: '0113 496 0000' }])
  t.same(of('email'), [{ code: 'z@example.org' }])
  t.same(of('address-use'), [])
  t.same(of('language'), [{ system: 'urn:ietf:bcp:47', code: 'cy' }])
})

t.test('deceased is true or false for every patient', async t => {
  const deceased = (more: Json) => tokensOf('Patient', 'deceased', { resourceType: 'Patient', ...more })
  t.same(tokensOf('Patient', 'deceased', patient), [{ code: 'true' }])
  t.same(deceased({ deceasedBoolean: true }), [{ code: 'true' }])
  t.same(deceased({ deceasedBoolean: false }), [{ code: 'false' }])
  t.same(deceased({}), [{ code: 'false' }])
  t.same(elementsOf('Patient', 'deceased')({}), [{ type: 'boolean', value: false }])
})

t.test('strings, with the parts of names and addresses', async t => {
  const of = (param: string) => stringsOf('Patient', param, patient)
  t.same(of('name'), ['Dr Zoë O’Neil', 'O’Neil', 'Zoë', 'May', 'Dr'])
  t.same(of('family'), ['O’Neil'])
  t.same(of('given'), ['Zoë', 'May'])
  t.same(of('address'), ['1 High St', 'Leeds', 'LS1 1AA', 'GB'])
  t.same(of('address-postalcode'), ['LS1 1AA'])
  t.same(of('phonetic'), of('name'))
})

t.test('dates', async t => {
  const of = (param: string) => datesOf('Patient', param, patient)
  t.same(of('birthdate'), [{ lo: utc('1970-02-01'), hi: utc('1970-03-01') }])
  t.same(of('death-date'), [{ lo: utc('2024-04-30T22:00:00Z'), hi: utc('2024-04-30T22:00:01Z') }])
  t.same(of('_lastUpdated'), [{ lo: utc('2024-05-01T10:00:00.123Z'), hi: utc('2024-05-01T10:00:00.124Z') }])
  const period = (start?: string, end?: string) =>
    datesOf('Encounter', 'date', { period: { ...(start && { start }), ...(end && { end }) } })
  t.same(period('2024-01-01', '2024-01'), [{ lo: utc('2024-01-01'), hi: utc('2024-02-01') }])
  t.same(period('2024'), [{ lo: utc('2024-01-01'), hi: Number.POSITIVE_INFINITY }])
  t.same(period(undefined, '2024'), [{ lo: Number.NEGATIVE_INFINITY, hi: utc('2025-01-01') }])
  t.same(period(), [])
  t.same(period('soon', 'later'), [])
})

t.test('a Timing covers its events and bounds from first to last', async t => {
  const of = (effectiveTiming: Json) => datesOf('Observation', 'date', { resourceType: 'Observation', effectiveTiming })
  t.same(of({ event: ['2024-03-01', '2024-01-01', '2024-02-01'] }), [{ lo: utc('2024-01-01'), hi: utc('2024-03-02') }])
  t.same(of({ repeat: { boundsPeriod: { start: '2024-01-01' } } }), [
    { lo: utc('2024-01-01'), hi: Number.POSITIVE_INFINITY },
  ])
  t.same(of({ repeat: { frequency: 1 } }), [])
})

t.test('references: local, of another server, logical; not contained ones', async t => {
  const of = (param: string) => referencesOf('Patient', param, patient)
  t.same(of('general-practitioner'), [
    { type: 'Practitioner', id: 'gp' },
    { type: 'Organization', identifier: { system: 'urn:ods', value: 'Y12345' } },
  ])
  t.same(of('organization'), [{ url: 'https://elsewhere.org/fhir/Organization/o1' }])
  t.same(of('link'), [{ type: 'Patient', id: 'p2', version: '3' }])
  t.same(referencesOf('Observation', 'encounter', { encounter: { reference: 'urn:uuid:1' } }), [{ url: 'urn:uuid:1' }])
  t.same(referencesOf('Observation', 'encounter', { encounter: { display: 'a visit' } }), [])
})

t.test('a parameter for one target type takes only references to that type', async t => {
  const observation = (reference: string, type?: string) => ({ subject: { reference, ...(type && { type }) } })
  const of = (resource: Json) => referencesOf('Observation', 'patient', resource)
  t.same(of(observation('Patient/1')), [{ type: 'Patient', id: '1' }])
  t.same(of(observation('https://x.org/Patient/1')), [{ url: 'https://x.org/Patient/1' }])
  t.same(of(observation('Group/1')), [])
  t.same(of(observation('PatientX/1')), [])
  t.same(of(observation('urn:uuid:1', 'Patient')), [{ url: 'urn:uuid:1' }])
  t.same(of(observation('urn:uuid:1')), [])
  t.same(of({ subject: { type: 'Patient', identifier: { value: '9' } } }), [
    { type: 'Patient', identifier: { value: '9' } },
  ])
  const appointment = { participant: [{ actor: { reference: 'Location/l' } }, { actor: { reference: 'Patient/p' } }] }
  t.same(referencesOf('Appointment', 'patient', appointment), [{ type: 'Patient', id: 'p' }])
  t.same(referencesOf('Appointment', 'location', appointment), [{ type: 'Location', id: 'l' }])
})

t.test('canonicals are found with and without version', async t => {
  t.same(referencesOf('QuestionnaireResponse', 'questionnaire', { questionnaire: 'http://x.org/Q|2' }), [
    { url: 'http://x.org/Q|2' },
    { url: 'http://x.org/Q' },
  ])
  t.same(referencesOf('QuestionnaireResponse', 'questionnaire', { questionnaire: 'Questionnaire/q' }), [
    { type: 'Questionnaire', id: 'q' },
  ])
})

const observation = json(`{
  "resourceType": "Observation", "status": "final",
  "category": [{"coding": [{"system": "urn:c", "code": "laboratory", "display": "Laboratory"}], "text": "Lab"}],
  "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}, {"code": "HB"}], "text": "Haemoglobin"},
  "valueQuantity": {"value": 13.0, "comparator": "<", "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
  "component": [
    {"code": {"text": "A"}, "valueCodeableConcept": {"coding": [{"code": "x"}], "text": "X text"}},
    {"code": {"coding": [{"code": "B"}]}, "valueQuantity": {"value": 7}},
    {"code": {"coding": [{"code": "C"}]}, "valueSampledData": {"origin": {"value": 1}}}
  ]
}`)

t.test('choice elements, components and combined parameters', async t => {
  const tokens = (param: string) => tokensOf('Observation', param, observation)
  t.same(tokens('status'), [{ system: 'http://hl7.org/fhir/observation-status', code: 'final' }])
  t.same(tokens('category'), [{ system: 'urn:c', code: 'laboratory', text: 'Laboratory' }, { text: 'Lab' }])
  t.same(tokens('code'), [{ system: 'http://loinc.org', code: '718-7' }, { code: 'HB' }, { text: 'Haemoglobin' }])
  t.same(tokens('component-code'), [{ text: 'A' }, { code: 'B' }, { code: 'C' }])
  t.same(tokens('combo-code'), [...tokens('code'), ...tokens('component-code')])
  t.same(tokens('value-concept'), [])
  t.same(tokens('combo-value-concept'), [{ code: 'x' }, { text: 'X text' }])
  const ucum = { system: 'http://unitsofmeasure.org', code: 'g/dL', unit: 'g/dL' }
  t.same(quantitiesOf('Observation', 'value-quantity', observation), [{ value: '13.0', comparator: '<', ...ucum }])
  t.same(quantitiesOf('Observation', 'combo-value-quantity', observation).length, 2)
  t.same(stringsOf('Observation', 'value-string', { valueCodeableConcept: { text: 'Positive' } }), ['Positive'])
  t.same(stringsOf('Observation', 'value-string', { valueString: 'Negative' }), ['Negative'])
  t.same(datesOf('Observation', 'value-date', { valueDateTime: '2024' }).length, 1)
})

t.test('other types', async t => {
  t.same(quantitiesOf('Condition', 'onset-age', { onsetAge: { value: 40, code: 'a' } }), [{ value: '40', code: 'a' }])
  t.same(datesOf('Goal', 'start-date', { startDate: '2024-01-01' }).length, 1)
  t.same(tokensOf('Group', 'value', { characteristic: [{ valueBoolean: false }] }), [{ code: 'false' }])
  t.same(tokensOf('MedicationRequest', 'code', { medicationCodeableConcept: { coding: [{ code: 'm' }] } }), [
    { code: 'm' },
  ])
  t.same(urisOf('Patient', '_profile', patient), ['http://x.org/p|1.0'])
  t.same(urisOf('Patient', '_source', patient), ['urn:engine'])
  t.same(urisOf('Questionnaire', 'url', { url: 'http://x.org/Q' }), ['http://x.org/Q'])
  t.same(stringsOf('Device', 'device-name', { type: { text: 'Pump' }, deviceName: [{ name: 'Zed' }] }), ['Zed', 'Pump'])
  t.same(tokensOf('AllergyIntolerance', 'code', { reaction: [{ substance: { text: 'Peanut' } }] }), [
    { text: 'Peanut' },
  ])
  t.same(tokensOf('Encounter', 'class', { class: { code: 'AMB' } }), [{ code: 'AMB' }])
})

t.test('values that are not as FHIR says give nothing, and break nothing', async t => {
  for (const wrong of [
    null,
    1,
    true,
    'x',
    [],
    {},
    [null],
    [1],
    [[]],
    { coding: 1 },
    { reference: 1 },
    { value: 'x' },
  ]) {
    const resource = { code: wrong, subject: wrong, effectivePeriod: wrong, valueQuantity: wrong, component: wrong }
    for (const [code, { type }] of searchParametersOf('Observation')) {
      const kinds = {
        token: tokensOf,
        date: datesOf,
        reference: referencesOf,
        quantity: quantitiesOf,
        string: stringsOf,
      }
      if (type in kinds) t.doesNotThrow(() => kinds[type as keyof typeof kinds]('Observation', code, resource))
    }
    t.same(quantitiesOf('Observation', 'value-quantity', resource), [])
    t.same(referencesOf('Observation', 'subject', resource), [])
  }
})
