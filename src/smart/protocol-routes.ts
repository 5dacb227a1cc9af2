import type { FastifyError, FastifyInstance } from 'fastify'
import { errors, type Provider } from 'oidc-provider'
import { NO_STORE, sendError } from './answers.ts'
import { bearerIn } from './bearer.ts'
import { clientKeys } from './client-keys.ts'
import type { Delegate } from './delegate.ts'
import { formOf, takeForms } from './forms.ts'
import { introspectByBearer } from './introspection.ts'
import { END_SESSION } from './logout.ts'
import { MOUNT, type SmartOptions } from './settings.ts'
import { nameClient, swapToken, toAuthorizationQuery } from './token-requests.ts'

/** A form as the query of an address, as it was sent but for what an address cannot have. */
const toQuery = (form: string): string => form.replace(/[^\x21-\x7e]|#/gu, encodeURIComponent)

/** Where the browser comes: to ask for access, and to sign out. */
function browserRoutes(app: FastifyInstance, delegate: Delegate): void {
  const authorize = (query: string) => ({ path: `${MOUNT}/authorize?${toAuthorizationQuery(query)}` })
  app.get(`${MOUNT}/authorize`, (request, reply) => {
    const target = request.raw.url ?? ''
    delegate(request, reply, authorize(target.includes('?') ? target.slice(target.indexOf('?') + 1) : ''))
  })
  // The cookies of the flow are SameSite=Lax: a form posted by another site has none of them, the GET has.
  for (const path of [`${MOUNT}/authorize`, `${MOUNT}${END_SESSION}`])
    app.post(path, async (request, reply) =>
      reply.header('cache-control', 'no-store').redirect(`${path}?${toQuery(formOf(request) ?? '')}`, 303),
    )
  // The request that is gone on with is remembered; a query beside it makes the provider fail where it is over.
  app.get(`${MOUNT}/authorize/:uid`, (request, reply) => {
    const { uid } = request.params as { uid: string }
    delegate(request, reply, { path: `${MOUNT}/authorize/${encodeURIComponent(uid)}` })
  })
  for (const path of [END_SESSION, `${END_SESSION}/success`])
    app.get(`${MOUNT}${path}`, (request, reply) => delegate(request, reply))
  app.post(`${MOUNT}${END_SESSION}/confirm`, (request, reply) =>
    delegate(request, reply, { body: formOf(request) ?? '' }),
  )
}

/** Where apps come: their forms are passed on as they are, or after an edit. */
function appRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider, delegate: Delegate): void {
  const { config, pool, keys } = options
  app.post(`${MOUNT}/token`, async (request, reply) => {
    const form = formOf(request)
    const hasAuthorization = request.headers.authorization !== undefined
    delegate(request, reply, form === undefined ? {} : { body: await nameClient(pool, form, hasAuthorization) })
    return reply
  })
  app.post(`${MOUNT}/par`, (request, reply) => {
    const form = formOf(request)
    delegate(request, reply, form === undefined ? {} : { body: toAuthorizationQuery(form) })
  })
  app.post(`${MOUNT}/introspect`, async (request, reply) => {
    if (bearerIn(request) !== undefined)
      return reply.headers(NO_STORE).send(await introspectByBearer(options, provider, request, reply))
    const form = formOf(request)
    delegate(request, reply, form === undefined ? {} : { body: await swapToken(form, keys, config) })
    return reply
  })
  app.post(`${MOUNT}/revoke`, async (request, reply) => {
    const form = formOf(request)
    delegate(request, reply, form === undefined ? {} : { body: await swapToken(form, keys, config) })
    return reply
  })
  for (const path of ['token', 'introspect', 'revoke', 'par', 'jwks'])
    app.options(`${MOUNT}/${path}`, (request, reply) => delegate(request, reply))
  app.get(`${MOUNT}/jwks`, (request, reply) => delegate(request, reply))
}

/** The endpoints of OAuth 2.0 and OpenID Connect, whose requests the provider answers. */
export function protocolRoutes(
  app: FastifyInstance,
  options: SmartOptions,
  provider: Provider,
  delegate: Delegate,
): void {
  takeForms(app)
  app.setErrorHandler((error: FastifyError | errors.OIDCProviderError, request, reply) => {
    const { origin } = request.headers
    // What is wrong with a request may be read by the page that made it; nothing else is in the answer.
    if (origin !== undefined) reply.header('access-control-allow-credentials', 'true').header('vary', 'Origin')
    return sendError(error, request, reply.header('access-control-allow-origin', origin ?? '*'))
  })
  const refreshKeys = clientKeys(provider, options.clock)
  app.addHook('preHandler', async request => {
    const assertions = new URLSearchParams(formOf(request) ?? '').getAll('client_assertion')
    if (assertions.length === 1) await refreshKeys(assertions[0] ?? '')
  })
  browserRoutes(app, delegate)
  appRoutes(app, options, provider, delegate)
  app.all(`${MOUNT}/*`, async () => {
    throw new errors.InvalidRequest('there is nothing at this address', 404)
  })
}
