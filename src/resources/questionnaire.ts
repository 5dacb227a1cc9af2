import { composite, date, quantity, string, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/questionnaire.html */
export default define({
  type: 'Questionnaire',
  topic: 'shared',
  words: 'the questions of questionnaires',
  compartment: 'shared',
  may: patientReads,
  search: {
    code: token(),
    context: token(),
    'context-quantity': quantity(),
    'context-type': token(),
    'context-type-quantity': composite('context-type', 'context-quantity'),
    'context-type-value': composite('context-type', 'context'),
    date: date('main'),
    definition: uri(),
    description: string(),
    effective: date(),
    identifier: token('keys'),
    jurisdiction: token(),
    name: string(),
    publisher: string(),
    status: token(),
    'subject-type': token(),
    title: string(),
    url: uri(),
    version: token('keys'),
  },
})
