import { FhirError, type Issue } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { validate } from '../validation/validate.ts'

const ENTRY = /^Bundle\.entry\[(\d+)\]/

/**
 * What is wrong with a Bundle apart from the resources in it, which are checked as they are taken: with all of it, and
 * with single entries by their index.
 */
export function faultsOfBundle(bundle: Json): {
  whole: FhirError | undefined
  entries: ReadonlyMap<number, FhirError>
} {
  const { issues, isFhir } = validate(bundle, 'Bundle', { entries: false })
  const status = isFhir ? 422 : 400
  const byEntry = new Map<number | undefined, Issue[]>()
  for (const issue of issues) {
    const [, index] = ENTRY.exec(issue.expression ?? '') ?? []
    const key = index === undefined ? undefined : Number(index)
    byEntry.set(key, [...(byEntry.get(key) ?? []), issue])
  }
  const whole = byEntry.get(undefined)
  const entries = [...byEntry].flatMap(([index, found]): [number, FhirError][] =>
    index === undefined ? [] : [[index, new FhirError(status, found)]],
  )
  return { whole: whole && new FhirError(status, whole), entries: new Map(entries) }
}
