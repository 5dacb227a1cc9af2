import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'

/** https://hl7.org/fhir/R4/medication.html */
export default define({
  type: 'Medication',
  topic: 'shared',
  words: 'the medicines that {your} record names',
  compartment: 'shared',
  may: patientReads,
  profiles: ipa('medication'),
  search: {
    code: token(),
    'expiration-date': date(),
    form: token(),
    identifier: token('keys'),
    ingredient: reference(),
    'ingredient-code': token(),
    'lot-number': token('keys'),
    manufacturer: reference(),
    status: token(),
  },
})
