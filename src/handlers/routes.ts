import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseJson } from '../fhir/json.ts'
import { FhirError, invalid, notAllowed, notFound } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitions } from '../resources/index.ts'
import { audit, closed, lineOf } from '../store/audit.ts'
import { submitBundle } from './bundle.ts'
import type { Call, Conditions, Server } from './call.ts'
import { isId } from './id.ts'
import { INTERACTIONS, offered, type Route } from './interactions.ts'
import { resourceOfContent, sendNative } from './native.ts'
import { formPairs, negotiate, queryPairs } from './negotiate.ts'
import { send } from './send.ts'

const FORM = 'application/x-www-form-urlencoded'
const WITH_BODY = ['POST', 'PUT', 'PATCH']
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

function bodyOf(
  request: FastifyRequest,
  { maxDepth: depth }: Server,
  definition?: Definition,
): Pick<Call, 'body' | 'again'> {
  if (!WITH_BODY.includes(request.method)) return {}
  if (isForm(request)) return {}
  const content = request.body
  if (definition && Buffer.isBuffer(content)) {
    const again = () => resourceOfContent(definition, request, content)
    return { body: again(), again }
  }
  if (request.body === undefined || request.body === null)
    throw invalid('The request has no body', undefined, 'required')
  return { body: request.body as Json, again: () => parseJson(request.received, { depth }).value as Json }
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
    ...bodyOf(request, server, definition),
    ...(id === undefined ? {} : { id }),
    ...(versionId === undefined ? {} : { versionId }),
  }
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

/** The addresses of a path below a type; the type itself also with a slash at its end. */
const urlsOf = ({ type }: Definition, path: string): string[] =>
  path === '' ? [`/${type}`, `/${type}/`] : [`/${type}${path}`]

function interactionRoute(
  app: FastifyInstance,
  server: Server,
  definition: Definition,
  route: Route,
  url: string,
): void {
  const { interaction, method, operation } = route
  const isContent = definition.native && (interaction === 'read' || interaction === 'vread')
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      const type = isContent ? '' : negotiate(request)
      try {
        const answer = await operation(callOf(server, definition, request))
        return isContent ? sendNative(request, reply, answer, server) : send(reply, type, answer)
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
        config: { refuses: true },
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
  for (const path of new Set(INTERACTIONS.map(route => route.path))) {
    const ofPath = routes.filter(route => route.path === path)
    for (const url of urlsOf(definition, path)) {
      for (const route of ofPath) interactionRoute(app, server, definition, route, url)
      refuseOthers(
        app,
        url,
        ofPath.map(({ method }) => method),
      )
    }
  }
}

/** Content of any media type is taken for what holds content, and for nothing else. */
function contentRoutes(app: FastifyInstance, server: Server, definition: Definition): void {
  app.register(async contentApp => {
    contentApp.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) => body)
    typeRoutes(contentApp, server, definition)
  })
}

/** The routes of every declared type, and of the base itself, with and without a slash at its end. */
export function resourceRoutes(app: FastifyInstance, server: Server): void {
  for (const definition of definitions.values())
    if (definition.native) contentRoutes(app, server, definition)
    else typeRoutes(app, server, definition)
  // With a prefix, Fastify takes the slash as the base with and without it.
  app.post('/', async (request, reply) => {
    const type = negotiate(request)
    const { body: bundle = {}, again = () => ({}) } = bodyOf(request, server)
    const submission = {
      server,
      grant: request.grant,
      bundle,
      again,
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
