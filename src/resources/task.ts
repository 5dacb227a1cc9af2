import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/task.html */
export default define({
  type: 'Task',
  topic: 'record',
  words: '{your} requests to the hospital, and what came of them',
  // Pure R4 has no Task in the Patient compartment; `Task.for` says whose it is.
  compartment: ['patient'],
  may: patientReads,
  search: {
    'authored-on': date('main'),
    'based-on': reference(),
    'business-status': token(),
    code: token(),
    encounter: reference(),
    focus: reference(),
    'group-identifier': token('keys'),
    identifier: token('keys'),
    intent: token(),
    modified: date(),
    owner: reference(),
    'part-of': reference(),
    patient: reference('patient'),
    performer: token(),
    period: date(),
    priority: token(),
    requester: reference(),
    status: token(),
    subject: reference(),
  },
  release: recordRelease,
})
