import { isUtf8 } from 'node:buffer'
import cors from '@fastify/cors'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Pool } from 'pg'
import type { Grant } from '../access/grant.ts'
import { parseJson } from '../fhir/json.ts'
import { invalid, notAllowed, notFound, uriTooLong } from '../fhir/outcome.ts'
import { JSON_PATCH } from '../fhir/patch.ts'
import { prettyJson } from '../fhir/pretty.ts'
import { servedTypes } from '../resources/index.ts'
import { loader } from '../store/read.ts'
import type { Profiles } from '../validation/profiles/profiles.ts'
import { methodsOfPaths } from './allowed.ts'
import { authenticator, type Revoked } from './authenticate.ts'
import type { Server } from './call.ts'
import { sendError } from './errors.ts'
import { capabilityRoute, type Security } from './metadata.ts'
import { checkContentType, checkEncoding, FORM, isPretty, JSON_TYPES } from './negotiate.ts'
import { unknownOperation } from './operations/unknown.ts'
import { pageLinks } from './page-link.ts'
import { pathIn } from './path-shape.ts'
import { rateLimit } from './rate-limit.ts'
import { routes } from './routes.ts'
import { terminologyServer } from './terminology-server.ts'
import type { Tokens } from './verify.ts'

declare module 'fastify' {
  interface FastifyRequest {
    grant: Grant
    /** The body as text, for when it has to be parsed once more. */
    received: string
  }
}

export type FhirOptions = {
  readonly pool: Pool
  readonly clock: () => Date
  /** The public origin; the FHIR base is `/fhir` below it. */
  readonly baseUrl: string
  readonly secret: string
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
  readonly maxBundleEntries: number
  readonly maxBatchSeconds: number
  /** Of one client, for one person. */
  readonly maxRequestsPerMinute?: number | undefined
  /** Whose access tokens are honoured. */
  readonly tokens: Tokens
  readonly revoked: Revoked
  /** The endpoints of the authorization server, for the CapabilityStatement. */
  readonly security: Security
  readonly profiles?: Profiles | undefined
  /** The base of a terminology server that `$validate` asks. */
  readonly terminologyServer?: string | undefined
}

type ServerOptions = Pick<
  FhirOptions,
  | 'pool'
  | 'clock'
  | 'baseUrl'
  | 'secret'
  | 'maxJsonDepth'
  | 'maxBundleEntries'
  | 'maxBatchSeconds'
  | 'profiles'
  | 'terminologyServer'
>

const EXPOSED = [
  'etag',
  'location',
  'last-modified',
  'www-authenticate',
  'x-request-id',
  'x-correlation-id',
  'retry-after',
  'content-disposition',
  'content-range',
  'accept-ranges',
].join(', ')

/** What proxies and caches commonly pass on; more is for POST. */
const MOST_URL = 16_000

/** A body as text: bytes that are none would be replaced by others, and stored so. @throws FhirError 400 */
function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw invalid('The body is not UTF-8 text', undefined, 'structure')
  return body.toString()
}

/** Bodies are read as text, so that no digit of a decimal is lost, then parsed with a limit on their depth. */
function bodyParsers(app: FastifyInstance, { maxBodyBytes: bodyLimit, maxJsonDepth: depth }: FhirOptions): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    [...JSON_TYPES, JSON_PATCH],
    { parseAs: 'buffer', bodyLimit },
    async (request: FastifyRequest, body: Buffer) => {
      checkContentType(request)
      // Clients name a type with requests that have nothing to say, as a delete.
      if (body.length === 0) return undefined
      request.received = textOf(body)
      return parseJson(request.received, { depth }).value
    },
  )
  app.addContentTypeParser(
    FORM,
    { parseAs: 'buffer', bodyLimit: 1024 * 1024 },
    async (request: FastifyRequest, body: Buffer) => {
      checkEncoding(request)
      return textOf(body)
    },
  )
}

