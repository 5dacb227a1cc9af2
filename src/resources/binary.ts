import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/binary.html */
export default define({
  type: 'Binary',
  topic: 'shared',
  words: 'the content of {your} documents and attachments',
  compartment: 'referrers',
  native: true,
  may: patientReads,
  search: {},
})
