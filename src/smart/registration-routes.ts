import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import type { Pool } from 'pg'
import { findClient } from '../store/clients.ts'
import { giveBackInitialAccessToken, useInitialAccessToken } from '../store/registrations.ts'
import { sendError } from './answers.ts'
import { bearerIn } from './bearer.ts'
import type { Delegate } from './delegate.ts'
import { registrationAnswer, registrationOf, withoutOwnSecret } from './registration.ts'
import { issuerOf, MOUNT, type SmartOptions } from './settings.ts'
import { auditGrant, systemActing } from './trail.ts'

const BODY_LIMIT = 56 * 1024
const PATH = `${MOUNT}/register`
const AUDITED = { registration: 'register', client_update: 'register-anew', client_delete: 'unregister' } as const

/** The initial access token that a registration under way was made with. */
const used = new WeakMap<IncomingMessage, string>()

/**
 * What our registrations answer beyond the provider's: SMART scopes in `scope`, and an initial access token that registered
 * nothing can be used again. The audit line is written before.
 */
export function finishRegistrations(provider: Provider, options: Pick<SmartOptions, 'pool' | 'clock'>): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    const token = used.get(ctx.req)
    if (token !== undefined && ctx.status !== 201) await giveBackInitialAccessToken(options.pool, token)
    if (!oidc || ctx.status >= 300) return
    const route = oidc.route as keyof typeof AUDITED | 'client'
    const app = oidc.client?.clientId
    if (app !== undefined && route in AUDITED) {
      const interaction = AUDITED[route as keyof typeof AUDITED]
      const requestId = ctx.response.get('x-request-id')
      await auditGrant(options, interaction, { app, by: systemActing(app), requestId, result: {} })
    }
    const isAnswer = route === 'registration' || route === 'client' || route === 'client_update'
    if (isAnswer && ctx.body && typeof ctx.body === 'object')
      ctx.body = registrationAnswer(ctx.body as Record<string, unknown>)
  })
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id

async function newRegistration(options: SmartOptions, request: FastifyRequest): Promise<string> {
  const token = bearerIn(request)
  const most = token === undefined ? undefined : await useInitialAccessToken(options.pool, token)
  if (token === undefined || most === undefined)
    throw new errors.InvalidToken('no initial access token, or one that was used')
  used.set(request.raw, token)
  try {
    return JSON.stringify(registrationOf(request.body, most, options.internalOrigins ?? []))
  } catch (error) {
    await giveBackInitialAccessToken(options.pool, token)
    throw error
  }
}

/** An app gives scopes back by an update, and gets none: that is the administrator's part. */
async function changedRegistration(pool: Pool, options: SmartOptions, request: FastifyRequest): Promise<string> {
  const client = await findClient(pool, idOf(request))
  const body = registrationOf(request.body, client?.scopes ?? '', options.internalOrigins ?? [])
  return JSON.stringify(withoutOwnSecret(body, client?.secret))
}

/**
 * Dynamic registration by https://www.rfc-editor.org/rfc/rfc7591 behind an initial access token, and its management by
 * RFC 7592, from pages of any origin: they show a token, not a cookie.
 */
export async function registrationRoutes(
  app: FastifyInstance,
  { options, delegate }: { options: SmartOptions; delegate: Delegate },
): Promise<void> {
  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    if (error.statusCode === 401)
      reply.header('www-authenticate', `Bearer realm="${issuerOf(options.config)}", error="invalid_token"`)
    return sendError(error as Parameters<typeof sendError>[0], request, reply)
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.raw.setHeader('access-control-allow-origin', request.headers.origin ?? '*')
    reply.raw.setHeader('access-control-expose-headers', 'WWW-Authenticate')
    reply.raw.setHeader('vary', 'Origin')
  })
  for (const path of [PATH, `${PATH}/:id`])
    app.options(path, async (_request, reply) =>
      reply
        .code(204)
        .header('access-control-allow-methods', path === PATH ? 'POST' : 'GET, PUT, DELETE')
        .header('access-control-allow-headers', 'authorization, content-type')
        .header('access-control-max-age', 3600)
        .send(),
    )
  app.post(PATH, { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    delegate(request, reply, { body: await newRegistration(options, request) })
    return reply
  })
  app.put(`${PATH}/:id`, { bodyLimit: BODY_LIMIT }, async (request, reply) => {
    delegate(request, reply, { body: await changedRegistration(options.pool, options, request) })
    return reply
  })
  app.get(`${PATH}/:id`, (request, reply) => delegate(request, reply))
  app.delete(`${PATH}/:id`, (request, reply) => delegate(request, reply))
}
