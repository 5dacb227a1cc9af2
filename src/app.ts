import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, LogController } from 'fastify'
import pg from 'pg'
import { asServer } from './access/server.ts'
import type { Config } from './config.ts'
import { REQUEST_TIMEOUT, refuseBroken, watchConnections } from './handlers/broken-requests.ts'
import { sendError } from './handlers/errors.ts'
import { type IssuerEndpoints, issuerDiscovery } from './handlers/issuer-discovery.ts'
import { plainUrl } from './handlers/path-shape.ts'
import { type FhirOptions, fhir } from './handlers/plugin.ts'
import { foreignTokens, type Issuer, ownTokens } from './handlers/verify.ts'
import { health } from './health.ts'
import { definitionOf } from './resources/index.ts'
import { endpoints } from './smart/discovery.ts'
import { loadKeys } from './smart/keys.ts'
import { smart } from './smart/plugin.ts'
import { issuerOf } from './smart/settings.ts'
import { existsFor } from './store/exists.ts'
import { namesOf } from './store/names.ts'
import { type Revocations, revocations } from './store/revocations.ts'
import { useNamedStatements } from './store/run.ts'
import { loadProfiles } from './validation/profiles/profiles.ts'

declare module 'fastify' {
  interface FastifyInstance {
    pool: pg.Pool
    config: Config
    clock: () => Date
  }
}

/** What a running server needs from outside. */
export type Needs = { readonly pool: pg.Pool; readonly clock: () => Date }

/** Ids, URNs and the traces that proxies write; nothing that could be markup, quotes or a list. */
const REQUEST_ID = /^[A-Za-z0-9\-._~+/=:;|@]{1,128}$/

const idOf = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && REQUEST_ID.test(header) ? header : undefined

/** Puts the server together, ready to listen: every part is made here and handed to those that need it. */
export async function build(config: Config, { pool, clock }: Needs): Promise<FastifyInstance> {
  const app = fastify({
    logger: { level: config.logLevel, redact: ['req.headers.authorization', 'req.url'] },
    // The audit record of an access is its log; lines with ids of patients in their URLs would be a second, open one.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: request => idOf(request.headers['x-request-id']) ?? randomUUID(),
    bodyLimit: config.maxBodyBytes,
    trustProxy: config.trustedProxies,
    // Room for an address that is too long to be answered with 414, and for the headers of proxies beside it.
    http: { maxHeaderSize: 64 * 1024, requireHostHeader: false },
    requestTimeout: REQUEST_TIMEOUT,
    clientErrorHandler: refuseBroken,
    routerOptions: { maxParamLength: 500 },
    // A path that cannot be read reaches no plugin, whose own answer to errors would be given.
    frameworkErrors: sendError,
    rewriteUrl: ({ url = '' }) => plainUrl(url),
    forceCloseConnections: 'idle',
  })
  useNamedStatements(config.statements === 'named')
  app.decorate('pool', pool)
  app.decorate('config', config)
  app.decorate('clock', clock)
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    const correlation = idOf(request.headers['x-correlation-id'])
    if (correlation !== undefined) reply.header('x-correlation-id', correlation)
    done()
  })
  watchConnections(app)

  // Read before anything listens: what cannot be used ends the start.
  const profiles =
    config.profilePackages.length > 0 ? await loadProfiles(config.profilePackages, config.profileModes) : undefined
  const connection = { ...pool.options, application_name: 'portico revocations' }
  const revoked = await revocations(pool, { listen: () => new pg.Client(connection) })
  app.addHook('onClose', async () => revoked.close())

  await app.register(health, { pool })
  const { tokens, security } = config.issuer
    ? await anotherIssuer(app, config, config.issuer)
    : await ownIssuer(app, config, revoked)
  await app.register(fhir, {
    prefix: '/fhir',
    pool,
    clock,
    baseUrl: config.baseUrl,
    secret: config.secret,
    maxBodyBytes: config.maxBodyBytes,
    maxJsonDepth: config.maxJsonDepth,
    maxBundleEntries: config.maxBundleEntries,
    maxBatchSeconds: config.maxBatchSeconds,
    maxRequestsPerMinute: config.maxRequestsPerMinute,
    tokens,
    revoked,
    security,
    profiles,
    terminologyServer: config.terminologyServer,
  })
  return app
}

/** Whose tokens are honoured, and what the CapabilityStatement says of that. */
type Issuing = Pick<FhirOptions, 'tokens' | 'security'>

/** Our own authorization server at `/oauth2`. */
async function ownIssuer(app: FastifyInstance, config: Config, revoked: Revocations): Promise<Issuing> {
  const { pool, clock } = app
  const { internalOrigins } = config
  const keys = await loadKeys(pool, config.secret)
  const patient = definitionOf('Patient')
  const nameOf = async (ids: readonly string[]) =>
    patient ? await namesOf(pool, asServer(patient), ids) : new Map<string, string>()
  const inRecord = async (type: string, id: string, of: string) => {
    const definition = definitionOf(type)
    return definition !== undefined && (await existsFor(pool, asServer(definition), id, of))
  }
  await app.register(smart, { config, pool, keys, clock, nameOf, inRecord, revoked, internalOrigins })
  const audience = `${config.baseUrl}/fhir`
  const tokens = ownTokens({ issuer: issuerOf(config), audience, publicPem: keys.publicPem })
  return { tokens, security: endpoints(config) }
}

/** Another authorization server: nothing of ours is there, and apps are sent to it. */
async function anotherIssuer(app: FastifyInstance, config: Config, issuer: Issuer & IssuerEndpoints): Promise<Issuing> {
  await app.register(issuerDiscovery, issuer)
  const { authorize, token } = issuer
  return { tokens: foreignTokens(issuer, `${config.baseUrl}/fhir`, app.clock), security: { authorize, token } }
}
