import { rangeOf } from './dates.ts'
import { quantityRange } from './extract.ts'
import { invalid } from './outcome.ts'
import type { Clause, Searchable } from './query.ts'

/** The prefixes of ordered values, https://hl7.org/fhir/R4/search.html#prefix */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'

/** One value of a search parameter, read by the rules of its type. */
export type Value =
  | { readonly kind: 'missing'; readonly missing: boolean }
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'token'; readonly system: string | undefined; readonly code: string | undefined }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'uri'; readonly uri: string }
  | { readonly kind: 'date'; readonly prefix: Prefix; readonly low: number; readonly high: number }
  | {
      readonly kind: 'quantity'
      readonly prefix: Prefix
      readonly exact: number
      readonly low: number
      readonly high: number
      readonly system: string | undefined
      readonly code: string | undefined
    }
  /** A reference to any of these `Type/id`, or to this url. */
  | { readonly kind: 'reference'; readonly targets: readonly string[] }

type Place = {
  readonly param: string
  readonly declared: Clause['declared']
  readonly modifier: string | undefined
  readonly searchable: Searchable
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/
const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s
const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function wrong(place: Place, text: string, right: string) {
  return invalid(
    `The value "${shorten(text)}" of the search parameter ${place.param} is not right: ${right}`,
    undefined,
    'value',
  )
}

/** Splits at bars that are not escaped, then takes the escapes away. https://hl7.org/fhir/R4/search.html#escaping */
const parts = (text: string): string[] => text.split(/(?<=(?:^|[^\\])(?:\\\\)*)\|/).map(plainly)
const plainly = (text: string): string => text.replace(/\\([\\,|$])/g, '$1')

const isBad = (text: string): boolean => {
  for (let at = 0; at < text.length; at++)
    if (text.charCodeAt(at) < 0x20 && !'\t\r\n'.includes(text[at] ?? '')) return true
  return false
}

function tokenValue(text: string, place: Place): Value {
  const [first = '', second, ...more] = parts(text)
  if (more.length > 0) throw wrong(place, text, 'a token is code, system|code, |code or system|')
  if (second === undefined) return { kind: 'token', system: undefined, code: first }
  if (first === '' && second === '') throw wrong(place, text, 'a token needs a system or a code')
  return { kind: 'token', system: first, code: second === '' ? undefined : second }
}

function prefixed(text: string): { prefix: Prefix; rest: string } {
  const match = PREFIXED.exec(text)
  return { prefix: (match?.[1] ?? 'eq') as Prefix, rest: match?.[2] ?? '' }
}

function dateValue(text: string, place: Place): Value {
  const { prefix, rest } = prefixed(text)
  const range = rangeOf(rest)
  if (!range)
    throw wrong(
      place,
      text,
      'a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz, with or without a prefix such as ge',
    )
  return { kind: 'date', prefix, low: range.lo, high: range.hi }
}

function quantityValue(text: string, place: Place): Value {
  const { prefix, rest } = prefixed(text)
  const [number = '', system, code, ...more] = parts(rest)
  if (!NUMBER.test(number) || more.length > 0 || (system !== undefined && code === undefined))
    throw wrong(place, text, 'a quantity is number or number|system|code, with or without a prefix such as ge')
  const { lo: low, hi: high } = quantityRange(number)
  return {
    kind: 'quantity',
    prefix,
    exact: Number(number),
    low,
    high,
    system: system || undefined,
    code: code || undefined,
  }
}

function referenceValue(text: string, place: Place): Value {
  const { param, modifier, searchable } = place
  const plain = plainly(text)
  const local = plain.startsWith(`${searchable.base}/`) ? plain.slice(searchable.base.length + 1) : plain
  const [type = '', id, ...more] = local.split('/')
  const targets = searchable.targets(param)
  if (id === undefined && ID.test(local))
    return {
      kind: 'reference',
      targets: (modifier === undefined ? targets : [modifier]).map(each => `${each}/${local}`),
    }
  if (more.length === 0 && /^[A-Z][A-Za-z]+$/.test(type) && id !== undefined && ID.test(id)) {
    if (modifier !== undefined && modifier !== type)
      throw wrong(place, text, `:${modifier} takes an id of a ${modifier}`)
    if (!targets.includes(type)) throw wrong(place, text, `${param} refers to: ${targets.join(', ')}`)
    return { kind: 'reference', targets: [local] }
  }
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(plain)) return { kind: 'reference', targets: [plain] }
  throw wrong(place, text, 'a reference is id, Type/id or an absolute url')
}

/**
 * Reads one value of a search parameter by the rules of its type (https://hl7.org/fhir/R4/search.html#ptypes).
 * @throws FhirError 400 that quotes the value and says what would be right
 */
export function parseValue(text: string, place: Place): Value {
  const { declared, modifier } = place
  if (isBad(text)) throw wrong(place, '(not printable)', 'it contains a control character')
  if (modifier === 'missing') {
    if (text !== 'true' && text !== 'false') throw wrong(place, text, ':missing takes true or false')
    return { kind: 'missing', missing: text === 'true' }
  }
  if (text === '') throw wrong(place, text, 'it is empty')
  if (declared === 'id') return { kind: 'id', id: text }
  if (declared === 'lastUpdated') return dateValue(text, place)
  if (modifier === 'identifier') return tokenValue(text, place)
  const read = { token: tokenValue, date: dateValue, quantity: quantityValue, reference: referenceValue }
  if (declared.type === 'string') return { kind: 'string', text: plainly(text) }
  if (declared.type === 'uri') return { kind: 'uri', uri: plainly(text) }
  return read[declared.type](text, place)
}
