import { reference, string, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/device.html */
export default define({
  type: 'Device',
  topic: 'record',
  words: '{your} implants and medical devices',
  // Pure R4 has no Device in the Patient compartment; `Device.patient` says whose it is.
  compartment: ['patient'],
  may: patientReads,
  search: {
    'device-name': string(),
    identifier: token('keys'),
    location: reference(),
    manufacturer: string(),
    model: string(),
    organization: reference(),
    patient: reference('patient'),
    status: token(),
    type: token(),
    'udi-carrier': string(),
    'udi-di': string(),
    url: uri(),
  },
  release: recordRelease,
})
