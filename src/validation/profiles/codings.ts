import { codingsOf } from '../invariant.ts'
import { isObject } from '../run.ts'

/** A code with the system that it is of, if one is said. */
export type Coded = { readonly system: string | undefined; readonly code: string }

const coded = (system: unknown, code: unknown): Coded[] =>
  typeof code === 'string' ? [{ system: typeof system === 'string' ? system : '', code }] : []

/** The codes in what may be bound: a code, a Coding, a Quantity's unit, a CodeableConcept. */
export function codingsIn(value: unknown): Coded[] {
  if (typeof value === 'string') return [{ system: undefined, code: value }]
  if (!isObject(value)) return []
  if (Array.isArray(value.coding)) return codingsOf(value).flatMap(({ system, code }) => coded(system, code))
  return coded(value.system, value.code)
}
