import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/specimen.html */
export default define({
  type: 'Specimen',
  topic: 'record',
  words: '{your} samples, such as blood',
  compartment: ['subject'],
  may: patientReads,
  search: {
    accession: token('keys'),
    bodysite: token(),
    collected: date('main'),
    collector: reference(),
    container: token(),
    'container-id': token('keys'),
    identifier: token('keys'),
    parent: reference(),
    patient: reference('patient'),
    status: token(),
    subject: reference('patient'),
    type: token(),
  },
  release: recordRelease,
})
