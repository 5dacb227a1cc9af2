import { reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/location.html */
export default define({
  type: 'Location',
  topic: 'shared',
  words: 'the places where {you} had or will have care',
  compartment: 'shared',
  may: patientReads,
  search: {
    address: string(),
    'address-city': string(),
    'address-country': string(),
    'address-postalcode': string(),
    'address-state': string(),
    'address-use': token(),
    endpoint: reference(),
    identifier: token('keys'),
    name: string(),
    'operational-status': token(),
    organization: reference(),
    partof: reference(),
    status: token(),
    type: token(),
  },
})
