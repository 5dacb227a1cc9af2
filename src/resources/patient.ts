import { date, reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'

/** https://hl7.org/fhir/R4/patient.html */
export default define({
  type: 'Patient',
  topic: 'shared',
  words: '{your} name, date of birth, address and contact details',
  // HL7 adds `link`: another Patient that points here is another record until it is merged.
  compartment: 'self',
  may: patientReads,
  profiles: ipa('patient'),
  combinations: [
    ['family', 'gender'],
    ['birthdate', 'family'],
    ['birthdate', 'name'],
    ['gender', 'name'],
  ],
  endsReach: ({ deceasedBoolean, deceasedDateTime }) => deceasedBoolean === true || deceasedDateTime !== undefined,
  search: {
    active: token(),
    address: string(),
    'address-city': string(),
    'address-country': string(),
    'address-postalcode': string(),
    'address-state': string(),
    'address-use': token(),
    birthdate: date('main'),
    'death-date': date(),
    deceased: token(),
    email: token('keys'),
    family: string(),
    gender: token(),
    'general-practitioner': reference(),
    given: string(),
    identifier: token('keys'),
    language: token(),
    link: reference(),
    name: string(),
    organization: reference(),
    phone: token('keys'),
    phonetic: string(),
    telecom: token('keys'),
  },
})
