import { date, reference, token } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { proxyGrants } from './proxy-consent.ts'
import { recordRelease } from './release.ts'

/** https://hl7.org/fhir/R4/consent.html */
export default define({
  type: 'Consent',
  topic: 'record',
  words: 'decisions about who may act for {you}',
  compartment: ['patient'],
  may: patientReads,
  search: {
    action: token(),
    actor: reference(),
    category: token(),
    consentor: reference(),
    data: reference(),
    date: date('main'),
    identifier: token('keys'),
    organization: reference(),
    patient: reference('patient'),
    period: date(),
    purpose: token(),
    scope: token(),
    'security-label': token(),
    'source-reference': reference(),
    status: token(),
  },
  release: recordRelease,
  grants: proxyGrants,
})
