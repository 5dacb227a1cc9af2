import { date, either, quantity, reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { resultRelease } from './release.ts'

/** https://hl7.org/fhir/R4/observation.html */
export default define({
  type: 'Observation',
  topic: 'results',
  // HL7 adds `performer`: who reports a value about somebody does not own it. `focus` never makes it hers.
  compartment: ['subject'],
  may: patientReads,
  search: {
    'based-on': reference(),
    category: token(),
    code: token(),
    'combo-code': either('token', 'code', 'component-code'),
    'combo-data-absent-reason': either('token', 'data-absent-reason', 'component-data-absent-reason'),
    'combo-value-concept': either('token', 'value-concept', 'component-value-concept'),
    'combo-value-quantity': either('quantity', 'value-quantity', 'component-value-quantity'),
    'component-code': token(),
    'component-data-absent-reason': token(),
    'component-value-concept': token(),
    'component-value-quantity': quantity(),
    'data-absent-reason': token(),
    date: date('main'),
    'derived-from': reference(),
    device: reference(),
    encounter: reference(),
    focus: reference(),
    'has-member': reference(),
    identifier: token('keys'),
    method: token(),
    'part-of': reference(),
    patient: reference('patient'),
    performer: reference(),
    specimen: reference(),
    status: token(),
    subject: reference('patient'),
    'value-concept': token(),
    'value-date': date(),
    'value-quantity': quantity(),
    'value-string': string(),
  },
  release: resultRelease,
  releasedWith: { type: 'DiagnosticReport', param: 'result' },
})
