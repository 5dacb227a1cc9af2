import type { Grant } from '../access/grant.ts'
import { allows, permit } from '../access/permit.ts'
import { LETTER_OF } from '../access/scopes.ts'
import { FhirError, forbidden } from '../fhir/outcome.ts'
import type { Definition } from '../resources/definition.ts'
import type { Queryable } from '../store/db.ts'
import { visibleAmong } from '../store/exists.ts'
import type { Current } from '../store/write.ts'
import { INTERACTION, type Known, type Writer } from './identify.ts'
import { atPlace, type Intent } from './intent.ts'

// A scope that is for a part of a type lets write what is in that part, and what stays in it.

type Group = { readonly definition: Definition; readonly method: Intent['method']; readonly intents: Known[] }

function groupsOf(intents: readonly Known[]): Group[] {
  const groups = new Map<string, Group>()
  for (const intent of intents) {
    const { definition, method } = intent
    const key = `${method} ${definition.type}`
    const group = groups.get(key) ?? { definition, method, intents: [] }
    groups.set(key, group)
    group.intents.push(intent)
  }
  return [...groups.values()]
}

/** The writes to resources that the permission for them does not cover, as these are at this moment. */
async function outsideOf(db: Queryable, { grant, now }: Writer, intents: readonly Known[]): Promise<Known[]> {
  const outside: Known[] = []
  for (const { definition, method, intents: group } of groupsOf(intents)) {
    const permission = permit(grant, definition, INTERACTION[method])
    const ids = group.map(({ id }) => id)
    const inside = await visibleAmong(db, permission, ids, now)
    outside.push(...group.filter(({ id }) => !inside.has(id)))
  }
  return outside
}

function beyondScopes({ actor }: Grant, { definition: { type }, id, method, place }: Known, what: string): FhirError {
  const scope = `${actor === 'engine' ? 'system' : 'patient'}/${type}.${LETTER_OF[INTERACTION[method]]}`
  const error = forbidden(`${what} ${type}/${id} is not within the scopes of the access token`, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })
  return atPlace(error, place)
}

/**
 * Takes away from what is there whatever the writes may not be about: to delete or patch it is answered as if there were
 * nothing.
 * @throws FhirError 403 for an update, which would otherwise make what is already there
 */
export async function hideOutside(
  db: Queryable,
  writer: Writer,
  intents: readonly Known[],
  there: Map<string, Current>,
): Promise<void> {
  const keyOf = ({ definition, id }: Known) => `${definition.type}/${id}`
  const about = intents.filter(intent => intent.method !== 'POST' && there.get(keyOf(intent))?.content !== undefined)
  for (const intent of await outsideOf(db, writer, about)) {
    if (intent.method === 'PUT') throw beyondScopes(writer.grant, intent, 'What there is of')
    there.delete(keyOf(intent))
  }
}

/**
 * The patches of what the writer may change and not read, by which it would otherwise learn what is there: the letter `u` of
 * SMART 2.2 is no `r`.
 */
export async function unreadAmong(
  db: Queryable,
  { grant, now }: Writer,
  intents: readonly Known[],
): Promise<ReadonlySet<Intent>> {
  const unread = new Set<Intent>()
  for (const { definition, intents: group } of groupsOf(intents.filter(({ method }) => method === 'PATCH'))) {
    const ids = group.map(({ id }) => id)
    const mayRead = allows(grant, definition, 'read')
    const read = mayRead ? await visibleAmong(db, permit(grant, definition, 'read'), ids, now) : new Set<string>()
    for (const intent of group) if (!read.has(intent.id)) unread.add(intent)
  }
  return unread
}

/**
 * Does what may fail for what a patched resource holds. What is wrong may quote it, and is told to who may read it.
 * @throws FhirError as `work`, for another with its status alone
 */
export async function unquoted<T>(unread: ReadonlySet<Intent>, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof FhirError) || unread.size === 0 || ![400, 422].includes(error.status)) throw error
    const text = 'The patch does not fit; what is wrong is told to who may read the resource, with the scope for it (r)'
    const issues = [...unread].map(
      ({ place }) => ({ severity: 'error', code: 'business-rule', text, expression: place || undefined }) as const,
    )
    throw new FhirError(error.status, issues)
  }
}

/**
 * Checks what has been written: nobody writes what the scope for it does not cover.
 * @throws FhirError 403
 */
export async function checkInside(db: Queryable, writer: Writer, written: readonly Known[]): Promise<void> {
  const [first] = await outsideOf(db, writer, written)
  if (first) throw beyondScopes(writer.grant, first, 'What this would make of')
}
