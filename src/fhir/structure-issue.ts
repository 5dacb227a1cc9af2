import { decimalOf } from './json.ts'
import { nearest } from './nearest.ts'
import type { Issue } from './outcome.ts'
import type { Plan } from './structure-plan.ts'
import type { IssueType } from './types.ts'

/** One check of one resource: where it stands and what it has found. */
export type Run = { trail: (string | number)[]; issues: Issue[] }

/** After these the rest is of no use to anybody. */
const MOST_ISSUES = 100
const QUOTED = 40

/** Notes an issue at the place where the run stands. The text is made only while there is room for it. */
export function report(run: Run, code: IssueType, text: () => string, ...further: (string | number)[]): void {
  if (run.issues.length >= MOST_ISSUES) return
  const expression = [...run.trail, ...further].reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
    '',
  )
  run.issues.push({ severity: 'error', code, text: text(), ...(expression && { expression }) })
}

/** A value as JSON, short enough for a sentence. */
export function quote(value: unknown): string {
  const text = decimalOf(value) ?? (typeof value === 'object' && value !== null ? shape(value) : JSON.stringify(value))
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text
}

const shape = (value: object): string => (Array.isArray(value) ? 'an array' : 'an object')

/** The sentence for a member that a type does not have. */
export function unknownMember(plan: Plan, name: string): string {
  const meant = nearest(name, plan.members.keys())
  const choice = plan.choices.find(one => one.name === `${name}[x]`)
  const hint = choice
    ? `: it is written with its type, as in ${choice.members
        .filter(one => !one.startsWith('_'))
        .slice(0, 3)
        .join(', ')}`
    : meant === undefined
      ? ''
      : `: did you mean ${JSON.stringify(meant)}?`
  return `${plan.type} has no element ${quote(name)}${hint}`
}

/** The sentence for a code that is not of its closed list. */
export function wrongCode(value: string, codes: ReadonlySet<string>): string {
  const meant = nearest(value, codes)
  const all = codes.size <= 12 ? `one of ${[...codes].join(', ')} is wanted` : 'a code of the required list is wanted'
  return `${quote(value)} is not a code that may stand here: ${meant === undefined ? '' : `did you mean "${meant}"? `}${all}`
}
