import { reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/coverage.html */
export default define({
  type: 'Coverage',
  topic: 'record',
  words: 'how {your} care is paid for',
  // HL7 adds `policy-holder`, `subscriber` and `payor`: who pays does not own it.
  compartment: ['beneficiary'],
  may: patientReads,
  search: {
    beneficiary: reference('patient'),
    'class-type': token(),
    'class-value': string(),
    dependent: string(),
    identifier: token('keys'),
    patient: reference('patient'),
    payor: reference(),
    'policy-holder': reference(),
    status: token(),
    subscriber: reference(),
    type: token(),
  },
  release: recordRelease,
})
