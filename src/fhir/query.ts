import { nearest } from './nearest.ts'
import { invalid } from './outcome.ts'
import { DEFAULT_RESULTS, RESULT_PARAMETERS, type Results, readResult } from './result-params.ts'
import type { SearchParam } from './search.ts'
import { parseValue, type Value } from './search-value.ts'

/** One condition of a search: any of the values; several conditions must all hold. */
export type Clause = {
  readonly param: string
  readonly declared: SearchParam | 'id' | 'lastUpdated'
  readonly modifier: string | undefined
  readonly values: readonly Value[]
}

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
  /** The origin and path that references of this server may carry. */
  readonly base: string
}

const MODIFIERS: Readonly<Record<SearchParam['type'], readonly string[]>> = {
  token: ['missing', 'not'],
  string: ['missing', 'exact', 'contains'],
  date: ['missing'],
  reference: ['missing', 'identifier'],
  quantity: ['missing'],
  uri: ['missing'],
}

/** The parameters that a search of a type knows, in alphabetical order. */
const known = (searchable: Searchable): string[] =>
  ['_id', '_lastUpdated', ...Object.keys(searchable.search), ...RESULT_PARAMETERS].sort()

function unknownParameter(name: string, searchable: Searchable) {
  const names = known(searchable)
  const guess = nearest(name, names)
  return invalid(
    `Unknown search parameter "${name.slice(0, 60)}" for ${searchable.type}.${guess ? ` Did you mean "${guess}"?` : ''} ` +
      `Known are: ${names.join(', ')}`,
    undefined,
    'not-supported',
  )
}

const isModifier = (declared: SearchParam, param: string, modifier: string, searchable: Searchable): boolean =>
  MODIFIERS[declared.type].includes(modifier) ||
  (declared.type === 'reference' && searchable.targets(param).includes(modifier))

function declaredOf(param: string, searchable: Searchable): Clause['declared'] | undefined {
  if (param === '_id') return 'id'
  if (param === '_lastUpdated') return 'lastUpdated'
  return Object.hasOwn(searchable.search, param) ? searchable.search[param] : undefined
}

/** Splits at commas that are not escaped, https://hl7.org/fhir/R4/search.html#escaping */
const alternatives = (value: string): string[] => value.split(/(?<=(?:^|[^\\])(?:\\\\)*),/)

function parseClause(name: string, value: string, searchable: Searchable): Clause | undefined {
  const [param = '', modifier, ...more] = name.split(':')
  const declared = declaredOf(param, searchable)
  if (declared === undefined) return undefined
  if (more.length > 0 || param.includes('.'))
    throw invalid(`"${name}" is no search parameter: chaining is not supported`)
  if (modifier !== undefined && (typeof declared === 'string' || !isModifier(declared, param, modifier, searchable))) {
    const right = typeof declared === 'string' ? [] : MODIFIERS[declared.type]
    throw invalid(
      `The modifier ":${modifier}" is not supported for ${param}${right.length ? `; supported are: ${right.map(each => `:${each}`).join(', ')}` : ''}`,
      undefined,
      'not-supported',
    )
  }
  const values = alternatives(value).map(text => parseValue(text, { param, declared, modifier, searchable }))
  return { param, declared, modifier, values }
}

/** More conditions and includes than anybody means, and few enough to be planned in no time. */
const MOST_PARAMETERS = 50

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
  for (const [name, value] of params) {
    if (value === '') throw invalid(`The search parameter "${name.slice(0, 60)}" has no value`)
    if (!readResult(results, name, value, searchable)) {
      const clause = parseClause(name, value, searchable)
      if (!clause && !lenient) throw unknownParameter(name, searchable)
      if (!clause) ignored.push(name)
      else clauses.push(clause)
      if (!clause) continue
    }
    used.push([name, value])
    if (used.length > MOST_PARAMETERS)
      throw invalid(`A search has at most ${MOST_PARAMETERS} parameters`, undefined, 'too-costly')
  }
  return { ...results, clauses, used, ignored }
}
