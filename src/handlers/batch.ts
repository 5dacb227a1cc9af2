import { type ResponseEntry, responseBundle } from '../fhir/bundle.ts'
import { FhirError, tooSlow } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { audit, closed, lineOf } from '../store/audit.ts'
import { unservedSetting } from '../store/clients.ts'
import type { Submission } from './bundle.ts'
import { faultsOfBundle } from './bundle-faults.ts'
import { answerEntry, type Entry, entryOf, isRead, isUnserved, whatOf } from './entry.ts'
import { preferOfEntries, responseOfAnswer, responseOfError, skipped } from './entry-response.ts'
import { knownError } from './errors.ts'

/** How many entries of one batch run at a time: one client must not take all connections. */
const AT_ONCE = 4

type Numbered = { readonly index: number; readonly entry: Entry }

/** What an entry writes to, as far as it says: two of one name are done one after the other. */
const targetOf = ({ path, params, parts: { id }, conditions, place }: Entry): string =>
  id ?? (params.length > 0 ? `${path}?${params}` : (conditions.ifNoneExist ?? place))

/** Which entries may run beside each other: reads, and writes of one kind to one type. */
const kindOf = (entry: Entry): string => (isRead(entry) ? 'read' : `${entry.method} ${entry.type}`)
/** Runs of entries that do not depend on each other; what stands later in the batch waits for what stands before it. */
function groupsOf(entries: readonly Numbered[]): Numbered[][] {
  const groups: Numbered[][] = []
  const targets = new Set<string>()
  let kind: string | undefined
  for (const each of entries) {
    const target = targetOf(each.entry)
    const isSame = kindOf(each.entry) === kind && (kind === 'read' || !targets.has(target))
    if (!isSame) {
      groups.push([])
      targets.clear()
    }
    kind = kindOf(each.entry)
    targets.add(target)
    groups.at(-1)?.push(each)
  }
  return groups
}

async function fewAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  const worker = async () => {
    for (const item of left) await work(item)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/**
 * A batch of many searches, each of which may take its time, would keep others from theirs for minutes. What it writes is done
 * nevertheless: whoever sent it could not tell what is left to be sent again.
 * @throws FhirError 503 where it has read for so long
 */
function checkTime({ server, now }: Submission, entry: Entry): void {
  const { maxBatchSeconds } = server
  if (!isRead(entry) || server.clock().getTime() - now.getTime() < maxBatchSeconds * 1000) return
  throw tooSlow(`The batch has taken ${maxBatchSeconds} seconds: ask for what is left in another one, for less at once`)
}

async function refusal(
  error: unknown,
  { server, grant, requestId, now }: Submission,
  what: string,
): Promise<FhirError> {
  const known = knownError(error)
  if (!known) throw error
  if (known.status === 403) {
    const access = { grant, requestId, interaction: 'batch', what }
    await audit(server.pool, [closed(lineOf(access, now), { status: known.status })])
  }
  return known
}

/** Each entry for itself, as if it had come alone: https://hl7.org/fhir/R4/http.html#brules */
export async function batch(submission: Submission, values: readonly unknown[]): Promise<string> {
  const { server, grant, requestId, now, conditions } = submission
  const { whole, entries: faults } = faultsOfBundle(submission.bundle)
  if (whole) throw whole
  const responses: ResponseEntry[] = []
  const entries: Numbered[] = []
  for (const [index, value] of values.entries())
    try {
      const entry = entryOf(value, index, server)
      const fault = faults.get(index)
      if (fault) throw fault
      entries.push({ index, entry })
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      responses[index] = responseOfError(error)
    }
  const skips =
    entries.some(({ entry }) => isUnserved(entry)) && (await unservedSetting(server.pool, grant.client)) === 'skip'
  const prefer = preferOfEntries(conditions.prefer)
  const answer = async ({ index, entry }: Numbered): Promise<ResponseEntry> => {
    if (skips && isUnserved(entry)) return skipped(entry)
    const again = () => (submission.again().entry as Json[])[index]?.resource as Json
    try {
      checkTime(submission, entry)
      const shared = { server, db: server.pool, grant, requestId, now, prefer, again }
      return await responseOfAnswer(await answerEntry(entry, shared), entry)
    } catch (error) {
      return responseOfError(await refusal(error, submission, whatOf(entry)))
    }
  }
  for (const group of groupsOf(entries))
    await fewAtOnce(group, async each => {
      responses[each.index] = await answer(each)
    })
  return responseBundle('batch-response', responses)
}
