import { decimalOf } from './json.ts'
import { RESOURCE_TYPES } from './model.ts'
import { nearest } from './nearest.ts'
import type { Issue } from './outcome.ts'
import type { Member, Plan } from './structure-plan.ts'
import type { IssueType } from './types.ts'

// What is said about a resource that is not as FHIR defines it: what was found, and what would be right.

/** One check of one resource: where it stands and what it has found. */
export type Run = { trail: (string | number)[]; issues: Issue[] }

/** After these the rest is of no use to anybody. */
const MOST_ISSUES = 100
const QUOTED = 40

/** Notes an issue at the place where the run stands. The text is made only while there is room for it. */
function report(run: Run, code: IssueType, text: () => string, ...further: string[]): void {
  if (run.issues.length >= MOST_ISSUES) return
  const expression = [...run.trail, ...further].reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
    '',
  )
  run.issues.push({ severity: 'error', code, text: text(), ...(expression && { expression }) })
}

/** A value as JSON, short enough for a sentence. */
function quote(value: unknown): string {
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

export function reportNoResource(value: unknown, run: Run): void {
  const found = () => (value === undefined ? 'Nothing' : quote(value))
  report(run, 'structure', () => `${found()} is not a resource: an object with a resourceType is wanted`)
}

export function reportType(type: unknown, run: Run): void {
  const text = () =>
    type === undefined
      ? 'The resource has no resourceType'
      : `${quote(type)} is not a resource type of FHIR R4${didYouMean(type, RESOURCE_TYPES)}`
  report(run, 'structure', text, ...(run.trail.length > 0 ? ['resourceType'] : []))
}

export function reportUnexpected(type: string, expected: string, run: Run): void {
  report(run, 'structure', () => `The resourceType is ${type}; ${expected} is wanted here`, 'resourceType')
}

export function reportNested(run: Run): void {
  report(run, 'invariant', () => 'A contained resource may not contain another (dom-2)', 'contained')
}

export function reportUnknown(plan: Plan, name: string, run: Run): void {
  const choice = plan.choices.find(one => one.name === `${name}[x]`)
  const hint = () =>
    choice
      ? `: it is written with its type, as in ${choice.members.slice(0, 3).join(', ')}`
      : didYouMean(name, plan.members.keys())
  report(run, 'structure', () => `${plan.type} has no element ${quote(name)}${hint()}`, name.slice(0, QUOTED))
}

export function reportEmpty(run: Run): void {
  report(run, 'structure', () => 'An object may not be empty: leave the member out')
}

export function reportMissing({ type, required }: Plan, met: number, run: Run): void {
  required.forEach((name, index) => {
    if (met & (1 << index)) return
    report(run, 'required', () => `${type}.${name} is required`, name.replace('[x]', ''))
  })
}

export function reportList(list: unknown, { step, max }: Member, run: Run): void {
  if (!Array.isArray(list)) {
    report(run, 'structure', () => `${step} is a list: ${quote(list)} has to be in [ ]`)
  } else if (list.length === 0) {
    report(run, 'structure', () => 'A list may not be empty: leave the member out')
  } else report(run, 'structure', () => `There are ${list.length} of ${step}; at most ${max} may be there`)
}

export function reportPrimitive(value: unknown, member: Member, run: Run): void {
  const code = typeof value === 'object' ? 'structure' : 'value'
  report(run, code, () => wrongPrimitive(value, member))
}

function wrongPrimitive(value: unknown, { type, primitive, step }: Member): string {
  if (Array.isArray(value)) return `${step} is not a list: remove the [ ]`
  if (value === null) return 'null may stand only in a list, where the element has extensions instead of a value'
  if (value === '') return 'A string may not be empty: leave the member out'
  const fault = typeof value === 'string' ? primitive?.fault?.(value) : undefined
  return fault === undefined ? `${quote(value)} is not ${primitive?.right}` : `The ${type} is refused: ${fault}`
}

export function reportCode(value: unknown, codes: ReadonlySet<string>, run: Run): void {
  const all = codes.size <= 12 ? `one of ${listed(codes)}` : 'a code of the required list'
  const text = () => `${quote(value)} is not a code that may stand here${didYouMean(value, codes)}; ${all} is wanted`
  report(run, 'code-invalid', text)
}

export function reportNoObject(value: unknown, { step, type, companion }: Member, run: Run): void {
  const text = () =>
    Array.isArray(value)
      ? `${step} is not a list: remove the [ ]`
      : `${quote(value)} is not ${companion ? 'what extends a primitive' : `a ${type}`}: an object { } is wanted`
  report(run, 'structure', text)
}

export function reportTarget(reference: string, type: string, targets: ReadonlySet<string>, run: Run): void {
  const text = () => `${quote(reference)} refers to a ${type}; a reference to one of ${listed(targets)} is wanted`
  report(run, 'value', text, 'reference')
}

export function reportExtension(values: number, run: Run): void {
  const text =
    values > 0
      ? 'An extension may have a value or extensions of its own, not both (ext-1)'
      : 'An extension has to have a value or extensions of its own (ext-1)'
  report(run, 'invariant', () => text)
}

export function reportChoice(element: string, other: string, member: string, run: Run): void {
  report(run, 'structure', () => `${element} may be there once: there are ${other} and ${member}`, member)
}
