import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { resultRelease } from './release.ts'

/** https://hl7.org/fhir/R4/diagnosticreport.html */
export default define({
  type: 'DiagnosticReport',
  topic: 'results',
  words: '{your} test reports',
  kinds: { category: { LAB: '{your} laboratory reports', RAD: '{your} reports of scans and X-rays' } },
  compartment: ['subject'],
  may: patientReads,
  search: {
    'based-on': reference(),
    category: token(),
    code: token(),
    conclusion: token(),
    date: date('main'),
    encounter: reference(),
    identifier: token('keys'),
    issued: date(),
    media: reference(),
    patient: reference('patient'),
    performer: reference(),
    result: reference(),
    'results-interpreter': reference(),
    specimen: reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: resultRelease,
  currentOnly: true,
})
