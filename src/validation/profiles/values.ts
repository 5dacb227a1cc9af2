import { decimalOf } from '../../fhir/json.ts'
import type { Json } from '../../fhir/types.ts'
import { chosen } from '../invariant.ts'
import { isObject } from '../run.ts'
import type { ElementRule, Member } from './rule.ts'

/** One value of an element: of a primitive also what extends it. */
export type Item = {
  readonly value: unknown
  readonly extra: unknown
  readonly type: string
  readonly member: string
  readonly index: number | undefined
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null

/** Of a choice of fifty types one is there: it is quicker found by what is there. */
function there(object: Json, name: string, members: readonly Member[]): readonly Member[] {
  if (members.length < 3) return members
  const member = chosen(object, name.slice(0, -3))
  return member === undefined ? [] : members.filter(one => one.name === member)
}

/** The values that an object has of an element, in their order. */
export function itemsOf(object: Json, { name, members }: ElementRule): Item[] {
  const found: Item[] = []
  for (const { name: member, companion, type } of there(object, name, members)) {
    const value = object[member]
    const extra = object[companion]
    if (value === undefined && extra === undefined) continue
    if (!Array.isArray(value) && !Array.isArray(extra)) {
      found.push({ value, extra, type, member, index: undefined })
      continue
    }
    const values = Array.isArray(value) ? value : []
    const extras = Array.isArray(extra) ? extra : []
    for (let index = 0; index < Math.max(values.length, extras.length); index++)
      if (isThere(values[index]) || isThere(extras[index]))
        found.push({ value: values[index], extra: extras[index], type, member, index })
  }
  return found
}

/** Where the elements of a value are: in itself, or beside a primitive. */
export function objectOf({ value, extra }: Pick<Item, 'value' | 'extra'>): Json | undefined {
  if (isObject(value)) return value
  return isObject(extra) ? extra : undefined
}

const sameNumber = (one: string | undefined, other: string | undefined): boolean =>
  one !== undefined && other !== undefined && Number(one) === Number(other)

const isSame = (one: unknown, other: unknown): boolean => one === other || sameNumber(decimalOf(one), decimalOf(other))

/** https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.fixed: it is this, and nothing more. */
export function equals(value: unknown, fixed: unknown): boolean {
  if (Array.isArray(fixed))
    return Array.isArray(value) && value.length === fixed.length && fixed.every((one, at) => equals(value[at], one))
  if (!isObject(fixed)) return isSame(value, fixed)
  if (!isObject(value)) return false
  const names = Object.keys(fixed)
  return names.length === Object.keys(value).length && names.every(name => equals(value[name], fixed[name]))
}

/** https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.pattern: it has this, and maybe more. */
export function fits(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every(wanted => value.some(one => fits(one, wanted)))
  if (!isObject(pattern)) return isSame(value, pattern)
  return isObject(value) && Object.keys(pattern).every(name => fits(value[name], pattern[name]))
}
