import { rangeOf } from './dates.ts'
import { narrativeFault } from './narrative.ts'

/** A primitive datatype: https://hl7.org/fhir/R4/datatypes.html#primitive */
export type Primitive = {
  /** Whether a JSON value is one. */
  accepts: (value: unknown) => boolean
  /** What one looks like, to end the sentence "… is not". */
  right: string
  /** What is wrong with a value, when more can be said than that it is not right. */
  fault?: (value: string) => string | undefined
}

// The regular expressions of the standard are not used as they stand: that of base64Binary takes seconds on a hundred
// characters, and that of string, read as JavaScript's, refuses no-break spaces. Short texts, which every
// resource has dozens of, are read by characters.
const SPACES = /[\s\u0000-\u001f]/
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/
const TEXT = /[^ \t\r\n]/
/** From here on a regular expression is quicker than a loop. */
const SHORT = 20
const OID = /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/
const UUID = /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/
/** Where the zone of a dateTime can begin: after the seconds. */
const SECONDS_END = 19
const MARK = 0
/** Digits, sign and exponent: far more than any measurement has, and few enough to compute with. */
const LONGEST_DECIMAL = 64
/** More than three digits: PostgreSQL could not read the JSON of such a resource any more, for its words and its order. */
const LARGE_EXPONENT = /[eE][+-]?0*[1-9]\d{3}/
const DECIMAL = `a number (without quotes) of at most ${LONGEST_DECIMAL - 1} characters, its exponent of at most 3 digits`

const BLANK = 1
const CONTROL = 2
const IN_ID = 4
const IN_BASE64 = 8
/** What the characters of ASCII are. */
const KINDS = new Uint8Array(128)
for (let char = 0; char < 32; char++) KINDS[char] = CONTROL
for (const char of '\t\n\r ') KINDS[char.charCodeAt(0)] = BLANK
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
  KINDS[char.charCodeAt(0)] = IN_ID | IN_BASE64
for (const char of '-.') KINDS[char.charCodeAt(0)] = IN_ID
for (const char of '+/') KINDS[char.charCodeAt(0)] = IN_BASE64
const EQUALS = 0x3d
const LONGEST_ID = 64

const kindOf = (char: number): number => (char < 128 ? (KINDS[char] ?? 0) : 0)

/** A string of white space alone would be trimmed to nothing. A no-break space is content. */
function isString(value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (value.length > SHORT) return !CONTROLS.test(value) && (value.charCodeAt(0) > 32 || TEXT.test(value))
  let hasText = false
  for (let at = 0; at < value.length; at++) {
    const char = value.charCodeAt(at)
    if (char > 32) hasText = true
    else if (KINDS[char] === CONTROL) return false
  }
  return hasText
}

function isUri(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0) return false
  if (value.length > SHORT) return !SPACES.test(value)
  for (let at = 0; at < value.length; at++) {
    const char = value.charCodeAt(at)
    if (char <= 32) return false
    // Spaces of other scripts are rare enough for a regular expression.
    if (char > 127) return !SPACES.test(value)
  }
  return true
}

/** Words with one space between them. */
function isCode(value: unknown): boolean {
  if (typeof value !== 'string') return false
  let isAfterWord = false
  for (let at = 0; at < value.length; at++) {
    const kind = kindOf(value.charCodeAt(at))
    if (kind === CONTROL || (kind === BLANK && !isAfterWord)) return false
    isAfterWord = kind !== BLANK
  }
  return isAfterWord
}

function isId(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > LONGEST_ID) return false
  for (let at = 0; at < value.length; at++) if ((kindOf(value.charCodeAt(at)) & IN_ID) === 0) return false
  return true
}

const matches =
  (pattern: RegExp) =>
  (value: unknown): boolean =>
    typeof value === 'string' && pattern.test(value)

const isWithin = (lowest: number, highest: number) => (value: unknown) =>
  typeof value === 'number' && Number.isInteger(value) && value >= lowest && value <= highest

