import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/questionnaireresponse.html */
export default define({
  type: 'QuestionnaireResponse',
  topic: 'record',
  words: '{your} answers to questionnaires',
  // HL7 adds `author`: who answers for somebody does not own it.
  compartment: ['subject'],
  may: patientReads,
  search: {
    author: reference(),
    authored: date('main'),
    'based-on': reference(),
    encounter: reference(),
    identifier: token('keys'),
    'part-of': reference(),
    patient: reference('patient'),
    questionnaire: reference(),
    source: reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
