import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { notFound } from '../fhir/outcome.ts'
import { definitionOf } from '../resources/index.ts'
import type { Answer, Server } from './call.ts'
import { historySystem } from './history.ts'
import { negotiate } from './negotiate.ts'
import { conditionsOf, paramsOf, recordRefusal, refuseOthers } from './routes.ts'
import { type SystemCall, searchCompartment, searchSystem } from './search.ts'
import { send } from './send.ts'

type Handle = (call: SystemCall, params: Readonly<Record<string, string>>) => Promise<Answer>

/** A way in to more than one type: the method, the path below the base, and what it does. */
type SystemRoute = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly interaction: string
  readonly handle: Handle
}

const inCompartment: Handle = (call, { id = '', compartmentType = '' }) => searchCompartment(call, id, compartmentType)

/** A type, or `*` for all; what is spelled otherwise is something else, such as an operation. */
const TYPE = ':compartmentType(^(?:\\x2a|[A-Z][A-Za-z]+)$)'

const ROUTES: readonly SystemRoute[] = [
  { method: 'GET', path: '/', interaction: 'search-system', handle: searchSystem },
  { method: 'POST', path: '/_search', interaction: 'search-system', handle: searchSystem },
  { method: 'GET', path: '/_history', interaction: 'history-system', handle: historySystem },
  { method: 'GET', path: `/Patient/:id/${TYPE}`, interaction: 'search-type', handle: inCompartment },
  { method: 'POST', path: `/Patient/:id/${TYPE}/_search`, interaction: 'search-type', handle: inCompartment },
]

/** The compartments of R4 but the patient's: https://hl7.org/fhir/R4/compartmentdefinition.html */
const OTHER_COMPARTMENTS = ['Device', 'Encounter', 'Practitioner', 'RelatedPerson']

const callOf = (server: Server, request: FastifyRequest): SystemCall => ({
  server,
  db: server.pool,
  grant: request.grant,
  params: paramsOf(request),
  conditions: conditionsOf(request),
  requestId: request.id,
  now: server.clock(),
})

/** What was asked for, without its query. */
const whatOf = (request: FastifyRequest): string => request.url.replace(/^\/fhir\/?|\?.*$/gs, '')

function systemRoute(app: FastifyInstance, server: Server, route: SystemRoute): void {
  const { method, path: url, interaction, handle } = route
  app.route({
    method,
    url,
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const type = negotiate(request)
      try {
        return send(reply, type, await handle(callOf(server, request), request.params as Record<string, string>))
      } catch (error) {
        await recordRefusal(server, request, interaction, whatOf(request), error)
        throw error
      }
    },
  })
}

/**
 * The routes of what is about several types: the search and history of the system (https://hl7.org/fhir/R4/http.html#vsearch)
 * and the compartment of a patient. The base itself also takes the POST of a Bundle, which is routed elsewhere.
 */
export function systemRoutes(app: FastifyInstance, server: Server): void {
  for (const route of ROUTES) systemRoute(app, server, route)
  for (const path of new Set(ROUTES.map(each => each.path))) {
    const methods = ROUTES.filter(each => each.path === path).map(({ method }) => method)
    refuseOthers(app, path, path === '/' ? [...methods, 'POST'] : methods)
  }
  for (const type of OTHER_COMPARTMENTS.filter(each => definitionOf(each)))
    app.get(`/${type}/:id/${TYPE}`, async () => {
      throw notFound(`The compartment of a ${type} is not kept here; that of a Patient is: Patient/[id]/[type]`)
    })
}
