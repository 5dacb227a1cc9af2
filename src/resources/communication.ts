import { date, reference, token, uri } from '../fhir/search.ts'
import { define, patientReads } from './definition.ts'
import { messageRelease } from './release.ts'

/** https://hl7.org/fhir/R4/communication.html */
export default define({
  type: 'Communication',
  topic: 'messages',
  words: '{your} messages with the care team',
  // HL7 adds `sender` and `recipient`: a message about one patient may be sent to another person.
  compartment: ['subject'],
  may: patientReads,
  search: {
    'based-on': reference(),
    category: token(),
    encounter: reference(),
    identifier: token('keys'),
    'instantiates-canonical': reference(),
    'instantiates-uri': uri(),
    medium: token(),
    'part-of': reference(),
    patient: reference('patient'),
    received: date(),
    recipient: reference(),
    sender: reference(),
    sent: date('main'),
    status: token(),
    subject: reference('patient'),
  },
  release: messageRelease,
})
