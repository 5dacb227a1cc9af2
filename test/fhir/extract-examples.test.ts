import t from 'tap'
import { datesOf, quantitiesOf, referencesOf, stringsOf, tokensOf, urisOf } from '../../src/fhir/extract.ts'
import type { Json } from '../../src/fhir/types.ts'
import { missing, sharedResources } from './shared-data.ts'

const utc = (text: string) => Date.parse(text)
const second = (text: string) => ({ lo: utc(text), hi: utc(text) + 1000 })

/** The first resource of a folder of examples whose JSON contains a text. */
function example(folder: string, type: string, containing: string): Json {
  for (const { resource } of sharedResources(folder)) {
    if (resource.resourceType === type && JSON.stringify(resource).includes(containing)) return resource
  }
  throw new Error(`no ${type} with ${containing}`)
}

const extract = { datesOf, quantitiesOf, referencesOf, stringsOf, tokensOf, urisOf }
type Kind = keyof typeof extract

const NHS_NUMBER = { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9992914173' }
const TRUST = { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'RR8' }
const PATIENT = [{ type: 'Patient', identifier: NHS_NUMBER }]
const ORGANIZATION = [{ type: 'Organization', identifier: TRUST }]

/** What stands in the examples, read by eye. */
const expected: [folder: string, type: string, containing: string, [Kind, string, unknown][]][] = [
  [
    'uk-demo',
    'Appointment',
    'A8472357',
    [
      ['tokensOf', 'identifier', [{ system: 'https://fhir.example-trust.nhs.uk/Id/appointment', code: 'A8472357' }]],
      ['tokensOf', 'status', [{ system: 'http://hl7.org/fhir/appointmentstatus', code: 'booked' }]],
      [
        'tokensOf',
        'specialty',
        [{ system: 'https://fhir.nhs.uk/CodeSystem/Specialty-1', code: '330', text: 'Dermatology' }],
      ],
      ['datesOf', 'date', [second('2026-12-05T10:00:00Z')]],
      ['referencesOf', 'patient', PATIENT],
      [
        'referencesOf',
        'practitioner',
        [{ type: 'Practitioner', identifier: { system: 'https://fhir.hl7.org.uk/Id/gmc-number', value: 'C2715087' } }],
      ],
      ['urisOf', '_profile', ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Appointment']],
      ['tokensOf', 'service-type', []],
      ['referencesOf', 'slot', []],
    ],
  ],
  [
    'uk-demo',
    'DiagnosticReport',
    'O9402024',
    [
      ['tokensOf', 'category', [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' }]],
      [
        'tokensOf',
        'code',
        [
          { system: 'http://snomed.info/sct', code: '721981007', text: 'Diagnostic studies report' },
          { text: 'Blood tests' },
        ],
      ],
      ['tokensOf', 'status', [{ system: 'http://hl7.org/fhir/diagnostic-report-status', code: 'final' }]],
      ['datesOf', 'date', [second('2026-11-20T08:00:00Z')]],
      ['datesOf', 'issued', [second('2026-11-20T15:00:00Z')]],
      ['referencesOf', 'subject', PATIENT],
      ['referencesOf', 'patient', PATIENT],
      ['referencesOf', 'performer', ORGANIZATION],
      [
        'referencesOf',
        'result',
        [
          { url: 'urn:uuid:64b2d2bc-815a-47c5-b0df-b4a5d8a064df' },
          { url: 'urn:uuid:7af027bc-08d6-4f57-9a71-144896c8da19' },
          { url: 'urn:uuid:677f6cbd-cc22-4f58-be65-21cc3e2434e3' },
        ],
      ],
    ],
  ],
  [
    'uk-demo',
    'DocumentReference',
    'D9426164',
    [
      ['tokensOf', 'status', [{ system: 'http://hl7.org/fhir/document-reference-status', code: 'current' }]],
      [
        'tokensOf',
        'type',
        [{ system: 'http://snomed.info/sct', code: '823701000000103', text: 'Letter from specialist' }],
      ],
      ['tokensOf', 'contenttype', [{ code: 'text/plain' }]],
      ['datesOf', 'date', [second('2026-11-05T12:00:00Z')]],
      ['stringsOf', 'description', ['Clinic letter']],
      ['referencesOf', 'patient', PATIENT],
      ['referencesOf', 'author', ORGANIZATION],
      ['referencesOf', 'custodian', ORGANIZATION],
      ['urisOf', 'location', ['urn:uuid:c541013d-0326-424d-bb69-5ffb3a1890c7']],
    ],
  ],
  [
    'uk-demo',
    'Communication',
    'C6926956',
    [
      [
        'tokensOf',
        'category',
        [{ system: 'http://terminology.hl7.org/CodeSystem/communication-category', code: 'notification' }],
      ],
      ['datesOf', 'sent', [second('2026-11-22T11:00:00Z')]],
      ['datesOf', 'received', []],
      ['referencesOf', 'sender', PATIENT],
      ['referencesOf', 'recipient', ORGANIZATION],
      ['referencesOf', 'patient', PATIENT],
    ],
  ],
  [
    'synthea',
    'Observation',
    '74a91bca-0dc4-59b2-0ba7-a7b8457b36e6',
    [
      ['tokensOf', '_id', [{ code: '74a91bca-0dc4-59b2-0ba7-a7b8457b36e6' }]],
      [
        'tokensOf',
        'code',
        [{ system: 'http://loinc.org', code: '8302-2', text: 'Body Height' }, { text: 'Body Height' }],
      ],
      [
        'quantitiesOf',
        'value-quantity',
        [{ value: '177.4', system: 'http://unitsofmeasure.org', code: 'cm', unit: 'cm' }],
      ],
      ['datesOf', 'date', [{ lo: 1340573971000, hi: 1340573972000 }]],
      ['referencesOf', 'encounter', [{ url: 'urn:uuid:77f01c69-ac5f-b9d2-afda-fc42cbc5608f' }]],
      ['tokensOf', 'component-code', []],
    ],
  ],
]

for (const [folder, type, containing, params] of expected) {
  t.test(`${type} ${containing}: what is extracted is what stands in it`, { skip: missing }, async t => {
    const resource = example(folder, type, containing)
    for (const [kind, param, values] of params) t.same(extract[kind](type, param, resource), values, `${kind} ${param}`)
  })
}
