import type { Json } from '../fhir/types.ts'
import { type Run, report } from './run.ts'

/** A rule of the standard about what is in one element, https://hl7.org/fhir/R4/conformance-rules.html#constraints */
export type Invariant = {
  readonly key: string
  /** Whether the element keeps it. */
  readonly holds: (element: Json, run: Run) => boolean
  /** What would be right. */
  readonly text: string
  /** The element below that it is about, if it is one. */
  readonly at?: string
}

/** Invariants by their keys. Two elements may have different ones of one key (inv-1), so they are kept by path too. */
export type Invariants = Readonly<Record<string, Invariant>>

/** Notes that an element breaks a rule. */
export function broken({ key, text, at }: Invariant, run: Run): void {
  report(run, 'invariant', () => `${text} (${key})`, ...(at === undefined ? [] : [at]))
}

/** Makes the table of the invariants of one element. */
export const invariants = (
  rules: Readonly<Record<string, readonly [holds: Invariant['holds'], text: string, at?: string]>>,
): Invariants =>
  Object.fromEntries(
    Object.entries(rules).map(([key, [holds, text, at]]) => [key, { key, holds, text, ...(at && { at }) }]),
  )

/** Whether an element is there, by its value or by what extends it. */
export const has = (element: Json, name: string): boolean =>
  element[name] !== undefined || element[`_${name}`] !== undefined

/** The member of a choice element that is there: `value[x]` is found by `value`. */
export function chosen(element: Json, name: string): string | undefined {
  for (const member in element) {
    const plain = member.startsWith('_') ? member.slice(1) : member
    if (plain.length > name.length && plain.startsWith(name) && isCapital(plain.charCodeAt(name.length))) return plain
  }
  return undefined
}

const isCapital = (code: number): boolean => code >= 65 && code <= 90

/** What should be a list; wrong shapes are reported elsewhere. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The objects of what should be a list of them. */
export const objectsOf = (value: unknown): readonly Json[] =>
  listOf(value).filter((one): one is Json => typeof one === 'object' && one !== null)

/** The codings of what should be a CodeableConcept. */
export const codingsOf = (concept: unknown): readonly Json[] => objectsOf((concept as Json | undefined)?.coding)

/** Whether a concept has a coding of a system with one of the codes. */
export const isCoded = (concept: unknown, system: string, ...codes: readonly string[]): boolean =>
  codingsOf(concept).some(coding => coding.system === system && codes.includes(String(coding.code)))
