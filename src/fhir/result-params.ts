import { elementsOfType, memberName, RESOURCE_TYPES, withoutChoice } from './model.ts'
import { nearest } from './nearest.ts'
import { invalid } from './outcome.ts'
import type { Searchable } from './query.ts'
import { splitAt } from './search-value.ts'
import { hasControls } from './strings.ts'

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

/** Words that a resource must have: any of the phrases, in its narrative (`_text`) or anywhere (`_content`). */
export type Words = { readonly inNarrative: boolean; readonly phrases: readonly string[] }

/** The forms of `_summary`, https://hl7.org/fhir/R4/search.html#summary */
export const SUMMARIES = ['true', 'text', 'data', 'count', 'false'] as const
export type Summary = (typeof SUMMARIES)[number]

/** What stands for the type in a search of several: https://hl7.org/fhir/R4/http.html#vsearch */
export const SEVERAL_TYPES = 'several types'

/**
 * What a search says of its answer (https://hl7.org/fhir/R4/search.html#return), and what it asks of a resource that no
 * index of a parameter answers.
 */
export type Results = {
  readonly sort: readonly SortKey[]
  readonly count: number
  readonly total: 'none' | 'estimate' | 'accurate'
  readonly summary: Summary
  readonly elements: readonly string[] | undefined
  readonly includes: readonly Include[]
  /** All of these must be found. */
  readonly words: readonly Words[]
  /** The ids of Lists that a resource must be on, https://hl7.org/fhir/R4/search.html#list */
  readonly lists: readonly string[]
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
  words: [],
  lists: [],
}

const short = (text: string): string => text.slice(0, 80)

/** The types whose values have an order; a pair of values has none. */
const ORDERED = ['date', 'quantity', 'reference', 'string', 'token', 'uri']

const isSortable = (param: string, { search }: Searchable): boolean => {
  if (param === '_id' || param === '_lastUpdated') return true
  return Object.hasOwn(search, param) && ORDERED.includes(search[param]?.type ?? '')
}

/** More than anybody sorts by: each is joined to the search. */
const MOST_SORT_KEYS = 20

function parseSort(value: string, searchable: Searchable): SortKey[] {
  const texts = value.split(',')
  if (texts.length > MOST_SORT_KEYS)
    throw invalid(`_sort takes at most ${MOST_SORT_KEYS} parameters`, undefined, 'too-costly')
  return texts.map(text => {
    const descending = text.startsWith('-')
    const param = descending ? text.slice(1) : text
    if (isSortable(param, searchable)) return { param, descending }
    const names = Object.keys(searchable.search).filter(each => isSortable(each, searchable))
    const guess = nearest(param, ['_id', '_lastUpdated', ...names])
    throw invalid(
      `_sort by "${short(param)}" is not possible for ${searchable.type}.${guess ? ` Did you mean "${guess}"?` : ''} ` +
        `Sort by: _id, _lastUpdated, ${names.join(', ')}`,
      undefined,
      'not-supported',
    )
  })
}

function parseCount(value: string): number {
  if (!/^\d+$/.test(value)) throw invalid(`_count must be a whole number, not "${value.slice(0, 40)}"`)
  return Math.min(Number(value), MOST_COUNT)
}

/** `:recurse` is what R3 called it. */
const ITERATE = ['iterate', 'recurse']

function parseInclude(name: string, value: string, searchable: Searchable): Include {
  const [kind = '', ...modifiers] = name.split(':')
  const reverse = kind === '_revinclude'
  const iterate = modifiers.length === 1 && ITERATE.includes(modifiers[0] ?? '')
  if (modifiers.length > 0 && !iterate)
    throw invalid(`"${short(name)}" is not supported: the one modifier of ${kind} is :iterate`)
  if (value === '*') return { reverse, iterate, source: '*', param: '*', target: undefined }
  const [source = '', param = '', target, ...more] = value.split(':')
  const asked = `${name}=${short(value)}`
  if (more.length > 0 || param === '') throw invalid(`${asked} must be Type:parameter, Type:parameter:Target or *`)
  const references = searchable.references(source)
  if (!reverse && !iterate && source !== searchable.type && searchable.type !== SEVERAL_TYPES)
    throw invalid(`${asked} must start with the type that is searched: ${searchable.type}:…, or say :iterate`)
  if (param === '*' ? !references : !references?.includes(param))
    throw invalid(
      `${asked} names no reference parameter` +
        (references ? `; ${source} has: ${references.join(', ')}` : ` of a type that is served`),
    )
  if (target !== undefined) checkTarget(asked, { source, param, target }, searchable)
  return { reverse, iterate, source, param, target }
}

