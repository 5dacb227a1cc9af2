import type { Issue } from '../../fhir/outcome.ts'

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** Whether there is a code of some system anywhere: a Coding, or a Quantity with its unit. */
function hasCode(value: unknown): boolean {
  if (!isObject(value)) return false
  if ('system' in value && 'code' in value) return true
  return Object.values(value).some(hasCode)
}

/**
 * What was not looked at, said once and not for each code, so that nobody takes silence for agreement:
 * https://hl7.org/fhir/R4/terminologies.html#strength
 */
export function uncheckedCodes(resource: unknown): Issue[] {
  if (!hasCode(resource)) return []
  const text =
    'Codes were checked against required value sets only: extensible and preferred ones were not looked at, and no code of ' +
    'SNOMED CT, LOINC, UCUM or another code system was looked up'
  return [{ severity: 'information', code: 'not-supported', text }]
}
