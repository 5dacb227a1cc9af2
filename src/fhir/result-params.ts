import { invalid } from './outcome.ts'
import type { Searchable } from './query.ts'

/** One sort key of `_sort`, https://hl7.org/fhir/R4/search.html#sort */
export type SortKey = { readonly param: string; readonly descending: boolean }

/** One `_include` or `_revinclude`: the type that holds the reference, the parameter, and the type it points to. */
export type Include = {
  readonly reverse: boolean
  /** Whether it also applies to what was included: `:iterate`. */
  readonly iterate: boolean
  /** The type that holds the reference; `*` for any. */
  readonly source: string
  /** The reference parameter; `*` for all. */
  readonly param: string
  readonly target: string | undefined
}

/** The forms of `_summary`, https://hl7.org/fhir/R4/search.html#summary */
export const SUMMARIES = ['true', 'text', 'data', 'count', 'false'] as const
export type Summary = (typeof SUMMARIES)[number]

/** What a search says of its answer rather than of what it looks for: https://hl7.org/fhir/R4/search.html#return */
export type Results = {
  readonly sort: readonly SortKey[]
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate'
  readonly summary: Summary
  readonly elements: readonly string[] | undefined
  readonly includes: readonly Include[]
}

type Draft = { -readonly [K in keyof Results]: Results[K] }

const DEFAULT_COUNT = 20
const MOST_COUNT = 1000

/** What a search gives back when nothing is said of it. */
export const DEFAULT_RESULTS: Results = {
  sort: [],
  count: DEFAULT_COUNT,
  total: 'none',
  summary: 'false',
  elements: undefined,
  includes: [],
}

const short = (text: string): string => text.slice(0, 80)

function parseSort(value: string, searchable: Searchable): SortKey[] {
  return value.split(',').map(text => {
    const descending = text.startsWith('-')
    const param = descending ? text.slice(1) : text
    const declared = Object.hasOwn(searchable.search, param) ? searchable.search[param] : undefined
    const isKnown = param === '_id' || param === '_lastUpdated' || ['date', 'string'].includes(declared?.type ?? '')
    if (!isKnown)
      throw invalid(
        `_sort by "${short(param)}" is not possible: ${searchable.type} has no such search parameter`,
        undefined,
        'not-supported',
      )
    return { param, descending }
  })
}

function parseCount(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalid(`_count must be a whole number, not "${value.slice(0, 40)}"`)
  return Math.min(Number(value), MOST_COUNT)
}

function parseInclude(name: string, value: string, searchable: Searchable): Include {
  const [kind = '', ...modifiers] = name.split(':')
  const reverse = kind === '_revinclude'
  const iterate = false
  if (modifiers.length > 0 && !iterate)
    throw invalid(`"${short(name)}" is not supported: the one modifier of ${kind} is :iterate`)
  if (value === '*') return { reverse, iterate, source: '*', param: '*', target: undefined }
  const [source = '', param = '', target, ...more] = value.split(':')
  const asked = `${name}=${short(value)}`
  if (more.length > 0 || param === '') throw invalid(`${asked} must be Type:parameter, Type:parameter:Target or *`)
  const references = searchable.references(source)
  if (!reverse && !iterate && source !== searchable.type && searchable.type !== '')
    throw invalid(`${asked} must start with the type that is searched: ${searchable.type}:…`)
  if (param === '*' ? !references : !references?.includes(param))
    throw invalid(
      `${asked} names no reference parameter` +
        (references ? `; ${source} has: ${references.join(', ')}` : ` of a type that is served`),
    )
  return { reverse, iterate, source, param, target }
}

const oneOf = <T extends string>(name: string, value: string, right: readonly T[]): T => {
  const found = right.find(each => each === value)
  if (found === undefined) throw invalid(`${name} must be one of ${right.join(', ')}, not "${value.slice(0, 40)}"`)
  return found
}

type Read = (results: Draft, value: string, name: string, searchable: Searchable) => void

const include: Read = (results, value, name, searchable) => {
  results.includes = [...results.includes, parseInclude(name, value, searchable)]
}

/** What each result parameter does, https://hl7.org/fhir/R4/search.html#return */
const READ: Readonly<Record<string, Read>> = {
  _count: (results, value) => {
    results.count = parseCount(value)
  },
  _sort: (results, value, _name, searchable) => {
    results.sort = parseSort(value, searchable)
  },
  _total: (results, value) => {
    results.total = oneOf('_total', value, ['none', 'estimate', 'accurate'])
  },
  _summary: (results, value) => {
    results.summary = oneOf('_summary', value, ['count', 'false'])
  },
  _elements: (results, value) => {
    results.elements = value.split(',').filter(Boolean)
  },
  _include: include,
  _revinclude: include,
  // Content negotiation has read these two already.
  _format: () => {},
  _pretty: () => {},
}

/** The names of the result parameters. */
export const RESULT_PARAMETERS: readonly string[] = Object.keys(READ)

/**
 * Reads a result parameter into the draft; says whether it is one.
 * @throws FhirError 400 that quotes the value and says what would be right
 */
export function readResult(results: Draft, name: string, value: string, searchable: Searchable): boolean {
  const kind = name.split(':', 1)[0] ?? ''
  const read = Object.hasOwn(READ, kind) ? READ[kind] : undefined
  read?.(results, value, name, searchable)
  return read !== undefined
}
