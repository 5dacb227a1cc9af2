import type { Issue } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import { lookUp, type Question } from '../../validation/terminology/look-up.ts'

const NAMES: Readonly<Record<string, string>> = {
  'http://snomed.info/sct': 'SNOMED CT',
  'http://loinc.org': 'LOINC',
}
const MOST_NAMED = 10

/**
 * What was not looked up, said once and not for each code, so that nobody takes silence for agreement:
 * https://hl7.org/fhir/R4/terminologies.html#strength
 */
function notLookedUp(questions: readonly Question[]): Issue[] {
  const systems = new Set(questions.flatMap(({ codings }) => codings.map(({ system }) => system || 'no system')))
  if (systems.size === 0) return []
  const named = [...systems].slice(0, MOST_NAMED).map(system => NAMES[system] ?? system.slice(0, 100))
  const more = systems.size > MOST_NAMED ? ` and of ${systems.size - MOST_NAMED} more` : ''
  const text = `Not looked up were the codes of ${named.join(', ')}${more}: their lists are not here`
  return [{ severity: 'information', code: 'not-supported', text }]
}

/** What `$validate` says of the codes of a resource, and of those that it could not look up. */
export function codeIssues(resource: Json): Issue[] {
  const { issues, questions } = lookUp(resource)
  return [...issues, ...notLookedUp(questions)]
}
