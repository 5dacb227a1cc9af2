import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { finishIntrospection } from './introspection.ts'

/** What is never kept by anybody on the way, RFC 6749 section 5.1; SMART 2.2 wants both headers, on errors too. */
export const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' } as const

const OF_TOKENS = new Set(['token', 'introspection', 'revocation', 'pushed_authorization_request'])

/**
 * Some apps fetch with credentials (fhirclient: `refreshTokenWithCredentials`). No endpoint reads a cookie there, but the
 * browser insists on this header, in the answer and before it asks.
 */
function allowCredentials(ctx: KoaContextWithOIDC): void {
  const origin = ctx.response.get('Access-Control-Allow-Origin')
  if (origin && origin !== '*') ctx.set('Access-Control-Allow-Credentials', 'true')
}

/** The launch context beside the token: SMART 2.2 "Launch context arrives with your access_token". */
function addContext(ctx: KoaContextWithOIDC): void {
  const { fhirUser: _inIdToken, act: _inToken, ...context } = ctx.oidc.entities.AccessToken?.extra ?? {}
  if (ctx.body && typeof ctx.body === 'object') Object.assign(ctx.body, context)
}

/** What SMART wants of the provider's answers beyond what it gives by itself. */
export function finishAnswer(ctx: KoaContextWithOIDC, scopes_supported: readonly string[]): void {
  const route = ctx.oidc?.route
  if (route === 'discovery' && ctx.body && typeof ctx.body === 'object') Object.assign(ctx.body, { scopes_supported })
  if (route?.startsWith('cors.')) allowCredentials(ctx)
  if (!OF_TOKENS.has(route)) return
  ctx.set(NO_STORE)
  allowCredentials(ctx)
  if (route === 'token') addContext(ctx)
  if (route === 'introspection') finishIntrospection(ctx)
}

/** Answers with an error that is not the provider's own in the form of its errors: RFC 6749 section 5.2. */
export function sendError(
  error: FastifyError | errors.OIDCProviderError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const code = error.statusCode ?? 500
  if (code >= 500) request.log.error(error, 'a request to the authorization server failed')
  const isProtocol = error instanceof errors.OIDCProviderError
  const text = isProtocol ? error.error_description : error.message
  const body =
    code >= 500
      ? { error: 'server_error' }
      : { error: isProtocol ? error.error : 'invalid_request', error_description: text }
  return reply.code(code).headers(NO_STORE).send(body)
}
