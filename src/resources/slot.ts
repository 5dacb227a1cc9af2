import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/slot.html */
export default define({
  type: 'Slot',
  topic: 'shared',
  words: 'free times of clinics',
  compartment: 'shared',
  may: patientReads,
  // A clinic that does not take place takes all of its slots along.
  conditionalDelete: 'multiple',
  search: {
    'appointment-type': token(),
    identifier: token('keys'),
    schedule: reference(),
    'service-category': token(),
    'service-type': token(),
    specialty: token(),
    start: date('main'),
    status: token(),
  },
})
