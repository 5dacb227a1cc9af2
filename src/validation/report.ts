import { decimalOf } from '../fhir/json.ts'
import { RESOURCE_TYPES, withoutChoice } from '../fhir/model.ts'
import { nearest } from '../fhir/nearest.ts'
import { PRIMITIVES } from '../fhir/primitives.ts'
import { type Run, report } from './run.ts'

// What is said about a resource that is not as FHIR defines it: what was found, and what would be right.

const QUOTED = 40

/** A value as JSON, short enough for a sentence. */
export function quote(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = decimalOf(value) ?? JSON.stringify(value)
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text
}

const didYouMean = (word: unknown, candidates: Iterable<string>): string => {
  const meant = typeof word === 'string' ? nearest(word, candidates) : undefined
  return meant === undefined ? '' : `: did you mean ${JSON.stringify(meant)}?`
}

const listed = (words: ReadonlySet<string>): string => [...words].join(', ')

/** It is no resource at all. */
export function reportNoResource(value: unknown, run: Run, ...step: string[]): void {
  run.isFhir = false
  const found = () => (value === undefined ? 'Nothing' : quote(value))
  report(run, 'structure', () => `${found()} is not a resource: an object with a resourceType is wanted`, ...step)
}

/** Its resourceType is none of R4. */
export function reportType(type: unknown, run: Run): void {
  run.isFhir = false
  const text = () =>
    type === undefined
      ? 'The resource has no resourceType'
      : `${quote(type)} is not a resource type of FHIR R4${didYouMean(type, RESOURCE_TYPES)}`
  report(run, 'structure', text, ...(run.trail.length > 0 ? ['resourceType'] : []))
}

/** It is a resource of another type than the one that is wanted. */
export function reportUnexpected(type: string, expected: string, run: Run): void {
  run.isFhir = false
  report(run, 'structure', () => `The resourceType is ${type}; ${expected} is wanted here`, 'resourceType')
}

/** A member that the type does not have; `elements` are those that it has, choices as `value[x]` with their members. */
export function reportUnknown(
  type: string,
  name: string,
  elements: readonly (readonly [name: string, members: readonly string[]])[],
  run: Run,
): void {
  run.isFhir = false
  const hint = () => {
    const choice = elements.find(([element]) => element === `${name}[x]`)
    if (choice) return `: it is written with its type, as in ${choice[1].slice(0, 3).join(', ')}`
    return didYouMean(
      name,
      elements.flatMap(([, members]) => members),
    )
  }
  report(run, 'structure', () => `${type} has no element ${quote(name)}${hint()}`, name.slice(0, QUOTED))
}

/** An object without members, or with an id and nothing else: ele-1 of https://hl7.org/fhir/R4/element.html */
export function reportEmpty(count: number, run: Run, ...step: string[]): void {
  const text =
    count === 0
      ? 'An object may not be empty: leave the member out'
      : 'An element has to have a value or other elements, not only an id (ele-1)'
  report(run, count === 0 ? 'structure' : 'invariant', () => text, ...step)
}

/** Elements that have to be there and are not, by the bits of those that are. */
export function reportMissing(type: string, required: readonly string[], met: number, run: Run): void {
  required.forEach((name, index) => {
    if (met & (1 << index)) return
    report(run, 'required', () => `${type}.${name} is required`, withoutChoice(name))
  })
}

/** What should be a list with something in it. */
export function reportList(list: unknown, step: string, run: Run): void {
  const text = () =>
    Array.isArray(list)
      ? 'A list may not be empty: leave the member out'
      : `${step} is a list: ${quote(list)} has to be in [ ]`
  report(run, 'structure', text, step)
}

/** A value that is not of its primitive datatype. */
export function reportPrimitive(value: unknown, type: string, step: string, run: Run, index?: number): void {
  const code = typeof value === 'object' ? 'structure' : 'value'
  const further = index === undefined ? [step] : [step, index]
  report(run, code, () => wrongPrimitive(value, type, step), ...further)
}

/** What some codes and strings have to be like besides: what ends the sentence "… is not". */
const SPECIAL: Readonly<Record<string, string>> = {
  'mime type': 'a MIME type such as application/pdf',
  language: 'a language tag of BCP 47 such as en or en-GB',
  currency: 'a currency of ISO 4217 such as GBP',
  'element id': 'an id of an element, which has no spaces',
}

function wrongPrimitive(value: unknown, type: string, step: string): string {
  if (Array.isArray(value)) return `${step} is not a list: remove the [ ]`
  if (value === null) return 'null may stand only in a list, where the element has extensions instead of a value'
  if (value === '') return 'A string may not be empty: leave the member out'
  const primitive = PRIMITIVES.get(type)
  const fault = typeof value === 'string' ? primitive?.fault?.(value) : undefined
  if (fault !== undefined) return `The ${type} is refused: ${fault}`
  return `${quote(value)} is not ${SPECIAL[type] ?? primitive?.right}`
}

/** A code that is not of its required value set. https://hl7.org/fhir/R4/terminologies.html#required */
export function reportCode(
  value: unknown,
  codes: ReadonlySet<string>,
  run: Run,
  ...further: readonly (string | number)[]
): void {
  const all = codes.size <= 12 ? `one of ${listed(codes)}` : 'a code of the required list'
  const text = () => `${quote(value)} is not a code that may stand here${didYouMean(value, codes)}; ${all} is wanted`
  report(run, 'code-invalid', text, ...further)
}

/** A concept without a coding of its required value set. */
export function reportConcept(codes: Readonly<Record<string, ReadonlySet<string>>>, run: Run, step: string): void {
  const wanted = Object.entries(codes).map(([system, set]) => `${listed(set)} (${system})`)
  report(run, 'code-invalid', () => `${step} has to have a coding of its required list: ${wanted.join('; ')}`, step)
}

/** What should be an object. */
export function reportNoObject(value: unknown, type: string, step: string, run: Run, index?: number): void {
  const text = () =>
    Array.isArray(value)
      ? `${step} is not a list: remove the [ ]`
      : `${quote(value)} is not ${type === 'Element' ? 'what extends a primitive' : `a ${type}`}: an object { } is wanted`
  report(run, 'structure', text, ...(index === undefined ? [step] : [step, index]))
}

/** A reference to a resource of a type that the element may not refer to. */
export function reportTarget(said: string, type: string, targets: ReadonlySet<string>, run: Run, step: string): void {
  const text = () => `${quote(said)} refers to a ${type}; a reference to one of ${listed(targets)} is wanted`
  report(run, 'value', text, step)
}

/** Two types of one choice. */
export function reportChoice(element: string, other: string, member: string, run: Run): void {
  report(run, 'structure', () => `${element} may be there once: there are ${other} and ${member}`, member)
}
