import { rangeOf } from '../fhir/dates.ts'

const TIME = 10

/**
 * Whether one date, dateTime or instant is surely after another, which what is known less exactly is not: as FHIRPath
 * compares, https://hl7.org/fhirpath/#comparison. A day and a moment are compared as their days are written, for a day
 * is one of the place where it was written.
 */
export function isAfter(one: unknown, other: unknown): boolean {
  if (typeof one !== 'string' || typeof other !== 'string') return false
  const length = Math.min(one.length, other.length)
  if (length <= TIME) return one.slice(0, length) > other.slice(0, length)
  // The usual case, without reading them: both of the same zone and precision.
  if (one.length === other.length && one.slice(19) === other.slice(19)) return one > other
  const [first, second] = [rangeOf(one), rangeOf(other)]
  return first !== undefined && second !== undefined && first.lo > second.lo
}
