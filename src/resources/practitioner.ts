import { string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'

/** https://hl7.org/fhir/R4/practitioner.html */
export default define({
  type: 'Practitioner',
  topic: 'shared',
  words: 'the names of the staff who look after {you}',
  compartment: 'shared',
  may: patientReads,
  profiles: ipa('practitioner'),
  search: {
    active: token(),
    address: string(),
    'address-city': string(),
    'address-country': string(),
    'address-postalcode': string(),
    'address-state': string(),
    'address-use': token(),
    communication: token(),
    email: token('keys'),
    family: string(),
    gender: token(),
    given: string(),
    identifier: token('keys'),
    name: string(),
    phone: token('keys'),
    phonetic: string(),
    telecom: token('keys'),
  },
})
