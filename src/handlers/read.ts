import { type Permission, permitRead } from '../access/permit.ts'
import { gone, notFound } from '../fhir/outcome.ts'
import type { Access } from '../store/audit.ts'
import { readOne, type Stored, wasDeleted } from '../store/read.ts'
import { type Answer, type Call, versionHeaders } from './call.ts'
import { isKnownTag } from './preconditions.ts'
import { cutText, shownBy } from './shown.ts'

/** Whether the client has this version already, https://hl7.org/fhir/R4/http.html#cread */
function isKnown({ conditions }: Call, { version, updated }: Stored): boolean {
  const { ifNoneMatch, ifModifiedSince } = conditions
  if (ifNoneMatch !== undefined) return isKnownTag(ifNoneMatch, String(version))
  if (ifModifiedSince === undefined) return false
  const since = Date.parse(ifModifiedSince)
  // HTTP dates have whole seconds; what was stored within that second counts as known.
  return !Number.isNaN(since) && Math.floor(updated.getTime() / 1000) * 1000 <= since
}

/** One version as an answer: its stored text or what was asked for of it, or 304 when the client has it. */
export function versionAnswer(call: Call, found: Stored): Answer {
  const headers = versionHeaders(found.version, found.updated)
  const { updated } = found
  if (isKnown(call, found)) return { status: 304, headers, updated }
  return { status: 200, headers, updated, body: cutText(found.content ?? '', shownBy(call), call.server.maxDepth) }
}

/** The current version: with others' reads, or in the transaction that the call is part of. */
export const findCurrent = (
  { server, db, now }: Pick<Call, 'server' | 'db' | 'now'>,
  permission: Permission,
  id: string,
  access: Access,
): Promise<Stored | undefined> =>
  db === server.pool ? server.load(permission, id, access, now) : readOne(db, permission, id, access, now)

/**
 * The current version of a resource, https://hl7.org/fhir/R4/http.html#read
 * @throws FhirError 403 out of scope, 404 not there or somebody else's, 410 deleted
 */
export async function read(call: Call): Promise<Answer> {
  const { db, grant, definition, id = '', requestId, now } = call
  const permission = permitRead(grant, definition, id)
  const access = { grant, requestId, interaction: 'read', what: `${definition.type}/${id}` }
  const found = await findCurrent(call, permission, id, access)
  if (found) return versionAnswer(call, found)
  if (await wasDeleted(db, permission, id, now)) throw gone(`${definition.type}/${id} was deleted`)
  throw notFound(`There is no ${definition.type}/${id}`)
}
