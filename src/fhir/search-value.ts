import { rangeOf } from './dates.ts'
import { datatypesOf, foldString, isBoolean, quantityRange } from './extract.ts'
import { judgeIdentifier } from './identifier-rules.ts'
import { nearest } from './nearest.ts'
import { invalid } from './outcome.ts'
import type { Searchable } from './query.ts'
import type { Clause } from './query-clause.ts'
import { parseReference } from './reference.ts'
import type { SearchParam } from './search.ts'
import { hasControls } from './strings.ts'
import { knownValueSets, TERMINOLOGY_VERSION, valueSetOf } from './value-sets.ts'

/** The prefixes of ordered values, https://hl7.org/fhir/R4/search.html#prefix */
export type Prefix = 'eq' | 'ne' | 'gt' | 'lt' | 'ge' | 'le' | 'sa' | 'eb' | 'ap'

/** A code with its system: '' for none, nothing for any. */
export type Code = { readonly system: string | undefined; readonly code: string | undefined }

/** One value of a search parameter, read by the rules of its type. */
export type Value =
  | { readonly kind: 'missing'; readonly missing: boolean }
  | { readonly kind: 'id'; readonly id: string }
  | ({ readonly kind: 'token' } & Code)
  /** An identifier with the type that it must have: `:of-type`. */
  | { readonly kind: 'typed'; readonly system: string; readonly code: string; readonly value: string }
  /** All codes of a value set: `:in`. */
  | { readonly kind: 'set'; readonly codes: readonly { readonly system: string; readonly code: string }[] }
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
  /** A reference to any of these `Type/id`, perhaps with `/_history/version`, or to this url. */
  | { readonly kind: 'reference'; readonly targets: readonly string[] }
  /** Two values that must stand together. */
  | { readonly kind: 'composite'; readonly first: Value; readonly second: Value }

type Place = {
  readonly param: string
  /** The name to show where it is not that of the parameter. */
  readonly label?: string
  readonly declared: Clause['declared']
  readonly modifier: string | undefined
  readonly searchable: Searchable
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/
const PREFIXED = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)$/s
const NUMBER = /^[+-]?\d{1,60}(?:\.\d{1,60})?(?:[eE][+-]?\d{1,3})?$/
const URN = /^urn:/i

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text)

function wrong(place: Place, text: string, right: string) {
  return invalid(
    `The value "${shorten(text)}" of the search parameter ${place.label ?? place.param} is not right: ${right}`,
    undefined,
    'value',
  )
}

/** Splits at a character where no backslash stands before it; the escapes stay: https://hl7.org/fhir/R4/search.html#escaping */
export function splitAt(text: string, separator: ',' | '|' | '$'): string[] {
  if (!text.includes('\\')) return text.split(separator)
  const found: string[] = []
  let begin = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === separator) {
      found.push(text.slice(begin, at))
      begin = at + 1
    }
  }
  return [...found, text.slice(begin)]
}

/** Splits at bars that are not escaped, then takes the escapes away. */
const parts = (text: string): string[] => splitAt(text, '|').map(plainly)
const plainly = (text: string): string => text.replace(/\\([\\,|$])/g, '$1')

function idValue(text: string, place: Place): Value {
  if (!ID.test(text)) throw wrong(place, text, 'an id is 1 to 64 of the characters A-Z a-z 0-9 - .')
  return { kind: 'id', id: text }
}

/** The code system that R4 says true and false are of. https://hl7.org/fhir/R4/search.html#token */
const TRUE_OR_FALSE = 'http://terminology.hl7.org/CodeSystem/special-values'

/** A closed list of codes may be asked for others, which nothing has; what is true or false is nothing else. */
function booleanValue(system: string | undefined, code: string, text: string, place: Place): Value {
  if (code !== 'true' && code !== 'false') throw wrong(place, text, `${place.param} is true or false`)
  return { kind: 'token', system: system === TRUE_OR_FALSE ? undefined : system, code }
}

