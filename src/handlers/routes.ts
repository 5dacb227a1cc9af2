import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { parseJson } from '../fhir/json.ts'
import { FhirError, invalid, unsupportedMedia } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { audit, closed, lineOf } from '../store/audit.ts'
import { refuseOthers } from './allowed.ts'
import { submitBundle } from './bundle.ts'
import type { Call, Conditions, Server } from './call.ts'
import { resourceOfContent, sendNative } from './native.ts'
import { checkEncoding, FORM, formPairs, isForm, negotiate, queryPairs } from './negotiate.ts'
import { send } from './send.ts'
import { type Asked, type Parts, pathOf, type Way } from './way.ts'
import { PLACES, type Place } from './ways.ts'

const header = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

/**
 * Criteria that are not escaped: Node.js reads a header's bytes as Latin-1, and most who send others than ASCII mean UTF-8.
 * What is taken for another text would never be found, and made anew each time.
 */
function criteriaIn(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x00-\x7f]*$/.test(header)) return header
  const bytes = Buffer.from(header, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : header
}

/** The conditions that a request's headers put on it. */
const conditionsOf = (request: FastifyRequest): Conditions => ({
  ifMatch: header(request, 'if-match'),
  ifNoneMatch: header(request, 'if-none-match'),
  ifModifiedSince: header(request, 'if-modified-since'),
  ifNoneExist: criteriaIn(header(request, 'if-none-exist')),
  prefer: header(request, 'prefer'),
})

/** The query of the URL and the form of the body, in their order. */
function paramsOf(request: FastifyRequest): [string, string][] {
  const pairs = queryPairs(request.raw.url ?? '')
  return isForm(request) && typeof request.body === 'string' ? [...pairs, ...formPairs(request.body)] : pairs
}

const isEmpty = (body: unknown): body is undefined | null => body === undefined || body === null

type Body = Pick<Call, 'body' | 'again'>

function neededBody(
  request: FastifyRequest,
  { maxDepth: depth }: Server,
  { definition }: Pick<Way, 'definition'>,
): Body {
  const content = request.body
  if (definition && Buffer.isBuffer(content)) {
    const again = () => resourceOfContent(definition, request, content)
    return { body: again(), again }
  }
  if (isEmpty(content)) throw invalid('The request has no body', undefined, 'required')
  if (isForm(request)) throw unsupportedMedia('The body must be a resource; a form is for searches')
  return { body: content as Json, again: () => parseJson(request.received, { depth }).value as Json }
}

/** @throws FhirError 400 when there is none, 415 when it is something that is not taken here */
function bodyOf(request: FastifyRequest, server: Server, way: Way): Body {
  if (way.body === 'needed') return neededBody(request, server, way)
  if (isEmpty(request.body) || isForm(request) || way.method !== 'POST') return {}
  if (way.body === 'form') throw unsupportedMedia(`The parameters of a search are a form: ${FORM}`)
  return { body: request.body as Json }
}

function askedOf(server: Server, way: Way, request: FastifyRequest): Asked {
  const { body, again } = bodyOf(request, server, way)
  return {
    server,
    db: server.pool,
    grant: request.grant,
    parts: request.params as Parts,
    params: paramsOf(request),
    body,
    again,
    conditions: conditionsOf(request),
    requestId: request.id,
    now: server.clock(),
  }
}

/** A refusal for lack of scope is an access too: it is recorded before the answer leaves. */
async function recordRefusal(
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

function wayRoute(app: FastifyInstance, server: Server, way: Way): void {
  const { method, url, interaction, definition } = way
  const isContent = definition?.native && (interaction === 'read' || interaction === 'vread')
  app.route({
    method,
    url,
    handler: async (request, reply) => {
      const type = isContent ? '' : negotiate(request)
      const parts = request.params as Parts
      try {
        way.permit(request.grant, parts, conditionsOf(request))
        const answer = await way.handle(askedOf(server, way, request))
        return isContent ? sendNative(request, reply, answer, server) : send(reply, type, answer)
      } catch (error) {
        await recordRefusal(server, request, interaction, pathOf(way, parts), error)
        throw error
      }
    },
  })
}

function placeRoutes(app: FastifyInstance, server: Server, { url, ways }: Place): void {
  const methods = ways.map(({ method }) => method)
  for (const way of ways) wayRoute(app, server, way)
  // A Bundle is sent to the base, which is routed elsewhere.
  refuseOthers(app, url, url === '/' ? [...methods, 'POST'] : methods)
}

/** Content of any media type is taken for what holds content, and for nothing else. */
function contentRoutes(app: FastifyInstance, server: Server, places: readonly Place[]): void {
  app.register(async contentApp => {
    contentApp.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
      checkEncoding(request)
      return body
    })
    for (const place of places) placeRoutes(contentApp, server, place)
  })
}

const takesContent = ({ ways }: Place): boolean =>
  ways.some(({ definition, interaction }) => definition?.native && interaction !== 'operation')

/** The routes of every way in, and that of a Bundle to the base, with and without a slash at its end. */
export function routes(app: FastifyInstance, server: Server): void {
  contentRoutes(app, server, PLACES.filter(takesContent))
  for (const place of PLACES.filter(each => !takesContent(each))) placeRoutes(app, server, place)
  app.post('/', async (request, reply) => {
    const type = negotiate(request)
    const { body: bundle = {}, again = () => ({}) } = neededBody(request, server, {})
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
