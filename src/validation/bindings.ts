import type { Json } from '../fhir/types.ts'
import { codingsOf } from './invariant.ts'
import { reportConcept } from './report.ts'
import { isObject, type Run } from './run.ts'

/** `type/subtype` of RFC 6838, with parameters. Nobody has a list of all of them. */
const MIME = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*\/[A-Za-z0-9*][A-Za-z0-9!#$&^_.+*-]*(?:\s?;.*)?$/
/**
 * A well-formed tag of RFC 5646 (BCP 47): language, extended language, script, region, variants, extensions, private use. Some
 * that were registered before are not made that way. Whether the parts are registered is not looked up.
 */
const LANGUAGE =
  /^(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?|x(?:-[a-z\d]{1,8})+|en-GB-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(?:BE-FR|BE-NL|CH-DE)|art-lojban|cel-gaulish|no-bok|no-nyn|zh-(?:guoyu|hakka|min|min-nan|xiang))$/i
/** Those of ISO 4217, the abolished ones too, as the runtime has them. Made when the first one is met. */
let currencies: ReadonlySet<string> | undefined

/** The codes that no package lists, because others define them. */
export const isMimeType = (value: unknown): boolean => typeof value === 'string' && MIME.test(value)
export const isLanguage = (value: unknown): boolean => typeof value === 'string' && LANGUAGE.test(value)
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
