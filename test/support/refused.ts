import { FhirError } from '../../src/fhir/outcome.ts'

/** The status that work is refused with; nothing when it is done. */
export function statusOf(work: () => unknown): number | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof FhirError) return error.status
    throw error
  }
}
