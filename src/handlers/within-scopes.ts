import type { Grant } from '../access/grant.ts'
import { permit } from '../access/permit.ts'
import { LETTER_OF } from '../access/scopes.ts'
import { type FhirError, forbidden } from '../fhir/outcome.ts'
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
 * Checks what has been written: nobody writes what the scope for it does not cover.
 * @throws FhirError 403
 */
export async function checkInside(db: Queryable, writer: Writer, written: readonly Known[]): Promise<void> {
  const [first] = await outsideOf(db, writer, written)
  if (first) throw beyondScopes(writer.grant, first, 'What this would make of')
}