/** What every call shares, also one that comes from within the process. */
export function serverOf({ pool, clock, baseUrl, secret, profiles, ...limits }: ServerOptions): Server {
  const { maxJsonDepth: maxDepth, maxBundleEntries: maxEntries, maxBatchSeconds } = limits
  const base = `${baseUrl}/fhir`
  const terminology = limits.terminologyServer ? terminologyServer(limits.terminologyServer, clock) : undefined
  const links = pageLinks(secret)
  return { pool, load: loader(pool), links, base, maxDepth, maxEntries, maxBatchSeconds, profiles, terminology, clock }
}

type Protection = Pick<FhirOptions, 'tokens' | 'revoked' | 'clock' | 'maxRequestsPerMinute'> & {
  readonly server: Server
}

/** What is behind a token: all but the CapabilityStatement. */
async function protectedRoutes(
  app: FastifyInstance,
  { server, tokens, revoked, clock, maxRequestsPerMinute }: Protection,
): Promise<void> {
  const authenticate = authenticator(server.base, await tokens(app), revoked)
  // A getter would cost each request; the hook below sets it before any handler can read it.
  app.decorateRequest('grant', null as unknown as Grant)
  app.addHook('onRequest', async (request, reply) => {
    request.grant = await authenticate(request)
    // Versions are asked for by their tags; a record is not left behind in the cache of a shared computer.
    reply.header('cache-control', 'no-store')
  })
  if (maxRequestsPerMinute !== undefined) {
    const count = rateLimit(maxRequestsPerMinute, clock)
    app.addHook('onRequest', (request, _reply, done) => {
      count(request.grant)
      done()
    })
  }
  routes(app, server)
}

const nothingHere = () => notFound(`There is nothing here. Served are: ${servedTypes.join(', ')}`)

/** FHIR over HTTP below `/fhir`: https://hl7.org/fhir/R4/http.html */
export async function fhir(app: FastifyInstance, options: FhirOptions): Promise<void> {
  const server = serverOf(options)
  const { base } = server

  app.setErrorHandler(sendError)
  app.decorateRequest('received', '')
  const methodsAt = methodsOfPaths(app)
  const allowedFor = ({ url }: FastifyRequest) => methodsAt(pathIn(url))
  // Hooks that wait for nothing are no promises: every request would make and await them.
  app.addHook('onRequest', (request, _reply, done) => {
    const { origin, 'access-control-request-method': wanted } = request.headers
    const isStray = request.method === 'OPTIONS' && (origin === undefined || wanted === undefined)
    if (!isStray) return done()
    const allow = allowedFor(request)
    if (allow.length === 0) return done(nothingHere())
    done(notAllowed('OPTIONS is answered to the preflights of browsers only (CORS)', allow))
  })
  await app.register(cors, {
    origin: true,
    credentials: true,
    exposedHeaders: EXPOSED,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    maxAge: 600,
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.url.length <= MOST_URL) return done()
    done(uriTooLong(`The address has more than ${MOST_URL} characters: search by POST, with a form`))
  })
  app.addHook('onRequest', (request, _reply, done) => {
    // Beside a type its router knows ids only, of which one would then be said not to be there.
    done(request.url.includes('/$') ? unknownOperation(pathIn(request.url).slice('/fhir'.length)) : undefined)
  })
  app.addHook('onSend', (request, _reply, payload, done) =>
    done(null, typeof payload === 'string' && isPretty(request) ? prettyJson(payload) : payload),
  )
  bodyParsers(app, options)
  capabilityRoute(app, base, options.security, options.profiles)

  const { tokens, revoked, clock, maxRequestsPerMinute } = options
  await app.register(protectedRoutes, { server, tokens, revoked, clock, maxRequestsPerMinute })

  // Said before the body is read: what is wrong with that one does not matter where nothing is.
  app.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) return done()
    const allow = allowedFor(request)
    if (allow.length > 0)
      return done(notAllowed(`${request.method} is not possible here; possible are ${allow.join(', ')}`, allow))
    done(nothingHere())
  })
  app.setNotFoundHandler(() => {})
}
