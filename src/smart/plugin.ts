import { randomUUID } from 'node:crypto'
import fastifyStatic from '@fastify/static'
import type { FastifyBaseLogger, FastifyError, FastifyInstance } from 'fastify'
import type { errors, Provider } from 'oidc-provider'
import { deleteExpired } from '../store/tokens.ts'
import { accountRoutes } from './account/routes.ts'
import { administrationRoutes } from './administration/routes.ts'
import { sendError } from './answers.ts'
import { brandOf, loadLogo } from './brand.ts'
import { type Delegate, delegateTo } from './delegate.ts'
import { DISCOVERY_PATHS, smartConfiguration } from './discovery.ts'
import { errorPage } from './error-page.ts'
import { takeForms } from './forms.ts'
import { interactionRoutes } from './interaction-routes.ts'
import { withTheirMethods } from './methods.ts'
import { sendErrorPages } from './page-errors.ts'
import { icon, iconFolder, PAGE_HEADERS, stylesheet } from './pages.ts'
import { protocolRoutes } from './protocol-routes.ts'
import { makeProvider, type RenderError } from './provider.ts'
import { registrationRoutes } from './registration-routes.ts'
import { ASSETS, MOUNT, type SmartOptions } from './settings.ts'
import { refuseUnstorable } from './storable.ts'
import { systemRoutes } from './system-routes.ts'

const CLEAN_UP_EVERY = 10 * 60 * 1000

/** Discovery is for any origin and needs no token (SMART 2.2 "Considerations for Cross-Origin Resource Sharing"). */
function discoveryRoutes(app: FastifyInstance, { config }: SmartOptions, delegate: Delegate): void {
  const document = smartConfiguration(config)
  app.setErrorHandler((error: FastifyError, request, reply) =>
    sendError(error, request, reply.header('access-control-allow-origin', '*')),
  )
  app.get(DISCOVERY_PATHS.smart, async (_request, reply) =>
    reply.header('access-control-allow-origin', '*').header('cache-control', 'max-age=300').send(document),
  )
  app.options(DISCOVERY_PATHS.smart, async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-origin', '*')
      .header('access-control-allow-methods', 'GET')
      .header('access-control-allow-headers', '*')
      .send(),
  )
  for (const path of DISCOVERY_PATHS.openid) {
    app.route({
      method: ['GET', 'OPTIONS'],
      url: path,
      handler: (request, reply) => delegate(request, reply, { path: `${MOUNT}/.well-known/openid-configuration` }),
    })
  }
}

/** Sign-in and consent, and the error page of both. */
function pageRoutes(app: FastifyInstance, options: SmartOptions, provider: Provider): void {
  takeForms(app)
  sendErrorPages(app, options)
  interactionRoutes(app, options, provider)
}

const LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

async function assetRoutes(app: FastifyInstance, { config }: SmartOptions): Promise<void> {
  const css = stylesheet()
  const cached = 'public, max-age=3600'
  app.get(`${ASSETS}/style.css`, async (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', cached).send(css),
  )
  app.get(`${ASSETS}/icon.svg`, async (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', cached).send(icon),
  )
  const logo = await loadLogo(config.brand?.logoFile)
  if (logo)
    app.get(`${ASSETS}/logo`, async (_request, reply) =>
      // A picture may be a document with scripts, if somebody opens it by itself.
      reply
        .type(logo.type)
        .headers({
          'cache-control': cached,
          'content-security-policy': LOGO_POLICY,
          'x-content-type-options': 'nosniff',
        })
        .send(logo.bytes),
    )
  await app.register(fastifyStatic, { root: iconFolder, prefix: `${ASSETS}/images/`, decorateReply: false })
}

/** What the provider tells clients is vague on purpose; what happened is in the log. */
function logErrors(provider: Provider, log: FastifyBaseLogger): void {
  const told = (error: errors.OIDCProviderError) => ({ error: error.error, detail: error.error_detail })
  provider.on('grant.error', (ctx, error) =>
    log.info({ ...told(error), client: ctx.oidc.client?.clientId }, 'no token'),
  )
  provider.on('authorization.error', (ctx, error) =>
    log.info({ ...told(error), client: ctx.oidc.client?.clientId }, 'no authorization'),
  )
  provider.on('server_error', (_ctx, error) => log.error(error, 'the authorization server failed'))
}

const JSON_ONLY = new Set(['token', 'introspection', 'revocation', 'pushed_authorization_request', 'jwks', 'discovery'])

const renderErrorWith =
  (log: FastifyBaseLogger, { config }: SmartOptions): RenderError =>
  (ctx, out, error) => {
    if (JSON_ONLY.has(ctx.oidc?.route)) {
      ctx.body = out
      return
    }
    const reference = randomUUID()
    log.info({ reference, err: error }, 'an authorization request was answered with the error page')
    ctx.set({ ...PAGE_HEADERS })
    ctx.body = errorPage(error, out, reference, brandOf(config))
  }

/** The authorization server as one Fastify plugin: SMART App Launch 2.2 at `/oauth2`, discovery beside the FHIR base. */
export async function smart(app: FastifyInstance, options: SmartOptions): Promise<void> {
  const provider = makeProvider(options, renderErrorWith(app.log, options))
  logErrors(provider, app.log)
  const delegate = delegateTo(provider.callback(), options.config)
  refuseUnstorable(app)

  const parts: ((scope: FastifyInstance) => unknown)[] = [
    scope => discoveryRoutes(scope, options, delegate),
    scope => protocolRoutes(scope, options, provider, delegate),
    scope => pageRoutes(scope, options, provider),
    scope => accountRoutes(scope, options),
    scope => systemRoutes(scope, options),
    scope => administrationRoutes(scope, options),
    scope => registrationRoutes(scope, { options, delegate }),
  ]
  for (const part of parts) await app.register(async scope => withTheirMethods(scope, () => part(scope)))
  await app.register(assetRoutes, options)

  const cleanUp = setInterval(() => {
    deleteExpired(options.pool).catch(error => app.log.error(error, 'the clean-up of expired tokens failed'))
  }, CLEAN_UP_EVERY).unref()
  app.addHook('onClose', async () => clearInterval(cleanUp))
}
