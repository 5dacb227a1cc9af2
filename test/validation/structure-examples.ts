import { parseJson } from '../../src/fhir/json.ts'
import type { Json } from '../../src/fhir/types.ts'

/** A Patient and an Observation that use much of what FHIR allows. */
export const patient = `{
  "resourceType": "Patient", "id": "p-1.A",
  "meta": {"versionId": "1", "lastUpdated": "2024-05-01T10:00:00.123+01:00", "profile": ["http://x.org/p|1.0"]},
  "text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p class='x'>Zoë &amp; <b>co</b><br/></p></div>"},
  "contained": [{"resourceType": "Practitioner", "id": "c1", "active": true}],
  "extension": [{"url": "urn:e", "valueString": "x"}, {"url": "urn:f", "extension": [{"url": "g", "valueInteger": 1}]}],
  "identifier": [{"use": "official", "system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9000000009"}],
  "active": true,
  "name": [{"family": "O\u00a0Neil", "given": ["Zoë", null], "_given": [null, {"extension": [{"url": "urn:e", "valueCode": "a"}]}]}],
  "telecom": [{"system": "phone", "value": "0113 496 0000", "rank": 1}],
  "gender": "female", "birthDate": "1970-02", "_birthDate": {"id": "b"},
  "deceasedBoolean": false,
  "multipleBirthInteger": 2,
  "photo": [{"contentType": "image/png", "data": "aGVs bG8=", "size": 0, "url": "Binary/1"}],
  "generalPractitioner": [{"reference": "#c1"}, {"reference": "Organization/o1"}],
  "link": [{"other": {"reference": "Patient/p2"}, "type": "seealso"}]
}`

export const observation = `{
  "resourceType": "Observation", "status": "final",
  "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "userSelected": true}]},
  "subject": {"reference": "Patient/p1"},
  "effectiveDateTime": "2024-02-29T10:30:00Z", "issued": "2024-02-29T10:30:00.000Z",
  "valueQuantity": {"value": 13.20, "comparator": "<", "unit": "g/dL"},
  "referenceRange": [{"low": {"value": 1e1}}],
  "component": [
    {"code": {"text": "time"}, "valueTime": "10:30:00"},
    {"code": {"text": "date"}, "_valueDateTime": {"extension": [{"url": "urn:e", "valueOid": "urn:oid:2.16.840.1"}]}},
    {"code": {"text": "id"}, "extension": [{"url": "urn:e", "valueUuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}], "valueInteger": -5}
  ]
}`

export const examples: Record<string, string> = { patient, observation }

/** A narrative's div with something in it, as JSON. */
export const DIV = (inner: string) => JSON.stringify(`<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`)

/** Sets, or without a value removes, what a path such as `name.0.given` leads to. */
export function change(text: string, path: string, value: string | undefined): Json {
  const resource = parseJson(text).value as Json
  const steps = path.split('.')
  const last = steps.pop() ?? ''
  const holder = steps.reduce<Json>((object, step) => object[step] as Json, resource)
  if (value === undefined) delete holder[last]
  else holder[last] = parseJson(value).value
  return resource
}