/** A number, or the string that `parseJson` makes of one that JavaScript would write otherwise. */
const isDecimal = (value: unknown): boolean =>
  typeof value === 'number' ||
  (typeof value === 'string' &&
    value.charCodeAt(0) === MARK &&
    value.length <= LONGEST_DECIMAL &&
    !LARGE_EXPONENT.test(value))

const isDate = (value: unknown): boolean =>
  typeof value === 'string' && value.length <= 10 && rangeOf(value) !== undefined

/** A time of day needs its seconds and its zone. */
const isInstant = (value: unknown): boolean => {
  if (typeof value !== 'string' || value.length <= SECONDS_END || value[16] !== ':') return false
  const zoned = value.endsWith('Z') || value.indexOf('+', SECONDS_END) > 0 || value.indexOf('-', SECONDS_END) > 0
  return zoned && rangeOf(value) !== undefined
}

const isDateTime = (value: unknown): boolean => isDate(value) || isInstant(value)

function isBase64(value: unknown): boolean {
  if (typeof value !== 'string') return false
  let blanks = 0
  let end = value.length
  let padding = 0
  for (; end > 0; end--) {
    const char = value.charCodeAt(end - 1)
    if (char === EQUALS) padding++
    else if (kindOf(char) === BLANK) blanks++
    else break
  }
  for (let at = 0; at < end; at++) {
    const kind = kindOf(value.charCodeAt(at))
    if ((kind & IN_BASE64) !== 0) continue
    if (kind !== BLANK) return false
    blanks++
  }
  return end > 0 && padding <= 2 && (value.length - blanks) % 4 === 0
}

const text = { accepts: isString, right: 'a string that is not empty and has no control characters' }
const uri = { accepts: isUri, right: 'a URI, which has no spaces' }
const LARGEST = 2 ** 31 - 1

/** The primitive datatypes of R4 by name. */
export const PRIMITIVES: ReadonlyMap<string, Primitive> = new Map<string, Primitive>([
  ['boolean', { accepts: value => typeof value === 'boolean', right: 'true or false (without quotes)' }],
  ['integer', { accepts: isWithin(-LARGEST - 1, LARGEST), right: 'a whole number from -2147483648 to 2147483647' }],
  ['positiveInt', { accepts: isWithin(1, LARGEST), right: 'a whole number from 1 to 2147483647' }],
  ['unsignedInt', { accepts: isWithin(0, LARGEST), right: 'a whole number from 0 to 2147483647' }],
  ['decimal', { accepts: isDecimal, right: DECIMAL }],
  ['string', text],
  ['markdown', text],
  ['uri', uri],
  ['url', uri],
  ['canonical', uri],
  ['oid', { accepts: matches(OID), right: 'an OID such as urn:oid:1.2.3' }],
  ['uuid', { accepts: matches(UUID), right: 'a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520' }],
  ['id', { accepts: isId, right: 'an id: 1 to 64 of the characters A-Z a-z 0-9 - .' }],
  ['code', { accepts: isCode, right: 'a code, which has no spaces around it and no double spaces in it' }],
  ['date', { accepts: isDate, right: 'a date of the calendar: YYYY, YYYY-MM or YYYY-MM-DD' }],
  [
    'dateTime',
    {
      accepts: isDateTime,
      right: 'a date of the calendar, or one with a time and zone such as 2024-02-29T10:30:00+00:00',
    },
  ],
  ['instant', { accepts: isInstant, right: 'a date with a time and zone such as 2024-02-29T10:30:00.000Z' }],
  ['time', { accepts: matches(TIME), right: 'a time such as 10:30:00' }],
  ['base64Binary', { accepts: isBase64, right: 'base64' }],
  [
    'xhtml',
    {
      accepts: value => typeof value === 'string' && narrativeFault(value) === undefined,
      right: 'a <div> of XHTML',
      fault: narrativeFault,
    },
  ],
])
