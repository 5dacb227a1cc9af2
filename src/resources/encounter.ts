import { date, quantity, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/encounter.html */
export default define({
  type: 'Encounter',
  topic: 'record',
  words: '{your} visits and hospital stays',
  compartment: ['subject'],
  may: patientReads,
  search: {
    account: reference(),
    appointment: reference(),
    'based-on': reference(),
    class: token(),
    date: date('main'),
    diagnosis: reference(),
    'episode-of-care': reference(),
    identifier: token('keys'),
    length: quantity(),
    location: reference(),
    'location-period': date(),
    'part-of': reference(),
    participant: reference(),
    'participant-type': token(),
    patient: reference('patient'),
    practitioner: reference(),
    'reason-code': token(),
    'reason-reference': reference(),
    'service-provider': reference(),
    'special-arrangement': token(),
    status: token(),
    subject: reference('patient'),
    type: token(),
  },
  release: recordRelease,
})
