import { jsonFault } from './json-fault.ts'
import { invalid } from './outcome.ts'

export type JsonLimits = { depth: number }

const QUOTE = 0x22
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const SMALL_U = 0x75
const SURROGATE = /^[dD][89a-fA-F]/
const PAIR = /^[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]/
const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const MARK = '\u0000'
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** What JSON.stringify makes of a marked number. No other string can begin so: U+0000 is refused on the way in. */
const MARKED = /"\\u0000(-?[0-9][0-9.eE+-]*)"/g
/** Decimal digits that any double keeps: DBL_DIG of IEEE 754. */
const SAFE_DIGITS = 15

/**
 * Parses JSON without losing a digit: a number that JavaScript would write back differently (1.10, 1e3, -0, 0.1 with
 * twenty digits) becomes a string that begins with U+0000, which `stringifyJson` turns into the same number again and
 * `decimalOf` reads. FHIR demands it: https://hl7.org/fhir/R4/datatypes.html#decimal.
 * Refuses (400) what is not JSON, nests too deep, has a member twice or `__proto__`, or holds U+0000 (which FHIR
 * strings may not) or half a surrogate pair in a string.
 */
export function parseJson(text: string, limits: JsonLimits = { depth: 64 }): { value: unknown } {
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const { safe, members } = scan(json, limits.depth)
  let value: unknown
  try {
    value = JSON.parse(safe)
  } catch (cause) {
    if (cause instanceof SyntaxError) throw malformed(json)
    throw cause
  }
  // JSON.parse keeps the last of two members with one name; fewer members than colons is how that shows.
  if (countMembers(value) !== members) throw malformed(json)
  return { value }
}

/** Writes a value of `parseJson` as JSON again, with each number as it was received. */
export function stringifyJson(value: unknown): string {
  const text = JSON.stringify(value)
  return text.includes('\\u0000') ? text.replace(MARKED, '$1') : text
}

/** The digits of a JSON number as received, of a value that `parseJson` gave; undefined for anything else. */
export function decimalOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined
  return typeof value === 'string' && value.startsWith(MARK) ? value.slice(1) : undefined
}

/**
 * One pass over the characters, before JSON.parse has allocated anything. Strings are jumped over by indexOf, which is
 * several times faster than reading them; the next backslash is kept in view, for only that can hide a quote or U+0000.
 */
function scan(text: string, depthLimit: number): { safe: string; members: number } {
  let safe = ''
  let copied = 0
  let depth = 0
  let members = 0
  let backslash = nextOf(text, '\\', 0)
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) {
      at = nextOf(text, '"', at + 1)
      while (backslash < at) {
        const length = escapeLength(text, backslash)
        if (backslash + 1 === at) at = nextOf(text, '"', at + 1)
        backslash = nextOf(text, '\\', backslash + length)
      }
    } else if (char === COLON) members++
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      if (++depth > depthLimit) throw tooDeep(depthLimit)
    } else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) depth--
    else if (char === MINUS || (char >= ZERO && char <= NINE)) {
      const end = endOfNumber(text, at)
      if (!isExact(text, at, end)) {
        safe += `${text.slice(copied, at)}"\\u0000${text.slice(at, end)}"`
        copied = end
      }
      at = end - 1
    }
  }
  return { safe: copied === 0 ? text : safe + text.slice(copied), members }
}

function nextOf(text: string, char: string, from: number): number {
  const at = text.indexOf(char, from)
  return at < 0 ? text.length : at
}

/** The length of an escape. Two make JSON but no text: U+0000, and half of a surrogate pair, which UTF-8 cannot hold. */
function escapeLength(text: string, backslash: number): number {
  if (text.charCodeAt(backslash + 1) !== SMALL_U) return 2
  const code = text.slice(backslash + 2, backslash + 12)
  if (PAIR.test(code)) return 12
  if (!code.startsWith('0000') && !SURROGATE.test(code)) return 6
  throw invalid(`A string at ${place(text, backslash)} contains \\u${code.slice(0, 4)}, which FHIR does not allow`)
}

/** The first index that cannot be part of a number; whether it is one, JSON.parse decides. */
function endOfNumber(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length; at++) {
    const char = text.charCodeAt(at)
    const digit = char >= ZERO && char <= NINE
    if (!digit && char !== 0x2e && char !== 0x65 && char !== 0x45 && char !== 0x2b && char !== MINUS) break
  }
  return at
}

/** Whether JavaScript writes the number back as it stands. What is no number is left to JSON.parse to refuse. */
function isExact(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start)
  // The usual cases, without making a string: a plain integer, or a decimal that has a digit other than 0 at both ends.
  if (end - start <= SAFE_DIGITS && first !== MINUS && (first !== ZERO || end === start + 1)) {
    let points = 0
    let at = start + 1
    for (; at < end; at++) {
      const char = text.charCodeAt(at)
      if (char >= ZERO && char <= NINE) continue
      if (char !== 0x2e || ++points > 1) break
    }
    const last = text.charCodeAt(end - 1)
    if (at === end && (points === 0 || (last !== ZERO && last !== 0x2e))) return true
  }
  const token = text.slice(start, end)
  return String(Number(token)) === token || !NUMBER.test(token)
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += countMembers(item)
    return count
  }
  const members = value as Record<string, unknown>
  for (const name in members) {
    // A count that cannot be right sends the text to `jsonFault`, which names the member.
    if (name === '__proto__') return Number.NaN
    count++
    const member = members[name]
    if (typeof member === 'object') count += countMembers(member)
  }
  return count
}

const tooDeep = (limit: number) =>
  invalid(`The JSON nests deeper than ${limit} levels, the most that is accepted`, undefined, 'too-costly')

function malformed(text: string) {
  const { offset, text: problem } = jsonFault(text) ?? { offset: 0, text: 'it cannot be parsed' }
  return invalid(`The body is not valid JSON: at ${place(text, offset)}, ${problem}`, undefined, 'structure')
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`
}
