import { FhirError, invalid } from './outcome.ts'
import { type Clause, parseClause, unknownParameter, valuesOf } from './query-clause.ts'
import { DEFAULT_RESULTS, type Results, readResult } from './result-params.ts'
import type { SearchParam } from './search.ts'

export type { Clause, Link } from './query-clause.ts'

/** A search as it was understood, https://hl7.org/fhir/R4/search.html */
export type Query = Results & {
  readonly clauses: readonly Clause[]
  /** The parameters that were really used, as they were given: what the self link lists. */
  readonly used: readonly (readonly [string, string])[]
  /** With `Prefer: handling=lenient`: the names that were not known and were ignored. */
  readonly ignored: readonly string[]
}

/** What a type lets a search say: its parameters, the types a reference may name, and the includes. */
export type Searchable = {
  readonly type: string
  readonly search: Readonly<Record<string, SearchParam>>
  readonly targets: (param: string) => readonly string[]
  /** The reference parameters of a served type, for `_include` and `_revinclude`; nothing for a type not served. */
  readonly references: (type: string) => readonly string[] | undefined
  /** What another type lets a search say, for chains and `_has`; nothing for a type not served. */
  readonly of: (type: string) => Searchable | undefined
  /** The origin and path that references of this server may carry. */
  readonly base: string
}

/** What says one thing of the answer. */
const ONCE = ['_count', '_summary', '_total']

/** More conditions and includes than anybody means, and few enough to be planned in no time. */
const MOST_PARAMETERS = 50
const MOST_VALUES = 2000

/**
 * Reads the parameters of a search (https://hl7.org/fhir/R4/search.html). Strict: what is not known is refused, or with
 * `lenient` ignored and said so.
 * @throws FhirError 400 that quotes the parameter and says what would be right
 */
export function parseQuery(
  params: Iterable<readonly [string, string]>,
  searchable: Searchable,
  { lenient = false } = {},
): Query {
  const results = { ...DEFAULT_RESULTS }
  const clauses: Clause[] = []
  const used: [string, string][] = []
  const ignored: string[] = []
  let values = 0
  const read = (name: string, value: string): void => {
    if (ONCE.includes(name) && used.some(([other, before]) => other === name && before !== value))
      throw invalid(`${name} is there twice, with different values`)
    if (value === '') throw invalid(`The search parameter "${name.slice(0, 60)}" has no value`)
    if (!readResult(results, name, value, searchable)) {
      const clause = parseClause(name, value, searchable)
      if (!clause && !lenient) throw unknownParameter(name, searchable)
      if (!clause) ignored.push(name)
      else clauses.push(clause)
      if (!clause) return
      values += valuesOf(clause)
    }
    used.push([name, value])
    if (used.length > MOST_PARAMETERS)
      throw invalid(`A search has at most ${MOST_PARAMETERS} parameters`, undefined, 'too-costly')
    if (values > MOST_VALUES)
      throw invalid(`A search has at most ${MOST_VALUES} values, over all its parameters`, undefined, 'too-costly')
  }
  for (const [name, value] of params) {
    try {
      read(name, value)
    } catch (error) {
      throw error instanceof FhirError ? error.about(name) : error
    }
  }
  return { ...results, clauses, used, ignored }
}
