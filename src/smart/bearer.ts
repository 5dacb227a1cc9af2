import type { FastifyReply, FastifyRequest } from 'fastify'
import { errors } from 'oidc-provider'
import type { SYSTEM_SCOPES } from '../access/scopes.ts'
import { findClient } from '../store/clients.ts'
import { findPayload } from '../store/tokens.ts'
import { accessTokenClaims } from './access-token.ts'
import { fhirBaseOf, type SmartOptions } from './settings.ts'

const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i

/** The token of an `Authorization: Bearer` header, RFC 6750 section 2.1. */
export const bearerIn = ({ headers }: FastifyRequest): string | undefined =>
  BEARER.exec(headers.authorization ?? '')?.[1]

/** The system client that asks, and the token that it showed. */
export type Caller = { clientId: string; tokenId: string }

/**
 * Judges a request to the authorization server's own API by the access token of a system client (RFC 6750): genuine,
 * not revoked, its client still active, and with the scope that is needed.
 * @throws InvalidToken 401, InsufficientScope 403
 */
export async function callerOf(
  { pool, keys, config }: SmartOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  scope: (typeof SYSTEM_SCOPES)[number],
): Promise<Caller> {
  const realm = `Bearer realm="${fhirBaseOf(config)}"`
  const token = bearerIn(request)
  if (token === undefined) {
    reply.header('www-authenticate', realm)
    throw new errors.InvalidToken('no access token')
  }
  const claims = await accessTokenClaims(token, keys, config)
  const { jti, client_id } = claims ?? {}
  // Only tokens that a client has for itself are kept as this model: no person's app comes in here.
  const isKnown = jti !== undefined && (await findPayload(pool, 'ClientCredentials', 'id', jti)) !== undefined
  if (!isKnown || typeof client_id !== 'string' || !(await findClient(pool, client_id))) {
    reply.header('www-authenticate', `${realm}, error="invalid_token"`)
    throw new errors.InvalidToken('the access token is not valid here')
  }
  if (
    !String(claims?.scope ?? '')
      .split(' ')
      .includes(scope)
  ) {
    reply.header('www-authenticate', `${realm}, error="insufficient_scope", scope="${scope}"`)
    throw new errors.InsufficientScope('the access token lacks a scope', scope)
  }
  return { clientId: client_id, tokenId: jti }
}
