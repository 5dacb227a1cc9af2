import { date, reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/list.html */
export default define({
  type: 'List',
  topic: 'record',
  words: '{your} lists, such as of problems or medicines',
  // HL7 adds `source`: who made the list does not own it.
  compartment: ['subject'],
  may: patientReads,
  search: {
    code: token(),
    date: date('main'),
    'empty-reason': token(),
    encounter: reference(),
    identifier: token('keys'),
    item: reference(),
    notes: string(),
    patient: reference('patient'),
    source: reference(),
    status: token(),
    subject: reference('patient'),
    title: string(),
  },
  release: recordRelease,
})
