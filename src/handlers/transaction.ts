import { type ResponseEntry, responseBundle } from '../fhir/bundle.ts'
import { FhirError, type Issue } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { unservedSetting } from '../store/clients.ts'
import type { Queryable } from '../store/db.ts'
import type { Submission } from './bundle.ts'
import { callOf, type Entry, entryOf, intentOf, isRead } from './entry.ts'
import { preferOfEntries, responseOfAnswer, responseOfWritten, skipped } from './entry-response.ts'
import type { Intent } from './intent.ts'
import { commit, perform } from './write.ts'

/** Applies a function to all and reports everything that is wrong at once. */
function allOf<T, R>(items: readonly T[], make: (item: T) => R): R[] {
  const errors: FhirError[] = []
  const made = items.flatMap(item => {
    try {
      return [make(item)]
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      errors.push(error)
      return []
    }
  })
  const [first] = errors
  if (first)
    throw new FhirError(
      first.status,
      errors.flatMap(error => error.issues),
      { headers: first.headers },
    )
  return made
}

function refuseUnserved(unserved: readonly Entry[]): void {
  if (unserved.length === 0) return
  const issues = unserved.map(
    ({ type, place }): Issue => ({
      severity: 'error',
      code: 'not-supported',
      text: `${type} is not served here; the client's setting "unserved: skip" would skip such entries`,
      expression: place,
    }),
  )
  throw new FhirError(400, issues)
}

const entriesOf = ({ server }: Submission, { entry = [] }: Json): Entry[] =>
  allOf([...(entry as unknown[]).entries()], ([index, value]) => entryOf(value, index, server))

const writesOf = (entries: readonly Entry[]): Intent[] =>
  allOf(
    entries.filter(entry => entry.definition && !isRead(entry)),
    intentOf,
  )

async function readIn(db: Queryable, entry: Entry, submission: Submission, prefer: string): Promise<ResponseEntry> {
  const { server, grant, requestId, now } = submission
  const [operation, call] = callOf(entry, { server, db, grant, requestId, now, prefer })
  try {
    return responseOfAnswer(await operation(call), entry)
  } catch (error) {
    throw error instanceof FhirError ? error.within(entry.place) : error
  }
}

/**
 * All of the entries or none, in the order DELETE, POST, PUT and PATCH, GET whatever their place, and answered in their
 * own order: https://hl7.org/fhir/R4/http.html#trules
 */
export async function transaction(submission: Submission): Promise<string> {
  const { server, grant, requestId, now, conditions } = submission
  const entries = entriesOf(submission, submission.bundle)
  const unserved = entries.filter(({ definition }) => !definition)
  const skips = unserved.length > 0 && (await unservedSetting(server.pool, grant.client)) === 'skip'
  if (!skips) refuseUnserved(unserved)
  const reads = entries.filter(entry => entry.definition && isRead(entry))
  const received = writesOf(entries)
  const prefer = preferOfEntries(conditions.prefer)
  const responses = await commit(server, async (db, attempt) => {
    // Linking has changed the resources in place: another try would find the first one's ids, so it begins with what came.
    const intents = attempt === 1 ? received : writesOf(entriesOf(submission, submission.again()))
    const written = await perform(db, server, { grant, requestId, now }, intents)
    const byPlace = new Map(written.map(each => [each.intent.place, responseOfWritten(each, prefer)]))
    for (const entry of reads) byPlace.set(entry.place, await readIn(db, entry, submission, prefer))
    return byPlace
  })
  return responseBundle(
    'transaction-response',
    entries.map(entry => responses.get(entry.place) ?? skipped(entry)),
  )
}
