import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'

/** https://hl7.org/fhir/R4/practitionerrole.html */
export default define({
  type: 'PractitionerRole',
  topic: 'shared',
  words: 'the roles of the staff who look after {you}',
  compartment: 'shared',
  may: patientReads,
  profiles: ipa('practitionerrole'),
  search: {
    active: token(),
    date: date('main'),
    email: token('keys'),
    endpoint: reference(),
    identifier: token('keys'),
    location: reference(),
    organization: reference(),
    phone: token('keys'),
    practitioner: reference(),
    role: token(),
    service: reference(),
    specialty: token(),
    telecom: token('keys'),
  },
})
