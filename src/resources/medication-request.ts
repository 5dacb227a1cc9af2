import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/medicationrequest.html */
export default define({
  type: 'MedicationRequest',
  topic: 'record',
  words: '{your} prescriptions',
  compartment: ['subject'],
  may: patientReads,
  profiles: ipa('medicationrequest'),
  combinations: [
    ['patient', 'intent'],
    ['patient', 'intent', 'authoredon'],
    ['patient', 'intent', 'status'],
  ],
  search: {
    authoredon: date('main'),
    category: token(),
    code: token(),
    date: date(),
    encounter: reference(),
    identifier: token('keys'),
    'intended-dispenser': reference(),
    'intended-performer': reference(),
    'intended-performertype': token(),
    intent: token(),
    medication: reference(),
    patient: reference('patient'),
    priority: token(),
    requester: reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