/** What an include is cut down to must be something that its parameter leads to. */
function checkTarget(
  asked: string,
  { source, param, target }: { readonly source: string; readonly param: string; readonly target: string },
  searchable: Searchable,
): void {
  const params = param === '*' ? (searchable.references(source) ?? []) : [param]
  const targets = new Set(params.flatMap(each => searchable.of(source)?.targets(each) ?? []))
  if (!targets.has(target))
    throw invalid(
      `${asked}: ${source}:${param} does not lead to ${short(target)}; it leads to: ${[...targets].sort().join(', ')}`,
    )
}

const oneOf = <T extends string>(name: string, value: string, right: readonly T[]): T => {
  const found = right.find(each => each === value)
  if (found === undefined) throw invalid(`${name} must be one of ${right.join(', ')}, not "${value.slice(0, 40)}"`)
  return found
}

let elements: ReadonlySet<string> | undefined

const elementsOf = (type: string): string[] =>
  elementsOfType(type).flatMap(({ name, types }) => [withoutChoice(name), ...types.map(one => memberName(name, one))])

/** Whether a type, or without one any type, has an element of this name. */
function isElement(name: string, type: string | undefined): boolean {
  elements ??= new Set([...RESOURCE_TYPES].flatMap(elementsOf))
  return type === undefined ? elements.has(name) : elementsOf(type).includes(name)
}

/** `birthDate`, `Patient.birthDate`; of a deeper path the element that it is in, for the standard knows no smaller parts. */
function parseElements(value: string, searchable: Searchable): string[] {
  return value.split(',').map(text => {
    const path = text.split('.')
    const type = RESOURCE_TYPES.has(path[0] ?? '') ? path.shift() : undefined
    const [name = ''] = path
    if (isElement(name, type)) return type === undefined ? name : `${type}.${name}`
    const guess = nearest(name, elementsOf(type ?? searchable.type))
    throw invalid(
      `_elements: "${short(text)}" is no element of ${type ?? searchable.type}${guess ? `. Did you mean "${guess}"?` : ''}`,
    )
  })
}

const LETTER = /[\p{L}\p{N}]/u
/** PostgreSQL takes no word of more than 2046 bytes, and reads words that are asked for one within the other. */
const MOST_OF_WORDS = 500

function parseWords(name: string, value: string): Words {
  if (value.length > MOST_OF_WORDS)
    throw invalid(`${name} takes at most ${MOST_OF_WORDS} characters`, undefined, 'too-costly')
  const phrases = splitAt(value, ',').map(text => text.replace(/\\([\\,|$])/g, '$1'))
  if (hasControls(value)) throw invalid(`${name} contains a control character`)
  for (const phrase of phrases)
    if (!LETTER.test(phrase)) throw invalid(`${name} needs words to look for, not "${short(phrase)}"`)
  return { inNarrative: name === '_text', phrases }
}

function parseList(value: string): string {
  if (/^[A-Za-z0-9\-.]{1,64}$/.test(value)) return value
  throw invalid(
    `_list takes the id of a List, not "${short(value)}"; the lists that are named with a $ are not kept here`,
    undefined,
    value.startsWith('$') ? 'not-supported' : 'invalid',
  )
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
    results.sort = [...results.sort, ...parseSort(value, searchable)]
  },
  _total: (results, value) => {
    results.total = oneOf('_total', value, ['none', 'estimate', 'accurate'])
  },
  _summary: (results, value) => {
    results.summary = oneOf('_summary', value, SUMMARIES)
  },
  _elements: (results, value, _name, searchable) => {
    results.elements = [...(results.elements ?? []), ...parseElements(value, searchable)]
  },
  _text: (results, value, name) => {
    results.words = [...results.words, parseWords(name, value)]
  },
  _content: (results, value, name) => {
    results.words = [...results.words, parseWords(name, value)]
  },
  _list: (results, value) => {
    results.lists = [...results.lists, parseList(value)]
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
  if (kind !== name && !kind.endsWith('include') && read)
    throw invalid(`"${short(name)}" is not supported: ${kind} takes no modifier`, undefined, 'not-supported')
  read?.(results, value, name, searchable)
  return read !== undefined
}

/** Refuses result parameters that contradict each other. @throws FhirError 400 */
export function checkResults({ summary, elements: wanted, includes }: Results): void {
  if (wanted !== undefined && summary !== 'false')
    throw invalid(`_elements and _summary=${summary} do not go together: both say what is shown`)
  if (summary === 'text' && includes.length > 0)
    throw invalid('_summary=text does not go together with _include and _revinclude')
}
