import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { FhirError, invalid, notAllowed, notFound } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitions } from '../resources/index.ts'
import { audit, closed, lineOf } from '../store/audit.ts'
import { submitBundle } from './bundle.ts'
import type { Answer, Call, Conditions, Server } from './call.ts'
import { isId } from './id.ts'
import { INTERACTIONS, offered, type Route } from './interactions.ts'
import { formPairs, negotiate, queryPairs } from './negotiate.ts'

const FORM = 'application/x-www-form-urlencoded'
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/** The conditions that a request's headers put on it. */
export const conditionsOf = (request: FastifyRequest): Conditions => ({
  ifMatch: header(request, 'if-match'),
  ifNoneMatch: header(request, 'if-none-match'),
  ifModifiedSince: header(request, 'if-modified-since'),
  ifNoneExist: header(request, 'if-none-exist'),
  prefer: header(request, 'prefer'),
})

/** Whether the body is the form of a search. */
export const isForm = (request: FastifyRequest): boolean => request.headers['content-type']?.startsWith(FORM) ?? false

/** The query of the URL and the form of the body, in their order. */
export function paramsOf(request: FastifyRequest): [string, string][] {
  const pairs = queryPairs(request.raw.url ?? '')
  return isForm(request) && typeof request.body === 'string' ? [...pairs, ...formPairs(request.body)] : pairs
}

function bodyOf(request: FastifyRequest): Pick<Call, 'body'> {
  if (request.method !== 'POST' && request.method !== 'PUT') return {}
  if (isForm(request)) return {}
  if (request.body === undefined || request.body === null)
    throw invalid('The request has no body', undefined, 'required')
  return { body: request.body as Json }
}

function callOf(server: Server, definition: Definition, request: FastifyRequest): Call {
  const { id, versionId } = request.params as { id?: string; versionId?: string }
  // What is to be written under it is refused with what would be right; nothing else can be there.
  if (id !== undefined && !isId(id) && request.method !== 'PUT') throw notFound(`There is no ${definition.type}/${id}`)
  return {
    server,
    db: server.pool,
    grant: request.grant,
    definition,
    params: paramsOf(request),
    conditions: conditionsOf(request),
    requestId: request.id,
    now: server.clock(),
    ...bodyOf(request),
    ...(id === undefined ? {} : { id }),
    ...(versionId === undefined ? {} : { versionId }),
  }
}

function send(reply: FastifyReply, type: string, { status, headers, body }: Answer): FastifyReply {
  reply.code(status).headers(headers)
  if (body === undefined) return reply.send()
  return reply.type(`${type}; charset=utf-8`).send(body)
}

/** A refusal for lack of scope is an access too: it is recorded before the answer leaves. */
export async function recordRefusal(
  server: Server,
  request: FastifyRequest,
  interaction: string,
  what: string,
  error: unknown,
) {
  if (!(error instanceof FhirError) || error.status !== 403) return
  const access = { grant: request.grant, requestId: request.id, interaction, what }
  await audit(server.pool, [closed(lineOf(access, server.clock()), { status: error.status })])
}

function interactionRoute(app: FastifyInstance, server: Server, definition: Definition, route: Route): void {
  const { interaction, method, path, operation } = route
  app.route({
    method,
    url: `/${definition.type}${path}`,
    handler: async (request, reply) => {
      const type = negotiate(request)
      try {
        return send(reply, type, await operation(callOf(server, definition, request)))
      } catch (error) {
        const { id } = request.params as { id?: string }
        await recordRefusal(
          server,
          request,
          interaction,
          id === undefined ? definition.type : `${definition.type}/${id}`,
          error,
        )
        throw error
      }
    },
  })
}

/** The methods that a path does not have are refused with those that it has. https://hl7.org/fhir/R4/http.html#general */
export function refuseOthers(app: FastifyInstance, url: string, methods: readonly string[]): void {
  const allow = methods.includes('GET') ? ['HEAD', ...methods] : methods
  for (const method of METHODS)
    if (!methods.includes(method))
      app.route({
        method,
        url,
        // Before the body is read: that it comes in no form that is taken here is not what was wrong.
        onRequest: async request => {
          throw notAllowed(`${request.method} is not possible here; possible are ${allow.join(', ')}`, allow)
        },
        handler: () => {},
      })
}

function typeRoutes(app: FastifyInstance, server: Server, definition: Definition): void {
  const interactions = offered(definition)
  const routes = INTERACTIONS.filter(({ interaction }) => interactions.has(interaction))
  for (const route of routes) interactionRoute(app, server, definition, route)
  for (const path of new Set(INTERACTIONS.map(route => route.path)))
    refuseOthers(
      app,
      `/${definition.type}${path}`,
      routes.filter(route => route.path === path).map(route => route.method),
    )
}

/** The routes of every declared type, and of the base itself, with and without a slash at its end. */
export function resourceRoutes(app: FastifyInstance, server: Server): void {
  for (const definition of definitions.values()) typeRoutes(app, server, definition)
  // With a prefix, Fastify takes the slash as the base with and without it.
  app.post('/', async (request, reply) => {
    const type = negotiate(request)
    const { body: bundle = {} } = bodyOf(request)
    const submission = {
      server,
      grant: request.grant,
      bundle,
      conditions: conditionsOf(request),
      requestId: request.id,
      now: server.clock(),
    }
    try {
      return send(reply, type, await submitBundle(submission))
    } catch (error) {
      await recordRefusal(server, request, 'transaction', 'Bundle', error)
      throw error
    }
  })
}
