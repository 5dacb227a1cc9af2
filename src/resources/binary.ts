import { define, patientReads } from './definition.ts'

/** https://hl7.org/fhir/R4/binary.html */
export default define({
  type: 'Binary',
  topic: 'shared',
  compartment: 'referrers',
  native: true,
  may: patientReads,
  search: {},
})
