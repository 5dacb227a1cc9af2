import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/allergyintolerance.html */
export default define({
  type: 'AllergyIntolerance',
  topic: 'record',
  words: '{your} allergies and intolerances',
  // HL7 adds `recorder` and `asserter`: who reports it does not own it.
  compartment: ['patient'],
  may: patientReads,
  profiles: ipa('allergyintolerance'),
  combinations: [['patient', 'clinical-status']],
  search: {
    asserter: reference(),
    category: token(),
    'clinical-status': token(),
    code: token(),
    criticality: token(),
    date: date('main'),
    identifier: token('keys'),
    'last-date': date(),
    manifestation: token(),
    onset: date(),
    patient: reference('patient'),
    recorder: reference(),
    route: token(),
    severity: token(),
    type: token(),
    'verification-status': token(),
  },
  release: recordRelease,
})
