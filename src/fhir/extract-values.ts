import { type Range, rangeOf } from './dates.ts'
import { decimalOf } from './json.ts'
import type { Leaf, Visit } from './path.ts'
import { parseReference } from './reference.ts'
import type { Json } from './types.ts'

// What each datatype gives to each type of search parameter. Values that are not as FHIR says (nothing has been checked
// here) give nothing.

/** One token: a code with its system, the text that goes with it (`:text`), the types of an identifier (`:of-type`). */
export type Token = {
  system?: string
  code?: string
  text?: string
  types?: readonly { system: string; code: string }[]
}

/** What a reference parameter can be asked for: a resource by type and id, a URL, or an identifier. */
export type ExtractedReference = {
  type?: string
  id?: string
  /** The one version that it names. */
  version?: string
  url?: string
  identifier?: { system?: string; value?: string }
}

/** A quantity; of a Range, `value` is its low end and `high` the other one, as far as it has both. */
export type Quantity = {
  value: string
  high?: string
  comparator?: string
  system?: string
  code?: string
  unit?: string
}

type Visits<T> = Readonly<Record<string, Visit<T>>>

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const items = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const pushText: Visit<string> = (value, out) => {
  if (isText(value)) out.push(value)
}

const coding: Visit<Token> = (value, out) => {
  if (isObject(value)) pushToken(out, value.system, value.code, value.display)
}

const concept: Visit<Token> = (value, out, leaf) => {
  if (!isObject(value)) return
  for (const one of items(value.coding)) coding(one, out, leaf)
  pushToken(out, undefined, undefined, value.text)
}

const identifier: Visit<Token> = (value, out) => {
  if (!isObject(value)) return
  const type = isObject(value.type) ? value.type : {}
  pushToken(out, value.system, value.value, type.text)
  const types = items(type.coding).flatMap(one =>
    isObject(one) && isText(one.system) && isText(one.code) ? [{ system: one.system, code: one.code }] : [],
  )
  const last = out.at(-1)
  if (types.length > 0 && isText(value.value) && last?.code === value.value) last.types = types
}

/** https://hl7.org/fhir/R4/search.html#token gives a ContactPoint its use for a system. */
const contactPoint: Visit<Token> = (value, out) => {
  if (isObject(value)) pushToken(out, value.use, value.value, undefined)
}

const code: Visit<Token> = (value, out, leaf) => {
  if (isText(value)) pushToken(out, impliedSystem(value, leaf), value, undefined)
}

const boolean: Visit<Token> = (value, out) => {
  if (typeof value === 'boolean') out.push({ code: String(value) })
}

function pushToken(out: Token[], system: unknown, code: unknown, text: unknown): void {
  const token: Token = {}
  if (isText(system)) token.system = system
  if (isText(code)) token.code = code
  if (isText(text)) token.text = text
  if (token.code !== undefined || token.text !== undefined || token.system !== undefined) out.push(token)
}

/** The code system of a code without one: that of the closed list which its element is bound to. */
function impliedSystem(value: string, { codes }: Leaf): string | undefined {
  for (const system in codes) if (codes[system]?.includes(value)) return system
  return undefined
}

export const TOKENS: Visits<Token> = {
  Coding: coding,
  CodeableConcept: concept,
  Identifier: identifier,
  ContactPoint: contactPoint,
  code,
  boolean,
  string: code,
  id: code,
  uri: code,
  canonical: code,
}

const date: Visit<Range> = (value, out) => {
  const range = isText(value) ? rangeOf(value) : undefined
  if (range) out.push(range)
}

const period: Visit<Range> = (value, out) => {
  if (!isObject(value)) return
  const start = isText(value.start) ? rangeOf(value.start) : undefined
  const end = isText(value.end) ? rangeOf(value.end) : undefined
  if (start || end) out.push({ lo: start?.lo ?? Number.NEGATIVE_INFINITY, hi: end?.hi ?? Number.POSITIVE_INFINITY })
}

/** Only the outer limits of a Timing count: https://hl7.org/fhir/R4/search.html#date */
const timing: Visit<Range> = (value, out, leaf) => {
  if (!isObject(value)) return
  const spans: Range[] = []
  for (const event of items(value.event)) date(event, spans, leaf)
  if (isObject(value.repeat)) period(value.repeat.boundsPeriod, spans, leaf)
  if (spans.length === 0) return
  out.push({ lo: Math.min(...spans.map(one => one.lo)), hi: Math.max(...spans.map(one => one.hi)) })
}

