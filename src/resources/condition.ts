import { date, quantity, reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/condition.html */
export default define({
  type: 'Condition',
  topic: 'record',
  words: '{your} conditions, diagnoses and health problems',
  kinds: {
    category: {
      'problem-list-item': 'the health problems on {your} problem list',
      'encounter-diagnosis': 'the diagnoses of {your} visits',
      'health-concern': '{your} health concerns',
    },
  },
  // HL7 adds `asserter`: who reports it does not own it.
  compartment: ['patient'],
  may: patientReads,
  profiles: ipa('condition', 'problem-list-item'),
  combinations: [
    ['patient', 'clinical-status'],
    ['patient', 'category'],
    ['patient', 'category', 'clinical-status'],
    ['patient', 'code'],
    ['patient', 'onset-date'],
  ],
  search: {
    'abatement-age': quantity(),
    'abatement-date': date(),
    'abatement-string': string(),
    asserter: reference(),
    'body-site': token(),
    category: token(),
    'clinical-status': token(),
    code: token(),
    encounter: reference(),
    evidence: token(),
    'evidence-detail': reference(),
    identifier: token('keys'),
    'onset-age': quantity(),
    'onset-date': date(),
    'onset-info': string(),
    patient: reference('patient'),
    'recorded-date': date('main'),
    severity: token(),
    stage: token(),
    subject: reference('patient'),
    'verification-status': token(),
  },
  release: recordRelease,
})
