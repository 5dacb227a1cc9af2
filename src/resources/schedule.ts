import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/schedule.html */
export default define({
  type: 'Schedule',
  topic: 'shared',
  words: 'when clinics are open',
  // HL7 says `actor`; a Schedule that names a Patient is hers alone, see `shared`.
  compartment: 'shared',
  may: patientReads,
  search: {
    active: token(),
    actor: reference(),
    date: date('main'),
    identifier: token('keys'),
    'service-category': token(),
    'service-type': token(),
    specialty: token(),
  },
})
