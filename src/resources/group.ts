import { composite, reference, token } from '../fhir/search.ts'
import { define, everything } from './definition.ts'

/** https://hl7.org/fhir/R4/group.html */
export default define({
  type: 'Group',
  topic: 'record',
  words: 'groups of patients',
  // HL7 says `member`; a Group names other patients, so no patient sees one.
  compartment: 'none',
  may: { engine: everything },
  search: {
    actual: token(),
    characteristic: token(),
    'characteristic-value': composite('characteristic', 'value'),
    code: token(),
    exclude: token(),
    identifier: token('keys'),
    'managing-entity': reference(),
    member: reference(),
    type: token(),
    value: token(),
  },
})
