import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/goal.html */
export default define({
  type: 'Goal',
  topic: 'record',
  words: '{your} health goals',
  compartment: ['patient'],
  may: patientReads,
  search: {
    'achievement-status': token(),
    category: token(),
    identifier: token('keys'),
    'lifecycle-status': token(),
    patient: reference('patient'),
    'start-date': date('main'),
    subject: reference('patient'),
    'target-date': date(),
  },
  release: recordRelease,
})
