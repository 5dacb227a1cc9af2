import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/medication.html */
export default define({
  type: 'Medication',
  topic: 'shared',
  compartment: 'shared',
  may: patientReads,
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
