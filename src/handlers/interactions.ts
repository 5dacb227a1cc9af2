import { nearest } from '../fhir/nearest.ts'
import { invalid } from '../fhir/outcome.ts'
import type { Definition, Interaction } from '../resources/definition.ts'
import { type Call, isLenient, type Operation } from './call.ts'
import { create } from './create.ts'
import { conditionalDelete, deleteOne } from './delete.ts'
import { historyInstance, historyType, vread } from './history.ts'
import { conditionalPatch, patch } from './patch.ts'
import { read } from './read.ts'
import { searchType } from './search.ts'
import { conditionalUpdate, update } from './update.ts'
import { type Asked, checkId, type Method, type Parts, permitInteraction, type Way } from './way.ts'

/** One way to ask for an interaction: the method, the path below `/Type`, and the function that does it. */
export type Route = {
  readonly interaction: Interaction
  readonly method: Method
  readonly path: string
  readonly operation: Operation
}

/** Every way in to a type: the routes and the CapabilityStatement both read this. https://hl7.org/fhir/R4/http.html */
export const INTERACTIONS: readonly Route[] = [
  { interaction: 'read', method: 'GET', path: '/:id', operation: read },
  { interaction: 'vread', method: 'GET', path: '/:id/_history/:versionId', operation: vread },
  { interaction: 'history-instance', method: 'GET', path: '/:id/_history', operation: historyInstance },
  { interaction: 'history-type', method: 'GET', path: '/_history', operation: historyType },
  { interaction: 'search-type', method: 'GET', path: '', operation: searchType },
  { interaction: 'search-type', method: 'POST', path: '/_search', operation: searchType },
  { interaction: 'create', method: 'POST', path: '', operation: create },
  { interaction: 'update', method: 'PUT', path: '/:id', operation: update },
  { interaction: 'update', method: 'PUT', path: '', operation: conditionalUpdate },
  { interaction: 'patch', method: 'PATCH', path: '/:id', operation: patch },
  { interaction: 'patch', method: 'PATCH', path: '', operation: conditionalPatch },
  { interaction: 'delete', method: 'DELETE', path: '/:id', operation: deleteOne },
  { interaction: 'delete', method: 'DELETE', path: '', operation: conditionalDelete },
]

/** The interactions that some actor may do with a type. */
export const offered = ({ may }: Definition): ReadonlySet<Interaction> =>
  new Set(Object.values(may).flatMap(interactions => interactions ?? []))

const WRITES: readonly string[] = ['create', 'update', 'patch', 'delete']
const WITH_RESOURCE: readonly string[] = ['create', 'update', 'patch']

const FORMATS = ['_format', '_pretty']
/** What may stand behind a path that says all by itself, https://hl7.org/fhir/R4/http.html#parameters */
const GENERAL: Readonly<Partial<Record<Interaction, readonly string[]>>> = {
  read: ['_summary', '_elements', ...FORMATS],
  vread: ['_summary', '_elements', ...FORMATS],
  // A client that sends a file may say its name in passing, for which Binary has no place.
  create: ['_filename', ...FORMATS],
}

/** Refuses what would be passed over. @throws FhirError 400 */
function checkParams(interaction: Interaction, { params, conditions }: Asked): void {
  const known = GENERAL[interaction] ?? FORMATS
  const unknown = params.find(([name]) => !known.includes(name))?.[0]
  if (unknown === undefined || isLenient(conditions.prefer)) return
  const guess = nearest(unknown, known)
  throw invalid(
    `${interaction} does not take "${unknown.slice(0, 60)}".${guess ? ` Did you mean "${guess}"?` : ''} Known are: ${known.join(', ')}`,
    undefined,
    'not-supported',
  )
}

// Each call of the same shape, member by member: what is spread becomes a dictionary, which costs a read a twentieth.
const callOf = (definition: Definition, asked: Asked): Call => ({
  server: asked.server,
  db: asked.db,
  grant: asked.grant,
  definition,
  id: asked.parts.id,
  versionId: asked.parts.versionId,
  params: asked.params,
  body: asked.body,
  again: asked.again,
  conditions: asked.conditions,
  requestId: asked.requestId,
  now: asked.now,
})

function wayOf(definition: Definition, { interaction, method, path, operation }: Route): Way {
  const { type } = definition
  const isQuery = path === '' && method !== 'GET' && method !== 'POST'
  const saysAll = !isQuery && !interaction.startsWith('search') && !interaction.startsWith('history')
  return {
    method,
    url: `/${type}${path}`,
    interaction,
    type,
    definition,
    affectsState: WRITES.includes(interaction),
    body: WITH_RESOURCE.includes(interaction) ? 'needed' : 'form',
    permit: (grant, { id }: Parts, { ifNoneExist }) => {
      const isConditional = isQuery || (interaction === 'create' && ifNoneExist !== undefined)
      permitInteraction(grant, definition, interaction, { id, isConditional })
    },
    handle: async asked => {
      // What is to be written under it is refused with what would be right; nothing else can be there.
      if (method !== 'PUT') checkId(type, asked.parts.id)
      if (saysAll) checkParams(interaction, asked)
      return await operation(callOf(definition, asked))
    },
  }
}

/** The ways in to a type. */
export function waysTo(definition: Definition): Way[] {
  const interactions = offered(definition)
  return INTERACTIONS.filter(({ interaction }) => interactions.has(interaction)).map(route => wayOf(definition, route))
}