/** An identifier as it is kept. The number is not quoted when it is wrong: it may be somebody's all the same. */
function plainOf(system: string, code: string, { param, label = param }: Place): string {
  const judged = judgeIdentifier(system, code)
  if (judged?.fault !== undefined)
    throw invalid(`A value of the search parameter ${label} is not right: ${judged.fault}`, undefined, 'value')
  return judged?.plain ?? code
}

function tokenValue(text: string, place: Place): Value {
  const [first = '', second, ...more] = parts(text)
  if (more.length > 0) throw wrong(place, text, 'a token is code, system|code, |code or system|')
  const { param, modifier, searchable } = place
  if (modifier !== 'identifier' && isBoolean(searchable.type, param))
    return booleanValue(second === undefined ? undefined : first, second ?? first, text, place)
  if (second === undefined) return { kind: 'token', system: undefined, code: first }
  if (first === '' && second === '') throw wrong(place, text, 'a token needs a system or a code')
  return { kind: 'token', system: first, code: second === '' ? undefined : plainOf(first, second, place) }
}

/** https://hl7.org/fhir/R4/search.html#token, `:of-type`: all three parts have to be there. */
function typedValue(text: string, place: Place): Value {
  const [system = '', code = '', value = '', ...more] = parts(text)
  if (system === '' || code === '' || value === '' || more.length > 0)
    throw wrong(
      place,
      text,
      ':of-type takes system|code|value: the system and code of the type of the identifier, and its value',
    )
  return { kind: 'typed', system, code, value }
}

/** A value set that is known here, as `:in` names it: by its url, with or without a version. */
function setValue(text: string, place: Place): Value {
  const [named = '', version] = parts(text)
  const url = named.replace(/^ValueSet\//, 'http://hl7.org/fhir/ValueSet/')
  const known = version === undefined || version === TERMINOLOGY_VERSION ? valueSetOf(url) : undefined
  if (known) return { kind: 'set', codes: known.concepts }
  const names = knownValueSets().filter(each => each.length <= 60)
  const guess = nearest(url, names)
  throw wrong(
    place,
    text,
    `that value set is not known here.${guess ? ` Did you mean ${guess}?` : ''} Known are ${knownValueSets().length} value ` +
      `sets of R4 (${TERMINOLOGY_VERSION}) that elements of the served types are bound to, such as ${names.slice(0, 3).join(', ')}`,
  )
}

function stringValue(text: string, place: Place): Value {
  const plain = plainly(text)
  if (place.modifier !== 'exact' && foldString(plain) === '') throw wrong(place, text, 'nothing of it can be compared')
  return { kind: 'string', text: plain }
}

/** What lies above a url is as many urls as it has slashes, twice. */
const MOST_SLASHES = 50

function uriValue(text: string, place: Place): Value {
  const uri = plainly(text)
  if (place.modifier === 'above' && uri.split('/', MOST_SLASHES + 2).length > MOST_SLASHES + 1)
    throw wrong(place, text, `:above takes a url with at most ${MOST_SLASHES} slashes`)
  if (/\s/.test(uri)) throw wrong(place, text, 'a uri has no spaces')
  if (place.modifier !== undefined && URN.test(uri))
    throw wrong(place, text, `:${place.modifier} takes a url; a urn has no parts that lie above each other`)
  return { kind: 'uri', uri }
}

function prefixed(text: string): { prefix: Prefix; rest: string } {
  const match = PREFIXED.exec(text)
  return { prefix: (match?.[1] ?? 'eq') as Prefix, rest: match?.[2] ?? '' }
}

function dateValue(text: string, place: Place): Value {
  const { prefix, rest } = prefixed(plainly(text))
  const range = rangeOf(rest)
  if (!range) {
    const right =
      'a date is YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz, with or without a prefix such as ge'
    throw wrong(place, text, / \d\d:\d\d$/.test(rest) ? `${right}; in a URL a + is written as %2B` : right)
  }
  return { kind: 'date', prefix, low: range.lo, high: range.hi }
}

function quantityValue(text: string, place: Place): Value {
  const { prefix, rest } = prefixed(text)
  const [number = '', system, code, ...more] = parts(rest)
  if (!NUMBER.test(number) || more.length > 0 || (system !== undefined && code === undefined))
    throw wrong(place, text, 'a quantity is number or number|system|code, with or without a prefix such as ge')
  const { lo: low, hi: high } = quantityRange(number.replace(/^\+/, ''))
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
  const targets = searchable.targets(param)
  if (ID.test(plain))
    return {
      kind: 'reference',
      targets: (modifier === undefined ? targets : [modifier]).map(type => `${type}/${plain}`),
    }
  const parsed = parseReference(plain, searchable.base)
  if (parsed?.kind === 'local') {
    const { type, id, version } = parsed
    if (modifier !== undefined && modifier !== type)
      throw wrong(place, text, `:${modifier} takes an id of a ${modifier}`)
    if (!targets.includes(type)) throw wrong(place, text, `${param} refers to: ${targets.join(', ')}`)
    return { kind: 'reference', targets: [`${type}/${id}${version === undefined ? '' : `/_history/${version}`}`] }
  }
  const elsewhere = parsed?.kind === 'absolute' ? parsed.type : undefined
  // A canonical may end in whatever its author likes, a reference in what it is to.
  const isRestful = !datatypesOf(searchable.type, param).has('canonical')
  if (isRestful && elsewhere !== undefined && !targets.includes(elsewhere))
    throw wrong(place, text, `${param} refers to: ${targets.join(', ')}`)
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(plain)) return { kind: 'reference', targets: [plain] }
  throw wrong(place, text, 'a reference is id, Type/id or an absolute url')
}

