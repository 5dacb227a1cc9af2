import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Json } from '../../fhir/types.ts'
import { definitionOf } from '../../resources/index.ts'
import { isLenient, type Server } from '../call.ts'
import { negotiate } from '../negotiate.ts'
import { conditionsOf, isForm, paramsOf, recordRefusal, refuseOthers } from '../routes.ts'
import { send } from '../send.ts'
import { OPERATIONS, typesOf } from './index.ts'
import { readInput } from './input.ts'
import type { Called, Level, NamedOperation } from './operation.ts'
import { continued } from './pages.ts'

const LEVELS: readonly Level[] = ['system', 'type', 'instance']

/** The route of an operation at one level: `/$meta`, `/Patient/$everything`, `/Patient/:id/$everything`. */
function urlOf({ name }: NamedOperation, level: Level, type: string | undefined): string {
  if (level === 'system') return `/$${name}`
  return level === 'type' ? `/${type}/$${name}` : `/${type}/:id/$${name}`
}

/** `Patient/1/$everything`: the path below the base. */
const pathOf = ({ name }: NamedOperation, type: string | undefined, id: string | undefined): string =>
  [type, id, `$${name}`].filter(Boolean).join('/')

function bodyOf(request: FastifyRequest): Json | undefined {
  if (request.method !== 'POST' || isForm(request)) return undefined
  return (request.body ?? undefined) as Json | undefined
}

function calledOf(
  server: Server,
  operation: NamedOperation,
  level: Level,
  type: string | undefined,
  request: FastifyRequest,
): Called {
  const { id } = request.params as { id?: string }
  const conditions = conditionsOf(request)
  const path = pathOf(operation, type, id)
  const { pairs, cursor } = continued(operation, paramsOf(request), path, server, request.grant)
  return {
    server,
    db: server.pool,
    grant: request.grant,
    level,
    type,
    definition: type === undefined ? undefined : definitionOf(type),
    ...(id === undefined ? {} : { id }),
    path,
    cursor,
    input: readInput(operation, pairs, bodyOf(request), { lenient: isLenient(conditions.prefer) }),
    conditions,
    requestId: request.id,
    now: server.clock(),
  }
}

function operationRoute(
  app: FastifyInstance,
  server: Server,
  operation: NamedOperation,
  level: Level,
  type: string | undefined,
): void {
  const url = urlOf(operation, level, type)
  const methods = operation.levels[level] ?? []
  for (const method of methods)
    app.route({
      method,
      url,
      handler: async (request, reply) => {
        const media = negotiate(request)
        try {
          return send(reply, media, await operation.run(calledOf(server, operation, level, type, request)))
        } catch (error) {
          const { id } = request.params as { id?: string }
          await recordRefusal(server, request, 'operation', pathOf(operation, type, id), error)
          throw error
        }
      },
    })
  refuseOthers(app, url, methods)
}

/** The routes of every operation, at each of its levels and types. https://hl7.org/fhir/R4/operations.html#executing */
export function operationRoutes(app: FastifyInstance, server: Server): void {
  for (const operation of OPERATIONS)
    for (const level of LEVELS) {
      if (!operation.levels[level]) continue
      const types = level === 'system' ? [undefined] : typesOf(operation)
      for (const type of types) operationRoute(app, server, operation, level, type)
    }
}
