import { date, reference, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/careplan.html */
export default define({
  type: 'CarePlan',
  topic: 'record',
  words: '{your} care plans',
  // HL7 adds `performer`: who helps carry it out does not own it.
  compartment: ['patient'],
  may: patientReads,
  search: {
    'activity-code': token(),
    'activity-date': date(),
    'activity-reference': reference(),
    'based-on': reference(),
    'care-team': reference(),
    category: token(),
    condition: reference(),
    date: date('main'),
    encounter: reference(),
    goal: reference(),
    identifier: token('keys'),
    'instantiates-canonical': reference(),
    'instantiates-uri': uri(),
    intent: token(),
    'part-of': reference(),
    patient: reference('patient'),
    performer: reference(),
    replaces: reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
