import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/provenance.html */
export default define({
  type: 'Provenance',
  topic: 'record',
  words: 'where parts of {your} record came from',
  compartment: ['patient'],
  severalPatients: true,
  may: patientReads,
  search: {
    agent: reference(),
    'agent-role': token(),
    'agent-type': token(),
    entity: reference(),
    location: reference(),
    patient: reference('patient'),
    recorded: date('main'),
    'signature-type': token(),
    target: reference(),
    when: date(),
  },
  release: recordRelease,
  follows: 'target',
})
