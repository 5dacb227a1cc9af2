import type { Grant } from '../access/grant.ts'
import { parseJson } from '../fhir/json.ts'
import { conflict, invalid } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { definitionOf } from '../resources/index.ts'
import { audit, closed, lineOf } from '../store/audit.ts'
import { inTransaction, type Queryable } from '../store/db.ts'
import { lockNamed } from '../store/release.ts'
import { rowOf } from '../store/row.ts'
import { arrivalKey, awaiting } from '../store/waiting.ts'
import { type Current, contentOf, lockCurrent, momentOf, remove, store, type Version } from '../store/write.ts'
import { applyPatches } from './apply-patch.ts'
import type { Server } from './call.ts'
import { INTERACTION, identify, identityOf, type Known, type Writer } from './identify.ts'
import { atPlace, type Intent, inPlace } from './intent.ts'
import { identitiesOf, linkReferences } from './links.ts'
import { checkPreconditions } from './preconditions.ts'
import { enforceProfiles } from './profile-checks.ts'
import { permitInteraction } from './way.ts'
import { checkInside, hideOutside, unquoted, unreadAmong } from './within-scopes.ts'

/** What came of one write. */
export type Written = {
  readonly intent: Intent
  readonly id: string
  /** 201 created, 200 updated or as it was, 204 deleted or never there. */
  readonly status: 200 | 201 | 204
  readonly version: number
  readonly updated: Date
  /** The stored text; nothing after a delete. */
  readonly content: string | undefined
}

function checkPermissions(grant: Grant, intents: readonly Intent[]): void {
  for (const { method, definition, criteria, place } of intents)
    inPlace(place, () =>
      permitInteraction(grant, definition, INTERACTION[method], { isConditional: criteria !== undefined }),
    )
}

/** Two writes of one resource in one transaction would depend on their order. https://hl7.org/fhir/R4/http.html#trules */
function checkDistinct(intents: readonly Known[]): void {
  const places = new Map<string, string>()
  for (const { definition, id, place, criteria, method } of intents) {
    const names = [`${definition.type}/${id}`]
    if (criteria) names.push(identityOf({ definition, criteria, method, place }))
    for (const name of names) {
      const first = places.get(name)
      // A delete of all that match is several writes of one entry.
      if (first !== undefined && first !== place)
        throw atPlace(
          invalid(`It names the same ${definition.type} as ${first}: a transaction may write each resource once`),
          place,
        )
      places.set(name, place)
    }
  }
}

type Planned = { readonly written: Written; readonly store?: Version; readonly remove?: true }

/** What one write does to what is there: nothing, a new version, or a deletion. */
function plan(server: Server, { now }: Writer, intent: Known, current: Current | undefined, begun: Date): Planned {
  const { definition, id, method, resource } = intent
  // The transaction may have begun before another one that it then had to wait for.
  const moment = new Date(Math.max(begun.getTime(), (current?.updated.getTime() ?? 0) + 1))
  checkPreconditions(intent, current)
  const isThere = current?.content !== undefined
  const unchanged = (status: 200 | 204): Planned => ({
    written: {
      intent,
      id,
      status,
      version: current?.version ?? 0,
      updated: current?.updated ?? moment,
      content: current?.content,
    },
  })
  if (method === 'DELETE') {
    if (!isThere) return unchanged(204)
    return {
      written: { intent, id, status: 204, version: current.version + 1, updated: moment, content: undefined },
      remove: true,
    }
  }
  if (method === 'POST' && intent.isFound) return unchanged(200)
  if (!resource) throw atPlace(invalid('There is no resource to write'), intent.place)
  // Engines send whole days again: what says the same makes no new version.
  if (isThere && contentOf(resource, id, current.version, current.updated) === current.content) return unchanged(200)
  const version = (current?.version ?? 0) + 1
  const content = contentOf(resource, id, version, moment)
  const row = rowOf(definition, id, resource, content, server.base, now)
  return {
    written: { intent, id, status: isThere ? 200 : 201, version, updated: moment, content },
    store: {
      definition,
      id,
      version,
      // Who reads the history finds the whole resource, which is what a PUT sends.
      method: method === 'PATCH' ? 'PUT' : method,
      updated: moment,
      content,
      resource,
      row,
      replaces: isThere,
    },
  }
}

/**
 * Resources that named a Patient by identifier before she was there are hers from now on: engines send out of order.
 */
