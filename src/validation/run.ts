import type { Issue } from '../fhir/outcome.ts'
import type { IssueType, Json } from '../fhir/types.ts'
import type { Spelling } from './identifiers.ts'

/** What a check of a resource may be told. */
export type Settings = {
  /** Whether the resources in the entries of a Bundle are checked too, or left to who takes them one by one. */
  readonly entries?: boolean
}

/** One check of one resource: where it stands, what it is in, and what it has found. */
export type Run = {
  readonly trail: (string | number)[]
  readonly issues: Issue[]
  /** The identifiers that are right, but not written as they are kept. */
  readonly spellings: Spelling[]
  /** False once something is not FHIR at all: no resource, an unknown type, an element that FHIR does not have. */
  isFhir: boolean
  readonly entries: boolean
  /** The resource that fragments are resolved in. */
  root: Json
  /** What is contained in a resource by id, once it has been asked for. */
  contained: { readonly of: Json; readonly byId: ReadonlyMap<unknown, Json> } | undefined
  /** Whether a contained resource is being checked. */
  inContained: boolean
  /** The ids of its elements so far. */
  ids: Set<string> | undefined
}

/** Checks an object of one type. */
export type Check = (object: Json, run: Run) => void

/** After these the rest is of no use to anybody. */
const MOST_ISSUES = 100

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Where something is, as a FHIRPath from the resource that is checked. */
export const expressionOf = ({ trail }: Run, ...further: readonly (string | number)[]): string =>
  [...trail, ...further].reduce<string>(
    (path, step) => (typeof step === 'number' ? `${path}[${step}]` : path === '' ? step : `${path}.${step}`),
    '',
  )

/** Notes an issue at the place where the run stands, or further in. The text is made only while there is room for it. */
export function report(run: Run, code: IssueType, text: () => string, ...further: readonly (string | number)[]): void {
  if (run.issues.length >= MOST_ISSUES) return
  const expression = expressionOf(run, ...further)
  run.issues.push({ severity: 'error', code, text: text(), ...(expression && { expression }) })
}
