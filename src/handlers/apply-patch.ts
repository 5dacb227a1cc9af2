import { parseJson } from '../fhir/json.ts'
import { gone, notFound, unprocessable } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import type { Queryable } from '../store/db.ts'
import { type Current, lockCurrent } from '../store/write.ts'
import type { Server } from './call.ts'
import type { Known, Writer } from './identify.ts'
import { atPlace, checkPatched, inPlace } from './intent.ts'
import { checkPreconditions } from './preconditions.ts'
import { hideOutside } from './within-scopes.ts'

function nothingThere({ definition: { type }, id, criteria, place }: Known, current: Current | undefined) {
  if (criteria) return atPlace(notFound(`No ${type} matches the condition`), place)
  return atPlace(current ? gone(`${type}/${id} was deleted`) : notFound(`There is no ${type}/${id}`), place)
}

function apply(server: Server, intent: Known, current: Current | undefined): Known {
  const { patch, definition, id, place } = intent
  if (!patch) return intent
  if (current?.content === undefined) throw nothingThere(intent, current)
  // That it was another version is said before the patch is found not to fit this one.
  checkPreconditions(intent, current)
  const resource = parseJson(current.content, { depth: server.maxDepth }).value as Json
  const patched = inPlace(place, () => patch(resource))
  for (const [name, value] of Object.entries({ resourceType: definition.type, id }))
    if (patched[name] !== value)
      throw atPlace(unprocessable(`A patch cannot change ${name}`, `${definition.type}.${name}`), place)
  return { ...intent, resource: checkPatched(patched, definition, place) }
}

/**
 * Patches what is there, locked: from here on the patch is an update. https://hl7.org/fhir/R4/http.html#patch
 * @throws FhirError 404 and 410 when nothing is there, 412 (If-Match), 422 when the patch does not fit or what it makes
 * is not as FHIR has it
 */
export async function applyPatches(
  db: Queryable,
  server: Server,
  writer: Writer,
  intents: readonly Known[],
): Promise<Known[]> {
  const patches = intents.filter(({ patch }) => patch)
  const there = new Map<string, Current>()
  for (const type of [...new Set(patches.map(({ definition }) => definition.type))].sort()) {
    const ids = patches.filter(({ definition }) => definition.type === type).map(({ id }) => id)
    for (const [id, current] of await lockCurrent(db, type, ids)) there.set(`${type}/${id}`, current)
  }
  await hideOutside(db, writer, patches, there)
  return intents.map(intent => apply(server, intent, there.get(`${intent.definition.type}/${intent.id}`)))
}
