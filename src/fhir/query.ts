import { nearest } from './nearest.ts'
import { invalid } from './outcome.ts'
import type { SearchParam } from './search.ts'
import { parseValue, type Value } from './search-value.ts'

/** One condition of a search: any of the values; several conditions must all hold. */
export type Clause = {
  readonly param: string
  readonly declared: SearchParam | 'id' | 'lastUpdated'
  readonly modifier: string | undefined
  readonly values: readonly Value[]
}

/** One sort key of `_sort`, https://hl7.org/fhir/R4/search.html#sort */
export type SortKey = { readonly param: string; readonly descending: boolean }

/** One `_include` or `_revinclude`: the type that holds the reference, the parameter, and the type it points to. */
export type Include = {
  readonly reverse: boolean
  readonly source: string
  readonly param: string
  readonly target: string | undefined
}

/** A search as it was understood, https://hl7.org/fhir/R4/search.html */
export type Query = {
  readonly clauses: readonly Clause[]
  readonly sort: readonly SortKey[]
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate'
  readonly countOnly: boolean
  readonly elements: readonly string[] | undefined
  readonly includes: readonly Include[]
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

const DEFAULT_COUNT = 20
const MOST_COUNT = 1000
const MODIFIERS: Readonly<Record<SearchParam['type'], readonly string[]>> = {
  token: ['missing', 'not'],
  string: ['missing', 'exact', 'contains'],
  date: ['missing'],
  reference: ['missing', 'identifier'],
  quantity: ['missing'],
  uri: ['missing'],
}
const RESULT = ['_count', '_sort', '_include', '_revinclude', '_total', '_summary', '_elements', '_format', '_pretty']

type Draft = { -readonly [K in keyof Query]: Query[K] extends readonly (infer E)[] ? E[] : Query[K] }

/** The parameters that a search of a type knows, in alphabetical order. */
const known = (searchable: Searchable): string[] =>
  ['_id', '_lastUpdated', ...Object.keys(searchable.search), ...RESULT].sort()

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

function parseSort(value: string, searchable: Searchable): SortKey[] {
  return value.split(',').map(text => {
    const descending = text.startsWith('-')
    const param = descending ? text.slice(1) : text
    const declared = declaredOf(param, searchable)
    const sortable =
      declared === 'id' || declared === 'lastUpdated' || (declared && ['date', 'string'].includes(declared.type))
    if (!sortable)
      throw invalid(
        `_sort by "${param.slice(0, 60)}" is not supported: sort by _id, _lastUpdated or a date or string parameter`,
      )
    return { param, descending }
  })
}

function parseCount(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalid(`_count must be a whole number, not "${value.slice(0, 40)}"`)
  return Math.min(Number(value), MOST_COUNT)
}

function parseInclude(name: string, value: string, searchable: Searchable): Include {
  const reverse = name.startsWith('_revinclude')
  const [source = '', param = '', target] = value.split(':')
  const references = searchable.references(source)
  if (name.includes(':'))
    throw invalid(`"${name}" is not supported: ${reverse ? '_revinclude' : '_include'} takes no modifier`)
  if (!reverse && source !== searchable.type)
    throw invalid(`${name}=${value.slice(0, 80)} must start with the type that is searched: ${searchable.type}:…`)
  if (!references?.includes(param))
    throw invalid(
      `${name}=${value.slice(0, 80)} names no reference parameter` +
        (references ? `; ${source} has: ${references.join(', ')}` : ` of a type that is served`),
    )
  return { reverse, source, param, target }
}

const oneOf = <T extends string>(name: string, value: string, right: readonly T[]): T => {
  const found = right.find(each => each === value)
  if (found === undefined) throw invalid(`${name} must be one of ${right.join(', ')}, not "${value.slice(0, 40)}"`)
  return found
}

/** What each result parameter does to the query, https://hl7.org/fhir/R4/search.html#Summary */
const RESULTS: Readonly<Record<string, (query: Draft, value: string, name: string, searchable: Searchable) => void>> = {
  _count: (query, value) => {
    query.count = parseCount(value)
  },
  _sort: (query, value, _name, searchable) => {
    query.sort = parseSort(value, searchable)
  },
  _total: (query, value) => {
    query.total = oneOf('_total', value, ['none', 'estimate', 'accurate'])
  },
  _summary: (query, value) => {
    query.countOnly = oneOf('_summary', value, ['count', 'false']) === 'count'
  },
  _elements: (query, value) => {
    query.elements = value.split(',').filter(Boolean)
  },
  _include: (query, value, name, searchable) => {
    query.includes.push(parseInclude(name, value, searchable))
  },
  _revinclude: (query, value, name, searchable) => {
    query.includes.push(parseInclude(name, value, searchable))
  },
  // Content negotiation has read these two already.
  _format: () => {},
  _pretty: () => {},
}

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
  const query: Draft = {
    clauses: [],
    sort: [],
    count: DEFAULT_COUNT,
    total: 'none',
    countOnly: false,
    elements: undefined,
    includes: [],
    used: [],
    ignored: [],
  }
  for (const [name, value] of params) {
    const kind = name.split(':', 1)[0] ?? ''
    const result = Object.hasOwn(RESULTS, kind) ? RESULTS[kind] : undefined
    if (value === '') throw invalid(`The search parameter "${name.slice(0, 60)}" has no value`)
    if (result) result(query, value, name, searchable)
    else {
      const clause = parseClause(name, value, searchable)
      if (!clause && !lenient) throw unknownParameter(name, searchable)
      if (!clause) query.ignored.push(name)
      else query.clauses.push(clause)
      if (!clause) continue
    }
    query.used.push([name, value])
  }
  return query
}
