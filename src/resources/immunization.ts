import { date, reference, string, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { ipa } from './international-patient-access.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/immunization.html */
export default define({
  type: 'Immunization',
  topic: 'record',
  words: '{your} vaccinations',
  compartment: ['patient'],
  may: patientReads,
  profiles: ipa('immunization'),
  combinations: [
    ['patient', 'date'],
    ['patient', 'status'],
  ],
  search: {
    date: date('main'),
    identifier: token('keys'),
    location: reference(),
    'lot-number': string(),
    manufacturer: reference(),
    patient: reference('patient'),
    performer: reference(),
    reaction: reference(),
    'reaction-date': date(),
    'reason-code': token(),
    'reason-reference': reference(),
    series: string(),
    status: token(),
    'status-reason': token(),
    'target-disease': token(),
    'vaccine-code': token(),
  },
  release: recordRelease,
})
