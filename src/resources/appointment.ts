import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/appointment.html */
export default define({
  type: 'Appointment',
  topic: 'appointments',
  words: '{your} appointments',
  // HL7 says `actor`; of the actors only the Patient makes it hers.
  compartment: ['patient'],
  severalPatients: true,
  may: patientReads,
  search: {
    actor: reference('patient'),
    'appointment-type': token(),
    'based-on': reference(),
    date: date('main'),
    identifier: token('keys'),
    location: reference(),
    'part-status': token(),
    patient: reference('patient'),
    practitioner: reference(),
    'reason-code': token(),
    'reason-reference': reference(),
    'service-category': token(),
    'service-type': token(),
    slot: reference(),
    specialty: token(),
    status: token(),
    'supporting-info': reference(),
  },
  release: recordRelease,
})
