// Eve's record as International Patient Access describes it, and somebody else's.
import type { Json } from '../../src/fhir/types.ts'

/** The types that International Patient Access has profiles of. */
export const IPA_TYPES = [
  'AllergyIntolerance',
  'Condition',
  'DocumentReference',
  'Immunization',
  'Medication',
  'MedicationRequest',
  'MedicationStatement',
  'Observation',
  'Patient',
  'Practitioner',
  'PractitionerRole',
]

const EVE = { reference: 'Patient/eve' }
const WITHHELD = { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code: 'SWTH' }] }
const coded = (system: string, code: string, text?: string): Json => ({
  coding: [{ system, code }],
  ...(text === undefined ? {} : { text }),
})
const hl7 = (name: string, code: string): Json => coded(`http://terminology.hl7.org/CodeSystem/${name}`, code)
const profile = (name: string): Json => ({
  meta: { profile: [`http://hl7.org/fhir/uv/ipa/StructureDefinition/ipa-${name}`] },
})

const PEOPLE: readonly Json[] = [
  {
    resourceType: 'Patient',
    id: 'eve',
    ...profile('patient'),
    identifier: [{ system: 'urn:oid:1.2.3', value: 'E-1' }],
    active: true,
    name: [{ text: 'Eve Everett', family: 'Everett', given: ['Eve'] }],
    gender: 'female',
    birthDate: '1980-05-06',
    link: [{ other: { reference: 'Patient/eve-old' }, type: 'replaces' }],
  },
  {
    resourceType: 'Patient',
    id: 'eve-old',
    identifier: [{ system: 'urn:oid:1.2.3', value: 'E-1-old' }],
    active: false,
    name: [{ text: 'E. Everett' }],
    link: [{ other: EVE, type: 'replaced-by' }],
  },
  { resourceType: 'Patient', id: 'adam', name: [{ family: 'Everett', given: ['Adam'] }], gender: 'male' },
  { resourceType: 'Practitioner', id: 'seeger', ...profile('practitioner'), name: [{ text: 'Marty Seeger' }] },
  {
    resourceType: 'PractitionerRole',
    id: 'gp',
    ...profile('practitionerrole'),
    practitioner: { reference: 'Practitioner/seeger' },
  },
]

const observation = (id: string, category: string, code: Json, day: string, more: Json = {}): Json => ({
  resourceType: 'Observation',
  id,
  ...profile('observation'),
  status: 'final',
  category: [hl7('observation-category', category)],
  code,
  subject: EVE,
  effectiveDateTime: day,
  valueQuantity: { value: 140.5, unit: 'mmol/L' },
  ...more,
})

const SODIUM = coded('http://loinc.org', '2951-2', 'Sodium')
const OBSERVATIONS: readonly Json[] = [
  observation('sodium', 'laboratory', SODIUM, '2026-02-01'),
  observation('sodium-old', 'laboratory', SODIUM, '2025-02-01', { status: 'amended' }),
  observation('weight', 'vital-signs', coded('http://loinc.org', '29463-7'), '2026-02-02'),
  observation('withheld', 'laboratory', SODIUM, '2026-02-03', { meta: WITHHELD }),
  observation('of-adam', 'laboratory', SODIUM, '2026-02-01', { subject: { reference: 'Patient/adam' } }),
]

const RECORD: readonly Json[] = [
  {
    resourceType: 'AllergyIntolerance',
    id: 'nuts',
    ...profile('allergyintolerance'),
    clinicalStatus: hl7('allergyintolerance-clinical', 'active'),
    verificationStatus: hl7('allergyintolerance-verification', 'confirmed'),
    code: { text: 'Nuts' },
    patient: EVE,
  },
  {
    resourceType: 'Condition',
    id: 'asthma',
    ...profile('problem-list-item'),
    clinicalStatus: hl7('condition-clinical', 'active'),
    category: [hl7('condition-category', 'problem-list-item')],
    code: coded('http://snomed.info/sct', '195967001', 'Asthma'),
    subject: EVE,
    onsetDateTime: '2010-06',
  },
  {
    resourceType: 'Condition',
    id: 'fracture',
    ...profile('condition'),
    clinicalStatus: hl7('condition-clinical', 'resolved'),
    category: [hl7('condition-category', 'encounter-diagnosis')],
    code: { text: 'Fracture' },
    subject: EVE,
  },
  {
    resourceType: 'DocumentReference',
    id: 'letter',
    ...profile('documentreference'),
    status: 'current',
    type: coded('http://loinc.org', '11506-3'),
    category: [coded('http://loinc.org', '34109-9')],
    subject: EVE,
    date: '2026-02-03T10:00:00Z',
    author: [{ reference: 'Practitioner/seeger' }],
    content: [{ attachment: { contentType: 'text/html', url: 'Binary/letter' } }],
    context: { period: { start: '2026-02-01', end: '2026-02-02' } },
  },
  {
    resourceType: 'DocumentReference',
    id: 'summary',
    ...profile('documentreference'),
    status: 'superseded',
    type: coded('http://loinc.org', '34133-9'),
    subject: EVE,
    date: '2024-01-01T10:00:00Z',
    content: [{ attachment: { contentType: 'application/xml', url: 'Binary/summary' } }],
  },
  { resourceType: 'Binary', id: 'letter', contentType: 'text/html', data: 'PHA+PC9wPg==' },
  {
    resourceType: 'Immunization',
    id: 'flu',
    ...profile('immunization'),
    status: 'completed',
    vaccineCode: { text: 'Influenza' },
    patient: EVE,
    occurrenceDateTime: '2026-10-01',
  },
  { resourceType: 'Medication', id: 'salbutamol', ...profile('medication'), code: { text: 'Salbutamol' } },
  {
    resourceType: 'MedicationRequest',
    id: 'inhaler',
    ...profile('medicationrequest'),
    status: 'active',
    intent: 'order',
    medicationReference: { reference: 'Medication/salbutamol' },
    subject: EVE,
    authoredOn: '2026-03-04',
  },
  {
    resourceType: 'MedicationStatement',
    id: 'taking',
    ...profile('medicationstatement'),
    status: 'active',
    medicationReference: { reference: 'Medication/salbutamol' },
    subject: EVE,
    effectiveDateTime: '2026-03-05',
  },
]

const provenanceOf = (id: string, ...targets: string[]): Json => ({
  resourceType: 'Provenance',
  id,
  target: targets.map(reference => ({ reference })),
  recorded: '2026-03-05T10:00:00Z',
  agent: [{ who: { reference: 'Practitioner/seeger' } }],
})

/** One Provenance of each type; what is everybody's is hers together with her. */
const PROVENANCES: readonly Json[] = [
  ...IPA_TYPES.map(type => {
    const about = [...PEOPLE, ...OBSERVATIONS, ...RECORD].find(({ resourceType }) => resourceType === type)
    const isShared = ['Medication', 'Practitioner', 'PractitionerRole'].includes(type)
    return provenanceOf(`of-${type}`, `${type}/${about?.id}`, ...(isShared ? ['Patient/eve'] : []))
  }),
  provenanceOf('of-adams', 'Observation/of-adam'),
]

const NOT_EVES = new Set(['eve-old', 'adam', 'of-adam', 'withheld'])

/** All of them, those that Eve's app may not see among them. */
export const IPA_RECORDS: readonly Json[] = [...PEOPLE, ...OBSERVATIONS, ...RECORD, ...PROVENANCES]

/** Whether it is hers to see. */
export const isEves = ({ id }: Json): boolean => !NOT_EVES.has(String(id))
