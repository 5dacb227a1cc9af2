import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Client, errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { accessTokenClaims } from './access-token.ts'
import { callerOf } from './bearer.ts'
import { issuerOf, type SmartOptions } from './settings.ts'

/** The one answer for what is unknown, ended, taken back or not for the asker: RFC 7662 section 2.2. */
const INACTIVE = { active: false } as const

type Token = {
  kind: string
  clientId?: string | undefined
  accountId?: string | undefined
  grantId?: string | undefined
  scope?: string | undefined
  exp?: number | undefined
  iat?: number | undefined
  aud?: string | string[] | undefined
  extra?: object | undefined
  isValid: boolean
}

/** What is said of a token that is good: SMART 2.2 "Token Introspection", with the launch context that came with it. */
function describe(token: Token, issuer: string): Record<string, unknown> {
  const { clientId, accountId, scope, exp, iat, aud, extra, kind } = token
  return {
    ...extra,
    active: true,
    scope,
    client_id: clientId,
    sub: accountId ?? clientId,
    iss: issuer,
    ...(aud === undefined ? {} : { aud }),
    exp,
    iat,
    ...(kind === 'RefreshToken' ? {} : { token_type: 'Bearer' }),
  }
}

/** Whether a client may be told about a token by showing its own authentication: about its own, or about all by `__introspect`. */
export const mayIntrospect = async (
  _ctx: KoaContextWithOIDC,
  client: Client,
  token: { clientId?: string | undefined },
): Promise<boolean> =>
  token.clientId === client.clientId ||
  String(client.smart_scopes ?? '')
    .split(' ')
    .includes('__introspect')

/** Says the same of a token whoever asks: the provider's answer in our words. */
export function finishIntrospection(ctx: KoaContextWithOIDC): void {
  const { AccessToken, ClientCredentials, RefreshToken } = ctx.oidc.entities
  const token = AccessToken ?? ClientCredentials ?? RefreshToken
  const isActive = typeof ctx.body === 'object' && ctx.body !== null && 'active' in ctx.body && ctx.body.active === true
  if (isActive && token) ctx.body = describe(token, ctx.oidc.issuer)
}

async function findToken(
  provider: Provider,
  { keys, config }: Pick<SmartOptions, 'keys' | 'config'>,
  text: string,
): Promise<Token | undefined> {
  const claims = await accessTokenClaims(text, keys, config)
  if (claims === undefined) return provider.RefreshToken.find(text)
  return (await provider.AccessToken.find(claims.jti ?? '')) ?? provider.ClientCredentials.find(claims.jti ?? '')
}

async function isGood(provider: Provider, { isValid, grantId, clientId = '' }: Token): Promise<boolean> {
  if (!isValid || !(await provider.Client.find(clientId))) return false
  return grantId === undefined || (await provider.Grant.find(grantId)) !== undefined
}

/**
 * Introspection by an access token instead of client authentication (RFC 7662 section 2.1, SMART 2.2): a system of the hospital
 * whose token has `__introspect` is told of any client's token.
 */
export async function introspectByBearer(
  options: SmartOptions,
  provider: Provider,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Record<string, unknown>> {
  await callerOf(options, request, reply, '__introspect')
  const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '')
  const [text, ...more] = form.getAll('token')
  if (text === undefined || more.length > 0) throw new errors.InvalidRequest('token is needed, once')
  const token = await findToken(provider, options, text)
  return token && (await isGood(provider, token)) ? describe(token, issuerOf(options.config)) : INACTIVE
}
