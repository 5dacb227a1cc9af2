import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/careteam.html */
export default define({
  type: 'CareTeam',
  topic: 'record',
  words: 'who is in {your} care team',
  // HL7 adds `participant`: who helps care for somebody does not own it.
  compartment: ['patient'],
  may: patientReads,
  search: {
    category: token(),
    date: date('main'),
    encounter: reference(),
    identifier: token('keys'),
    participant: reference(),
    patient: reference('patient'),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
