import { decimalOf } from '../../fhir/json.ts'
import type { Json } from '../../fhir/types.ts'
import { has, type Invariants, invariants } from '../invariant.ts'
import { isAfter } from '../order.ts'

const UCUM = 'http://unitsofmeasure.org'

const isUcum = ({ system }: Json): boolean => system === undefined || system === UCUM
const hasUnit = (quantity: Json): boolean => has(quantity, 'code') || !has(quantity, 'value')

/** The value of a quantity as a number; undefined when it has none. */
function numberOf(quantity: Json): number | undefined {
  const text = decimalOf(quantity.value)
  return text === undefined ? undefined : Number(text)
}

const isPositive = (quantity: Json): boolean => !((numberOf(quantity) ?? 1) <= 0)
const isWhole = (quantity: Json): boolean => !decimalOf(quantity.value)?.includes('.')

const QTY_3 = {
  'qty-3': [
    (quantity: Json) => !has(quantity, 'code') || has(quantity, 'system'),
    'A code of a unit needs its system: http://unitsofmeasure.org for UCUM',
  ],
} as const

/** What can be compared without converting units. */
const isSameUnit = (one: Json, other: Json): boolean =>
  one.system === other.system && one.code === other.code && (one.code !== undefined || one.unit === other.unit)

function isRange({ low, high }: Json): boolean {
  const [from, to] = [low as Json | undefined, high as Json | undefined]
  if (!from || !to || !isSameUnit(from, to)) return true
  const [least, most] = [numberOf(from), numberOf(to)]
  return least === undefined || most === undefined || least <= most
}

/** Those of https://hl7.org/fhir/R4/datatypes.html, by the type or element that has them. */
export const DATATYPES: Readonly<Record<string, Invariants>> = {
  Age: invariants({
    'age-1': [
      age => hasUnit(age) && isUcum(age) && isPositive(age),
      'An age is a positive number with the code of a unit of time, of UCUM',
    ],
    ...QTY_3,
  }),
  Attachment: invariants({
    'att-1': [
      attachment => !has(attachment, 'data') || has(attachment, 'contentType'),
      'An attachment with data needs its contentType, such as application/pdf',
    ],
  }),
  ContactPoint: invariants({
    'cpt-2': [
      point => !has(point, 'value') || has(point, 'system'),
      'A contact point with a value needs its system, such as phone or email',
    ],
  }),
  Count: invariants({
    'cnt-3': [
      count => hasUnit(count) && isUcum(count) && (count.code ?? '1') === '1' && isWhole(count),
      'A count is a whole number with the code 1 of UCUM',
    ],
    ...QTY_3,
  }),
  Distance: invariants({
    'dis-1': [
      distance => hasUnit(distance) && isUcum(distance),
      'A distance has the code of a unit of length, of UCUM',
    ],
    ...QTY_3,
  }),
  Duration: invariants({
    'drt-1': [
      duration => !has(duration, 'code') || (duration.system === UCUM && has(duration, 'value')),
      'A duration with the code of a unit has a value, and the system of UCUM, http://unitsofmeasure.org',
    ],
    ...QTY_3,
  }),
  Period: invariants({
    'per-1': [({ start, end }) => !isAfter(start, end), 'A period may not end before it starts', 'end'],
  }),
  Quantity: invariants({ ...QTY_3 }),
  Range: invariants({ 'rng-2': [isRange, 'The low of a range may not be above its high'] }),
  Ratio: invariants({
    'rat-1': [
      ratio =>
        has(ratio, 'numerator') === has(ratio, 'denominator') && (has(ratio, 'numerator') || has(ratio, 'extension')),
      'A ratio has a numerator and a denominator, or neither and an extension that says why',
    ],
  }),
  SimpleQuantity: invariants({
    'sqty-1': [quantity => !has(quantity, 'comparator'), 'A comparator may not be used in this quantity', 'comparator'],
  }),
}