/** The two parameters that a composite is made of; all that it is the union of are made of the same types. */
function compositeOf(declared: SearchParam, { search }: Searchable): readonly [string, string] {
  const [first = '', second = ''] = declared.of ?? []
  const inner = search[first]
  return declared.stored === 'either' && inner ? compositeOf(inner, { search } as Searchable) : [first, second]
}

function compositeValue(text: string, place: Place, declared: SearchParam): Value {
  const { searchable } = place
  const names = compositeOf(declared, searchable)
  const both = splitAt(text, '$')
  const [first, second] = both
  if (both.length !== 2 || !first || !second)
    throw wrong(place, text, `it takes two values with $ between them: ${names.join('$')}`)
  const part = (param: string, value: string): Value => {
    const inner = searchable.search[param]
    if (!inner) throw new Error(`${searchable.type} has no search parameter ${param}`)
    return parseValue(value, {
      param,
      label: `${place.param} (${param})`,
      declared: inner,
      modifier: undefined,
      searchable,
    })
  }
  return { kind: 'composite', first: part(names[0], first), second: part(names[1], second) }
}

/** How a value is read where a modifier changes what it is. */
const BY_MODIFIER: Readonly<Record<string, (text: string, place: Place) => Value>> = {
  identifier: tokenValue,
  'of-type': typedValue,
  in: setValue,
  'not-in': setValue,
}

const READ: Readonly<Record<Exclude<SearchParam['type'], 'composite'>, (text: string, place: Place) => Value>> = {
  token: tokenValue,
  date: dateValue,
  quantity: quantityValue,
  reference: referenceValue,
  string: stringValue,
  uri: uriValue,
}

/**
 * Reads one value of a search parameter by the rules of its type (https://hl7.org/fhir/R4/search.html#ptypes).
 * @throws FhirError 400 that quotes the value and says what would be right
 */
export function parseValue(text: string, place: Place): Value {
  const { declared, modifier } = place
  if (hasControls(text)) throw wrong(place, '(not printable)', 'it contains a control character')
  if (modifier === 'missing') {
    if (text !== 'true' && text !== 'false') throw wrong(place, text, ':missing takes true or false')
    return { kind: 'missing', missing: text === 'true' }
  }
  if (text === '') throw wrong(place, text, 'it is empty')
  if (declared === 'id') return idValue(text, place)
  if (declared === 'lastUpdated') return dateValue(text, place)
  if (declared.type === 'token' && modifier === 'text') return stringValue(text, place)
  const special = modifier === undefined ? undefined : BY_MODIFIER[modifier]
  if (special) return special(text, place)
  return declared.type === 'composite' ? compositeValue(text, place, declared) : READ[declared.type](text, place)
}
