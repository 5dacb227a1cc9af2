import { date, reference, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/servicerequest.html */
export default define({
  type: 'ServiceRequest',
  topic: 'record',
  words: '{your} referrals, and tests that were asked for',
  // HL7 adds `performer`: who is asked to do it does not own it.
  compartment: ['subject'],
  may: patientReads,
  search: {
    authored: date('main'),
    'based-on': reference(),
    'body-site': token(),
    category: token(),
    code: token(),
    encounter: reference(),
    identifier: token('keys'),
    'instantiates-canonical': reference(),
    'instantiates-uri': uri(),
    intent: token(),
    occurrence: date(),
    patient: reference('patient'),
    performer: reference(),
    'performer-type': token(),
    priority: token(),
    replaces: reference(),
    requester: reference(),
    requisition: token('keys'),
    specimen: reference(),
    status: token(),
    subject: reference('patient'),
  },
  release: recordRelease,
})
