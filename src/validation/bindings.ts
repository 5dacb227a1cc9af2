import type { Json } from '../fhir/types.ts'
import { codingsOf } from './invariant.ts'
import { reportConcept } from './report.ts'
import { isObject, type Run } from './run.ts'

/** `type/subtype` of RFC 6838, with parameters. Nobody has a list of all of them. */
const MIME = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*(?:\s?;.*)?$/
/** Those of ISO 4217, the abolished ones too, as the runtime has them. Made when the first one is met. */
let currencies: ReadonlySet<string> | undefined

/** The codes that no package lists, because others define them. */
export const isMimeType = (value: unknown): boolean => typeof value === 'string' && MIME.test(value)
export function isCurrency(value: unknown): boolean {
  currencies ??= new Set(Intl.supportedValuesOf('currency'))
  return currencies.has(value as string)
}

/** The codes of a required value set by their system. */
export type Bound = Readonly<Record<string, ReadonlySet<string>>>

/**
 * A concept of a required binding has at least one coding of its value set, or says by an extension why it has none:
 * https://hl7.org/fhir/R4/terminologies.html#required
 */
export function concept(value: unknown, step: string, bound: Bound, run: Run): void {
  if (!isObject(value)) return
  const codings = codingsOf(value)
  if (codings.length === 0 && value.extension !== undefined) return
  if (!codings.some(coding => isOf(coding, bound))) reportConcept(bound, run, step)
}

const isOf = ({ system, code }: Json, bound: Bound): boolean =>
  typeof system === 'string' && Object.hasOwn(bound, system) && (bound[system]?.has(code as string) ?? false)
