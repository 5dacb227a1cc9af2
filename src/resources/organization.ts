import { reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/organization.html */
export default define({
  type: 'Organization',
  topic: 'shared',
  words: 'the organisations that look after {you}',
  compartment: 'shared',
  may: patientReads,
  search: {
    active: token(),
    address: string(),
    'address-city': string(),
    'address-country': string(),
    'address-postalcode': string(),
    'address-state': string(),
    'address-use': token(),
    endpoint: reference(),
    identifier: token('keys'),
    name: string(),
    partof: reference(),
    phonetic: string(),
    type: token(),
  },
})
