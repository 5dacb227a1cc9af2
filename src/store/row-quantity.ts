import type { Quantity } from '../fhir/extract.ts'
import { canonicalUnit, UCUM } from '../fhir/ucum.ts'

/** A number of a quantity parameter; open to one side when it has a comparator. */
export type QuantityRow = {
  param: string
  low: number
  high: number
  system?: string
  code?: string
  unit?: string
  /** The same in the base units of UCUM. */
  canon?: { unit: string; low: number; high: number }
  /** The hashes of what stands beside it, for a composite. */
  pairs?: readonly string[]
}

/** The double next to a number: what is `<5` reaches up to it, and not to 5. */
function beside(number: number, direction: 1 | -1): number {
  if (number === 0) return direction * Number.MIN_VALUE
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, number)
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(number > 0 ? direction : -direction))
  return view.getFloat64(0)
}

const same = (value: number): number => value

/** The ends of a quantity on a scale; one with a comparator is open to one side: `<5` is everything below 5. */
function endsOf({ value, high = value, comparator }: Quantity, scale: (value: number) => number) {
  const [from, to] = [scale(Number(value)), scale(Number(high))]
  if (comparator?.startsWith('<')) return { low: -Infinity, high: comparator === '<' ? beside(to, -1) : to }
  if (comparator?.startsWith('>')) return { low: comparator === '>' ? beside(from, 1) : from, high: Infinity }
  return { low: from, high: to }
}

/** What is kept of a quantity: its ends, the unit as it was given, and both in base units. */
export function quantityRow(param: string, quantity: Quantity): QuantityRow {
  const { system, code, unit } = quantity
  const canonical = system === UCUM && code !== undefined ? canonicalUnit(code) : undefined
  return {
    param,
    ...endsOf(quantity, same),
    ...(system === undefined ? {} : { system }),
    ...(code === undefined ? {} : { code }),
    ...(unit === undefined ? {} : { unit }),
    ...(canonical ? { canon: { unit: canonical.unit, ...endsOf(quantity, canonical.scale) } } : {}),
  }
}
