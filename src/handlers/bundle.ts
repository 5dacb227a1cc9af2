import type { Grant } from '../access/grant.ts'
import { invalid, tooLarge } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { batch } from './batch.ts'
import type { Answer, Conditions, Server } from './call.ts'
import { transaction } from './transaction.ts'

/** A Bundle that was sent to the base. */
export type Submission = {
  readonly server: Server
  readonly grant: Grant
  readonly bundle: Json
  /** The Bundle once more, as it was received: another try of a write begins with this. */
  readonly again: () => Json
  readonly conditions: Conditions
  readonly requestId: string
  readonly now: Date
}

/**
 * A batch or transaction, https://hl7.org/fhir/R4/http.html#transaction
 * @throws FhirError 400 when it is no such Bundle, 413 when it has too many entries; for a transaction whatever any entry
 * is refused for, with its place
 */
export async function submitBundle(submission: Submission): Promise<Answer> {
  const { bundle, server } = submission
  const { resourceType, type, entry = [] } = bundle
  if (resourceType !== 'Bundle')
    throw invalid('What is sent to the base is a Bundle of type batch or transaction', 'Bundle')
  if (type !== 'batch' && type !== 'transaction')
    throw invalid('Bundle.type must be batch or transaction', 'Bundle.type', 'value')
  if (!Array.isArray(entry)) throw invalid('Bundle.entry is an array', 'Bundle.entry', 'structure')
  if (entry.length > server.maxEntries)
    throw tooLarge(
      `The Bundle has ${entry.length} entries; this server takes ${server.maxEntries} at once`,
      'Bundle.entry',
    )
  const body = type === 'batch' ? await batch(submission, entry) : await transaction(submission)
  return { status: 200, headers: {}, body }
}
