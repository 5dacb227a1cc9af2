import { reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/healthcareservice.html */
export default define({
  type: 'HealthcareService',
  topic: 'shared',
  words: 'the clinics and services that look after {you}',
  compartment: 'shared',
  may: patientReads,
  search: {
    active: token(),
    characteristic: token(),
    'coverage-area': reference(),
    endpoint: reference(),
    identifier: token('keys'),
    location: reference(),
    name: string(),
    organization: reference(),
    program: token(),
    'service-category': token(),
    'service-type': token(),
    specialty: token(),
  },
})
