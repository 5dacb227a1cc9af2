import { type ResponseEntry, responseBundle } from '../fhir/bundle.ts'
import { FhirError, type Issue, invalid } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { unservedSetting } from '../store/clients.ts'
import type { Submission } from './bundle.ts'
import { faultsOfBundle } from './bundle-faults.ts'
import type { Server } from './call.ts'
import { answerEntry, type Entry, entryOf, intentOf, isRead, isUnserved, isWrite, permitEntry, wayOf } from './entry.ts'
import { preferOfEntries, responseOfAnswer, responseOfWritten, skipped } from './entry-response.ts'
import { atPlace, type Intent, inPlace } from './intent.ts'
import { commit, perform, type Written } from './write.ts'

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
      errors.some(({ status }) => status === 400) ? 400 : first.status,
      errors.flatMap(error => error.issues),
      { headers: first.headers },
    )
  return made
}

/** Of what is asked for nowhere the Bundle as a whole is wrong: nothing is missing at its own address. */
function refuseUnknown(entries: readonly Entry[]): void {
  allOf(entries, entry => {
    try {
      wayOf(entry)
    } catch (error) {
      throw error instanceof FhirError ? new FhirError(400, error.issues.map(withHint(entry))) : error
    }
  })
}

const withHint =
  (entry: Entry) =>
  (issue: Issue): Issue =>
    isUnserved(entry)
      ? { ...issue, text: `${issue.text}; the client's setting "unserved: skip" would skip such entries` }
      : issue

/** The entries, taken apart and all of them permitted. @throws FhirError 403 before 400 */
function entriesOf({ server, grant }: Submission, { entry = [] }: Json): Entry[] {
  const values = (entry as unknown[]).entries()
  const taken = [...values].map(([index, value]): { entry: Entry } | { fault: unknown } => {
    try {
      return { entry: entryOf(value, index, server) }
    } catch (fault) {
      return { fault }
    }
  })
  const entries = taken.flatMap(each => ('entry' in each ? [each.entry] : []))
  allOf(entries, each => inPlace(each.place, () => permitEntry(each, grant)))
  return allOf(taken, each => {
    if ('fault' in each) throw each.fault
    return each.entry
  })
}

const writesOf = (entries: readonly Entry[], server: Server): Intent[] =>
  allOf(entries.filter(isWrite), entry => intentOf(entry, server))

/** The writes of a Bundle that is right, in itself and in all its resources. @throws FhirError 400, 422 */
function received({ bundle, server }: Submission, entries: readonly Entry[]): Intent[] {
  const { whole, entries: faults } = faultsOfBundle(bundle)
  const shell = [whole, ...faults.values()].flatMap(fault => fault ?? [])
  const works = [
    ...shell.map(fault => (): Intent => {
      throw fault
    }),
    ...entries.filter(isWrite).map(entry => (): Intent => intentOf(entry, server)),
  ]
  return allOf(works, work => work())
}

type Shared = Parameters<typeof answerEntry>[1]

async function answerIn(entry: Entry, shared: Shared): Promise<ResponseEntry> {
  try {
    return await responseOfAnswer(await answerEntry(entry, shared), entry)
  } catch (error) {
    throw error instanceof FhirError ? atPlace(error, entry.place) : error
  }
}

/** The operations of a transaction that change something write what nothing else in it does. */
function checkOnce(written: readonly Written[], changes: readonly Entry[]): void {
  const names = written.map(({ intent, id }): [string, string] => [`${intent.definition.type}/${id}`, intent.place])
  const places = new Map(names)
  for (const { type, parts, place } of changes) {
    const name = `${type}/${parts.id}`
    const other = places.get(name)
    if (other !== undefined)
      throw invalid(`It writes the same ${type} as ${other}: a transaction may write each resource once`, place)
    places.set(name, place)
  }
}

/**
 * All of the entries or none, in the order DELETE, POST, PUT and PATCH, GET whatever their place, and answered in their
 * own order: https://hl7.org/fhir/R4/http.html#trules. Operations that change something come after the writes, which are
 * of other resources, and before what only asks.
 */
export async function transaction(submission: Submission): Promise<string> {
  const { server, grant, requestId, now, conditions } = submission
  const entries = entriesOf(submission, submission.bundle)
  const skips = entries.some(isUnserved) && (await unservedSetting(server.pool, grant.client)) === 'skip'
  refuseUnknown(skips ? entries.filter(entry => !isUnserved(entry)) : entries)
  const first = received(submission, entries)
  const changes = entries.filter(entry => entry.way?.affectsState && !isWrite(entry))
  const others = [...changes, ...entries.filter(isRead)]
  const prefer = preferOfEntries(conditions.prefer)
  const responses = await commit(server, async (db, attempt) => {
    // Linking has changed the resources in place: another try would find the first one's ids, so it begins with what came.
    const intents = attempt === 1 ? first : writesOf(entriesOf(submission, submission.again()), server)
    const written = await perform(db, server, { grant, requestId, now }, intents)
    checkOnce(written, changes)
    const byPlace = new Map(written.map(each => [each.intent.place, responseOfWritten(each, prefer, server)]))
    const shared = { server, db, grant, requestId, now, prefer }
    for (const entry of others) byPlace.set(entry.place, await answerIn(entry, shared))
    return byPlace
  })
  return responseBundle(
    'transaction-response',
    entries.map(entry => responses.get(entry.place) ?? skipped(entry)),
  )
}
