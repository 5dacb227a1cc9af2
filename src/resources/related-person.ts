import { date, reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/relatedperson.html */
export default define({
  type: 'RelatedPerson',
  topic: 'record',
  words: 'the people close to {you}, such as family and carers',
  compartment: ['patient'],
  may: patientReads,
  search: {
    active: token(),
    address: string(),
    'address-city': string(),
    'address-country': string(),
    'address-postalcode': string(),
    'address-state': string(),
    'address-use': token(),
    birthdate: date('main'),
    email: token('keys'),
    gender: token(),
    identifier: token('keys'),
    name: string(),
    patient: reference('patient'),
    phone: token('keys'),
    phonetic: string(),
    relationship: token(),
    telecom: token('keys'),
  },
  release: recordRelease,
})