async function linkWaiting(
  db: Queryable,
  server: Server,
  writer: Writer,
  planned: readonly Planned[],
  moment: Date,
): Promise<void> {
  const arrived = planned.flatMap(({ store }) => (store?.definition.compartment === 'self' ? [store.resource] : []))
  if (arrived.length === 0 || writer.grant.actor !== 'engine') return
  const waiting = await awaiting(db, arrived.flatMap(identitiesOf).map(arrivalKey))
  const versions: Version[] = []
  for (const { type, id } of waiting) {
    const definition = definitionOf(type)
    const current = (await lockCurrent(db, type, [id])).get(id)
    if (!definition || current?.content === undefined) continue
    const resource = parseJson(current.content, { depth: server.maxDepth }).value as Json
    const intent: Known = { method: 'PUT', definition, id, resource, place: '', isFound: false, mustBeNew: false }
    await linkReferences(db, writer, [intent])
    const { store: version } = plan(server, writer, intent, current, moment)
    if (version) versions.push(version)
  }
  await store(db, versions)
}

const byDefinition = <T extends { readonly intent: Intent; readonly id: string }>(items: readonly T[]) =>
  new Map(
    items.map(({ intent }) => [intent.definition, items.filter(item => item.intent.definition === intent.definition)]),
  )

/** What is there of all that the writes name, locked: one statement for each type. */
async function currents(db: Queryable, intents: readonly Known[]): Promise<Map<string, Current>> {
  const named = intents.filter(({ method, isFound }) => method !== 'POST' || isFound)
  const found = new Map<string, Current>()
  for (const type of [...new Set(named.map(({ definition }) => definition.type))].sort()) {
    const ids = named.filter(({ definition }) => definition.type === type).map(({ id }) => id)
    for (const [id, current] of await lockCurrent(db, type, ids)) found.set(`${type}/${id}`, current)
  }
  return found
}

/**
 * Does a set of writes in the transaction of `db`: all of create, update, patch and delete, conditional or not,
 * one alone or the entries of a Bundle, go through here (https://hl7.org/fhir/R4/http.html#transaction).
 * @throws FhirError 400, 403, 409, 412 or 422; then nothing may be committed
 */
export async function perform(
  db: Queryable,
  server: Server,
  writer: Writer,
  intents: readonly Intent[],
): Promise<Written[]> {
  checkPermissions(writer.grant, intents)
  const moment = await momentOf(db)
  const named = await identify(db, server, writer, intents)
  checkDistinct(named)
  const unread = await unreadAmong(db, writer, named)
  const known = await unquoted(unread, async () => {
    const patched = await applyPatches(db, server, writer, named)
    enforceProfiles(server, patched)
    return patched
  })
  // Which identifiers others carry is not for a patient's app to find out by writing references.
  if (writer.grant.actor === 'engine') await linkReferences(db, writer, known)
  await lockNamed(db, known, writer.now)
  const there = await currents(db, known)
  await hideOutside(db, writer, known, there)
  const planned = known.map(intent =>
    plan(server, writer, intent, there.get(`${intent.definition.type}/${intent.id}`), moment),
  )
  const removed = byDefinition(planned.filter(each => each.remove).map(({ written }) => written))
  for (const [definition, gone] of removed)
    await remove(
      db,
      definition,
      gone.map(({ id }) => id),
      moment,
    )
  await store(
    db,
    planned.flatMap(each => each.store ?? []),
  )
  await checkInside(
    db,
    writer,
    known.filter((_, index) => planned[index]?.store),
  )
  await linkWaiting(db, server, writer, planned, moment)
  await audit(
    db,
    planned.map(({ written }) => lineOfWrite(writer, written)),
  )
  return planned.map(({ written }, index) =>
    unread.has(named[index] as Known) ? { ...written, content: undefined } : written,
  )
}

function lineOfWrite({ grant, requestId, now }: Writer, { intent, id, status, version }: Written): string {
  const { method, definition, criteria = [] } = intent
  // A conditional delete that matched nothing was about no id.
  const isAboutNone = status === 204 && version === 0 && criteria.length > 0
  const what = isAboutNone
    ? `${definition.type}?${new URLSearchParams(criteria.map(([name, value]): [string, string] => [name, value]))}`
    : `${definition.type}/${id}`
  const access = { grant, requestId, interaction: INTERACTION[method], what }
  return closed(lineOf(access, now), { status, version })
}

/** SQLSTATEs that another try of the same transaction cures: a deadlock, a serialization failure, a lost race to insert. */
const TRANSIENT = new Set(['40P01', '40001', '23505'])
const TRIES = 4

const isTransient = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && TRANSIENT.has(error.code)

/**
 * Runs work in a transaction of its own, and again when it lost a race.
 * @throws FhirError 409 when it keeps losing
 */
export async function commit<T>(server: Server, work: (db: Queryable, attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await inTransaction(server.pool, db => work(db, attempt))
    } catch (error) {
      if (!isTransient(error)) throw error
      if (attempt === TRIES) throw conflict('Others keep writing the same resources: send it again', 'transient')
    }
}

/** Runs work in the transaction that a call is part of, or in one of its own when it came alone. */
export const commitFor = <T>(
  { server, db }: { readonly server: Server; readonly db: Queryable },
  work: (db: Queryable, attempt: number) => Promise<T>,
): Promise<T> => (db === server.pool ? commit(server, work) : work(db, 1))