export const DATES: Visits<Range> = { date, dateTime: date, instant: date, Period: period, Timing: timing }

const parts =
  (...members: readonly string[]): Visit<string> =>
  (value, out) => {
    if (!isObject(value)) return
    for (const member of members) {
      const part = value[member]
      if (isText(part)) out.push(part)
      else for (const one of items(part)) if (isText(one)) out.push(one)
    }
  }

export const STRINGS: Visits<string> = {
  string: pushText,
  markdown: pushText,
  HumanName: parts('text', 'family', 'given', 'prefix', 'suffix'),
  Address: parts('text', 'line', 'city', 'district', 'state', 'postalCode', 'country'),
}

const reference: Visit<ExtractedReference> = (value, out) => {
  if (!isObject(value)) return
  const found: ExtractedReference = {}
  const parsed = isText(value.reference) ? parseReference(value.reference) : undefined
  if (parsed?.kind === 'local') {
    Object.assign(found, { type: parsed.type, id: parsed.id })
    if (parsed.version !== undefined) found.version = parsed.version
  } else if (parsed?.kind === 'absolute' || parsed?.kind === 'urn') found.url = parsed.url
  if (isObject(value.identifier)) {
    const { system, value: text } = value.identifier
    found.identifier = { ...(isText(system) && { system }), ...(isText(text) && { value: text }) }
    if (found.type === undefined && isText(value.type)) found.type = value.type
  }
  if (found.id !== undefined || found.url !== undefined || found.identifier) out.push(found)
}

/** A canonical is found with and without its version: https://hl7.org/fhir/R4/references.html#canonical */
const canonical: Visit<ExtractedReference> = (value, out) => {
  if (!isText(value) || value.startsWith('#')) return
  const parsed = parseReference(value)
  if (parsed?.kind === 'local') out.push({ type: parsed.type, id: parsed.id })
  else out.push({ url: value })
  const bar = value.indexOf('|')
  if (bar > 0) out.push({ url: value.slice(0, bar) })
}

export const REFERENCES: Visits<ExtractedReference> = { Reference: reference, canonical, uri: canonical }

const quantity: Visit<Quantity> = (value, out) => {
  if (!isObject(value)) return
  const number = decimalOf(value.value)
  if (number === undefined) return
  const found: Quantity = { value: number }
  if (isText(value.comparator)) found.comparator = value.comparator
  if (isText(value.system)) found.system = value.system
  if (isText(value.code)) found.code = value.code
  if (isText(value.unit)) found.unit = value.unit
  out.push(found)
}

/** A Range is found as what lies between its ends; an end that is missing is open. */
const range: Visit<Quantity> = (value, out, leaf) => {
  if (!isObject(value)) return
  const ends: Quantity[] = []
  quantity(value.low, ends, leaf)
  const hasLow = ends.length > 0
  quantity(value.high, ends, leaf)
  const [first, second] = ends
  if (first && second) out.push({ ...first, high: second.value })
  else if (first) out.push({ ...first, comparator: hasLow ? '>=' : '<=' })
}

const money: Visit<Quantity> = (value, out) => {
  const number = isObject(value) ? decimalOf(value.value) : undefined
  if (!isObject(value) || number === undefined) return
  out.push({ value: number, ...(isText(value.currency) && { system: 'urn:iso:std:iso:4217', code: value.currency }) })
}

export const QUANTITIES: Visits<Quantity> = {
  Quantity: quantity,
  Age: quantity,
  Duration: quantity,
  Distance: quantity,
  Count: quantity,
  Money: money,
  Range: range,
}

export const URIS: Visits<string> = {
  uri: pushText,
  url: pushText,
  canonical: pushText,
  oid: pushText,
  uuid: pushText,
}

const number: Visit<string> = (value, out) => {
  const found = decimalOf(value)
  if (found !== undefined) out.push(found)
}

export const NUMBERS: Visits<string> = { decimal: number, integer: number, positiveInt: number, unsignedInt: number }
