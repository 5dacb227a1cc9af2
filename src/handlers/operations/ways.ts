import type { Grant } from '../../access/grant.ts'
import type { Json } from '../../fhir/types.ts'
import { definitionOf } from '../../resources/index.ts'
import { isLenient } from '../call.ts'
import { type Asked, checkId, type Parts, pathOf, permitInteraction, type Way } from '../way.ts'
import { OPERATIONS, typesOf } from './index.ts'
import { readInput } from './input.ts'
import type { Called, Level, NamedOperation } from './operation.ts'
import { continued } from './pages.ts'

const LEVELS: readonly Level[] = ['system', 'type', 'instance']

/** Where an operation is invoked at one level: `/$meta`, `/Patient/$everything`, `/Patient/:id/$everything`. */
function urlOf({ name }: NamedOperation, level: Level, type: string | undefined): string {
  if (level === 'system') return `/$${name}`
  return level === 'type' ? `/${type}/$${name}` : `/${type}/:id/$${name}`
}

type Place = { readonly operation: NamedOperation; readonly level: Level; readonly type: string | undefined }

function permitOperation({ operation, level, type = '' }: Place, grant: Grant, { id }: Parts): void {
  const definition = definitionOf(type)
  const needed = operation.needs?.[level]
  if (definition && needed) permitInteraction(grant, definition, needed, { id })
}

function calledOf({ operation, level, type }: Place, { parts, params, body, ...asked }: Asked, path: string): Called {
  const { server, grant, conditions } = asked
  const { id } = parts
  const { pairs, cursor } = continued(operation, params, path, server, grant)
  return {
    ...asked,
    level,
    type,
    definition: type === undefined ? undefined : definitionOf(type),
    ...(id === undefined ? {} : { id }),
    path,
    cursor,
    input: readInput(operation, pairs, body as Json | undefined, { lenient: isLenient(conditions.prefer) }),
  }
}

function wayOf(place: Place, method: 'GET' | 'POST'): Way {
  const { operation, level, type } = place
  const way: Way = {
    method,
    url: urlOf(operation, level, type),
    interaction: 'operation',
    ...(type === undefined ? {} : { type }),
    affectsState: operation.affectsState,
    body: method === 'POST' ? 'possible' : 'form',
    permit: (grant, parts) => permitOperation(place, grant, parts),
    handle: async asked => {
      checkId(type ?? '', asked.parts.id)
      return await operation.run(calledOf(place, asked, pathOf(way, asked.parts)))
    },
  }
  return way
}

/** The ways in to every operation, at each of its levels and types. https://hl7.org/fhir/R4/operations.html#executing */
export const OPERATION_WAYS: readonly Way[] = OPERATIONS.flatMap(operation =>
  LEVELS.flatMap(level => {
    const types = level === 'system' ? [undefined] : typesOf(operation)
    return (operation.levels[level] ?? []).flatMap(method =>
      types.map(type => wayOf({ operation, level, type }, method)),
    )
  }),
)
