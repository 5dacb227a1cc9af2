import type { Issue } from '../../fhir/outcome.ts'
import type { IssueType, Json } from '../../fhir/types.ts'
import type { Codes } from './codes.ts'
import type { Coded } from './codings.ts'
import type { InvariantRule, ProfileRule } from './rule.ts'

/** Whether a node keeps an invariant; undefined where FHIRPath cannot say. */
export type Decide = (
  rule: InvariantRule,
  type: string,
  trail: readonly (string | number)[],
  resource: Json,
) => boolean | undefined

/** What is loaded, for whoever checks. */
export type Catalog = {
  profile(canonical: string): ProfileRule | undefined
  codes(canonical: string): Codes | undefined
  decide: Decide
}

/** Whether one of some codes is of a value set, which a terminology server may know; `why` it is not known here. */
export type CodeQuestion = {
  readonly codings: readonly Coded[]
  readonly valueSet: string
  readonly isRequired: boolean
  readonly expression: string
  readonly why: string
}

/** One check of a resource against one profile: where it stands, and what it has found. */
export type Examination = {
  readonly catalog: Catalog
  readonly resource: Json
  readonly trail: (string | number)[]
  readonly issues: Issue[]
  /** What could not be checked, in words that end the sentence "Not checked was …". */
  readonly unchecked: Set<string>
  /** The codes of which nothing that is loaded can tell whether they are of a value set. */
  readonly questions: CodeQuestion[]
  /** The extensions that have been checked against their own profile. */
  readonly extensions: Set<unknown>
  /** The profiles that are being followed, of which none is entered twice for the same value. */
  readonly following: Map<unknown, Set<ProfileRule>>
}

const MOST_ISSUES = 100

/** The FHIRPath of a place. */
export const expressionOf = (steps: readonly (string | number)[]): string =>
  steps.reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path ? `${path}.${step}` : step),
    '',
  )

/** Notes that a profile is not kept at the place where the examination stands, or further in. */
export function note(
  { issues, trail }: Examination,
  code: IssueType,
  text: string,
  further: readonly (string | number)[] = [],
  severity: 'error' | 'warning' = 'error',
): void {
  if (issues.length < MOST_ISSUES)
    issues.push({ severity, code, text, expression: expressionOf([...trail, ...further]) })
}
