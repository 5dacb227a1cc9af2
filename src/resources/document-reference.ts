import { composite, date, reference, string, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'
import { documentRelease } from './release.ts'

/** https://hl7.org/fhir/R4/documentreference.html */
export default define({
  type: 'DocumentReference',
  topic: 'letters',
  words: '{your} letters and documents',
  kinds: { category: { 'clinical-note': 'the notes that staff wrote about {you}' } },
  // HL7 adds `author`: who wrote about somebody does not own it.
  compartment: ['subject'],
  may: patientReads,
  profiles: ipa('documentreference'),
  combinations: [
    ['patient', 'category'],
    ['patient', 'category', 'date'],
    ['patient', 'type'],
    ['patient', 'contenttype'],
    ['patient', 'status'],
    ['patient', 'type', 'date'],
    ['patient', 'type', 'period'],
  ],
  search: {
    authenticator: reference(),
    author: reference(),
    category: token(),
    contenttype: token(),
    custodian: reference(),
    date: date('main'),
    description: string(),
    encounter: reference(),
    event: token(),
    facility: token(),
    format: token(),
    identifier: token('keys'),
    language: token(),
    location: uri(),
    patient: reference('patient'),
    period: date(),
    related: reference(),
    relatesto: reference(),
    relation: token(),
    // R4 names `relatesto` first and gives it the path of `relation`: a slip that R5 mends. The names count.
    relationship: composite('relatesto', 'relation'),
    'security-label': token(),
    setting: token(),
    status: token(),
    subject: reference('patient'),
    type: token(),
  },
  release: documentRelease,
})
