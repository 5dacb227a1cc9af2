import { date, reference, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/procedure.html */
export default define({
  type: 'Procedure',
  topic: 'record',
  words: '{your} operations and procedures',
  // HL7 adds `performer`: who did it does not own it.
  compartment: ['patient'],
  may: patientReads,
  search: {
    'based-on': reference(),
    category: token(),
    code: token(),
    date: date('main'),
    encounter: reference(),
    identifier: token('keys'),
    'instantiates-canonical': reference(),
    'instantiates-uri': uri(),
    location: reference(),
    'part-of': reference(),
    patient: reference('patient'),
    performer: reference(),
    'reason-code': token(),
    'reason-reference': reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
