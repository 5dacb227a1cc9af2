import { parseJson, stringifyJson } from '../fhir/json.ts'
import { invalid } from '../fhir/outcome.ts'
import { parseQuery, type Searchable } from '../fhir/query.ts'
import { checkResults, DEFAULT_RESULTS } from '../fhir/result-params.ts'
import { isWhole, type Shown, subset } from '../fhir/subset.ts'
import type { Json } from '../fhir/types.ts'
import type { Call } from './call.ts'
import { searchableOf } from './searchable.ts'

/** As much of a stored text as is to be shown: only for a part of it has it to be taken apart. */
export const cutText = (content: string, shown: Shown, depth: number): string =>
  isWhole(shown) ? content : stringifyJson(subset(parseJson(content, { depth }).value as Json, shown))

/**
 * How much of each resource is shown, by what says so among the parameters, https://hl7.org/fhir/R4/http.html#summary
 * @throws FhirError 400 for what is no summary and no element
 */
export function shownOf(params: Call['params'], searchable: Searchable): Shown {
  const asked = params.filter(([name]) => name === '_summary' || name === '_elements')
  if (asked.length === 0) return DEFAULT_RESULTS
  const results = parseQuery(asked, searchable)
  checkResults(results)
  return results
}

/** What a read shows of a resource. @throws FhirError 400 */
export function shownBy({ params, definition, server }: Pick<Call, 'params' | 'definition' | 'server'>): Shown {
  const shown = shownOf(params, searchableOf(definition, server.base))
  if (shown.summary === 'count') throw invalid('_summary=count is for searches: there is nothing to count here')
  return shown
}
