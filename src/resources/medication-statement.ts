import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/medicationstatement.html */
export default define({
  type: 'MedicationStatement',
  topic: 'record',
  words: '{your} medicines',
  compartment: ['subject'],
  may: patientReads,
  profiles: ipa('medicationstatement'),
  combinations: [['patient', 'status']],
  search: {
    category: token(),
    code: token(),
    context: reference(),
    effective: date('main'),
    identifier: token('keys'),
    medication: reference(),
    'part-of': reference(),
    patient: reference('patient'),
    source: reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
