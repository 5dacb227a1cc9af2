/** A span of time in milliseconds since 1970, half open: from `lo` up to but not including `hi`. */
export type Range = { lo: number; hi: number }

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/**
 * The span that a FHIR date, dateTime or instant covers at the precision it is given in, or undefined when it is none:
 * 2024 is the whole year, 2024-02-29T10:30 the minute. https://hl7.org/fhir/R4/search.html#date
 * Without a zone, times and days are taken as UTC, so that they mean the same on every machine. Minutes without
 * seconds are accepted because searches may use them. A leap second (60) counts as the second that follows.
 */
export function rangeOf(text: string): Range | undefined {
  const year = digits(text, 0, 4)
  if (year < 1) return undefined
  if (text.length === 4) return { lo: utc(year, 1, 1), hi: utc(year + 1, 1, 1) }
  const month = text[4] === '-' ? digits(text, 5, 2) : -1
  if (month < 1 || month > 12) return undefined
  if (text.length === 7) return { lo: utc(year, month, 1), hi: utc(year, month + 1, 1) }
  const day = text[7] === '-' ? digits(text, 8, 2) : -1
  if (day < 1 || day > daysIn(year, month)) return undefined
  const midnight = utc(year, month, day)
  if (text.length === 10) return { lo: midnight, hi: midnight + DAY }
  return timeRange(text, midnight)
}

/** An instant as FHIR writes it, in UTC with milliseconds. https://hl7.org/fhir/R4/datatypes.html#instant */
export function formatInstant(date: Date): string {
  return date.toISOString()
}

/**
 * A moment as an instant, or `infinity`: what lies outside of the years that FHIR can write is as good as the end of time,
 * and no instant.
 */
export function timestamp(milliseconds: number): string {
  if (milliseconds >= LAST) return 'infinity'
  return milliseconds < FIRST ? '-infinity' : new Date(milliseconds).toISOString()
}

/**
 * The end of a span of time as PostgreSQL writes it: years outside of those that FHIR can write are years like others, for the
 * last day of 9999 ends there, and a span that has no end is infinite and longer.
 */
export function boundary(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) return timestamp(milliseconds)
  const date = new Date(milliseconds)
  const year = date.getUTCFullYear()
  const rest = `${date.toISOString().slice(-'-01-01T00:00:00.000Z'.length, -1)}+00`
  // There is no year 0: the one before 1 is 1 BC.
  return year < 1 ? `${String(1 - year).padStart(4, '0')}${rest} BC` : `${String(year).padStart(4, '0')}${rest}`
}

const FIRST = Date.parse('0001-01-01T00:00:00Z')
const LAST = Date.parse('9999-12-31T23:59:59.999Z') + 1

/** The days of a month of the Gregorian calendar; month 1 to 12. */
export function daysIn(year: number, month: number): number {
  if (month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) return 29
  return DAYS[month - 1] ?? 0
}

function timeRange(text: string, midnight: number): Range | undefined {
  const hour = text[10] === 'T' ? digits(text, 11, 2) : -1
  const minute = text[13] === ':' ? digits(text, 14, 2) : -1
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return undefined
  let lo = midnight + hour * HOUR + minute * MINUTE
  let span = MINUTE
  let at = 16
  if (text[at] === ':') {
    const second = digits(text, 17, 2)
    if (second < 0 || second > 60) return undefined
    lo += second * SECOND
    span = SECOND
    at = 19
    if (text[at] === '.') {
      const end = endOfDigits(text, at + 1)
      if (end === at + 1) return undefined
      // What is finer than the store's millisecond counts as that millisecond.
      const scale = Math.max(1, 10 ** (3 - (end - at - 1)))
      lo += Number(text.slice(at + 1, Math.min(end, at + 4))) * scale
      span = scale
      at = end
    }
  }
  const offset = zone(text, at)
  return offset === undefined ? undefined : { lo: lo - offset, hi: lo - offset + span }
}

/** The offset from UTC in milliseconds of what stands at the end of a time; undefined when it is no zone. */
function zone(text: string, at: number): number | undefined {
  if (at === text.length || (text[at] === 'Z' && at + 1 === text.length)) return 0
  if ((text[at] !== '+' && text[at] !== '-') || text[at + 3] !== ':' || at + 6 !== text.length) return undefined
  const hour = digits(text, at + 1, 2)
  const minute = digits(text, at + 4, 2)
  if (hour < 0 || minute < 0 || minute > 59 || hour * 60 + minute > 14 * 60) return undefined
  const offset = hour * HOUR + minute * MINUTE
  return text[at] === '-' ? -offset : offset
}

/** The number that stands in `count` characters, or -1 when they are not all digits. */
function digits(text: string, start: number, count: number): number {
  let number = 0
  for (let at = start; at < start + count; at++) {
    const digit = text.charCodeAt(at) - 0x30
    // A comparison with NaN, past the end of the text, is false.
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}

function endOfDigits(text: string, start: number): number {
  let at = start
  while (digits(text, at, 1) >= 0) at++
  return at
}

/** Date.UTC takes the years 0 to 99 for 1900 to 1999; the Gregorian calendar repeats every 400 years. */
function utc(year: number, month: number, day: number): number {
  return year < 100 ? Date.UTC(year + 400, month - 1, day) - CYCLE : Date.UTC(year, month - 1, day)
}

const CYCLE = 146097 * DAY
