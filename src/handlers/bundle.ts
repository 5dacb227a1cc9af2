import type { Grant } from '../access/grant.ts'
import { type ResponseEntry, responseBundle } from '../fhir/bundle.ts'
import { FhirError, type Issue, invalid } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { unservedSetting } from '../store/clients.ts'
import type { Queryable } from '../store/db.ts'
import { type Answer, type Conditions, returnPreference, type Server } from './call.ts'
import { callOf, type Entry, entryOf, intentOf } from './entry.ts'
import { commit, perform, type Written } from './write.ts'

/** A Bundle that was sent to the base. */
export type Submission = {
  readonly server: Server
  readonly grant: Grant
  readonly bundle: Json
  readonly conditions: Conditions
  readonly requestId: string
  readonly now: Date
}

const PHRASES: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 204: 'No Content', 304: 'Not Modified' }

const statusText = (status: number): string => [status, PHRASES[status]].filter(Boolean).join(' ')

const isRead = ({ method }: Entry): boolean => method === 'GET' || method === 'HEAD'

/** What is said of an entry whose type is not served, for a client that is set to skip such entries. */
const skipped = ({ type, place }: Entry): ResponseEntry => ({
  status: '200 OK',
  issues: [
    {
      severity: 'warning',
      code: 'not-supported',
      text: `${type} is not served here: the entry was skipped, as this client's setting "unserved: skip" says`,
      expression: place,
    },
  ],
})

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

function responseOf({ intent, id, status, version, updated, content }: Written, withResource: boolean): ResponseEntry {
  const versioned =
    version === 0
      ? {}
      : {
          location: `${intent.definition.type}/${id}/_history/${version}`,
          etag: `W/"${version}"`,
          lastModified: updated.toISOString(),
        }
  const resource = withResource && content !== undefined ? { content } : {}
  return { status: statusText(status), ...versioned, ...resource }
}

const answered = ({ status, headers, body }: Answer): ResponseEntry => {
  const modified = headers['last-modified']
  return {
    status: statusText(status),
    ...(headers.location === undefined ? {} : { location: headers.location }),
    ...(headers.etag === undefined ? {} : { etag: headers.etag }),
    ...(modified === undefined ? {} : { lastModified: new Date(modified).toISOString() }),
    ...(body === undefined ? {} : { content: body }),
  }
}

async function readIn(
  db: Queryable,
  entry: Entry,
  { server, grant, requestId, now }: Submission,
): Promise<ResponseEntry> {
  const [operation, call] = callOf(entry, { server, db, grant, requestId, now })
  try {
    return answered(await operation(call))
  } catch (error) {
    throw error instanceof FhirError ? error.within(entry.place) : error
  }
}

/**
 * All of the entries or none, in the order DELETE, POST, PUT, GET whatever their place, and answered in their own order:
 * https://hl7.org/fhir/R4/http.html#trules
 */
async function transaction(submission: Submission, entries: readonly Entry[]): Promise<string> {
  const { server, grant, requestId, now, conditions } = submission
  const unserved = entries.filter(({ definition }) => !definition)
  const skips = unserved.length > 0 && (await unservedSetting(server.pool, grant.client)) === 'skip'
  if (!skips) refuseUnserved(unserved)
  const served = entries.filter(({ definition }) => definition)
  // Linking changes the resources in place: a second try would find the first one's ids, so each begins with what came.
  const intents = allOf(
    served.filter(entry => !isRead(entry)),
    intentOf,
  )
  const responses = await commit(server, async db => {
    const fresh = intents.map(intent =>
      intent.resource ? { ...intent, resource: structuredClone(intent.resource) } : intent,
    )
    const written = await perform(db, server, { grant, requestId, now }, fresh)
    const withResource = returnPreference(conditions.prefer) === 'representation' && conditions.prefer !== undefined
    const byPlace = new Map(written.map(each => [each.intent.place, responseOf(each, withResource)]))
    for (const entry of served.filter(isRead)) byPlace.set(entry.place, await readIn(db, entry, submission))
    return byPlace
  })
  return responseBundle(
    'transaction-response',
    entries.map(entry => responses.get(entry.place) ?? skipped(entry)),
  )
}

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

/** Each entry for itself, as if it had come alone: https://hl7.org/fhir/R4/http.html#brules */
async function batch(submission: Submission, values: readonly unknown[]): Promise<string> {
  const { server, grant, requestId, now } = submission
  const responses: ResponseEntry[] = []
  for (const [index, value] of values.entries())
    try {
      const entry = entryOf(value, index, server)
      if (!entry.definition && (await unservedSetting(server.pool, grant.client)) === 'skip')
        responses.push(skipped(entry))
      else {
        const [operation, call] = callOf(entry, { server, db: server.pool, grant, requestId, now })
        responses.push(answered(await operation(call)))
      }
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      responses.push({ status: statusText(error.status), issues: error.issues })
    }
  return responseBundle('batch-response', responses)
}

/**
 * A batch or transaction, https://hl7.org/fhir/R4/http.html#transaction
 * @throws FhirError 400 when it is no such Bundle; for a transaction whatever any entry is refused for, with its place
 */
export async function submitBundle(submission: Submission): Promise<Answer> {
  const { bundle, server } = submission
  const { resourceType, type, entry = [] } = bundle
  if (resourceType !== 'Bundle')
    throw invalid('What is sent to the base is a Bundle of type batch or transaction', 'Bundle')
  if (type !== 'batch' && type !== 'transaction')
    throw invalid('Bundle.type must be batch or transaction', 'Bundle.type', 'value')
  if (!Array.isArray(entry)) throw invalid('Bundle.entry is an array', 'Bundle.entry', 'structure')
  const body =
    type === 'batch'
      ? await batch(submission, entry)
      : await transaction(
          submission,
          allOf([...entry.entries()], ([index, value]) => entryOf(value, index, server)),
        )
  return { status: 200, headers: {}, body }
}
