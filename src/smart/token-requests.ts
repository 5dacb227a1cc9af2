import { decodeProtectedHeader } from 'jose'
import { errors } from 'oidc-provider'
import { findClient } from '../store/clients.ts'
import type { Queryable } from '../store/db.ts'
import { clientOfRefreshToken } from '../store/tokens.ts'
import { accessTokenClaims } from './access-token.ts'
import type { Keys } from './keys.ts'
import type { SmartConfig } from './settings.ts'

/**
 * Names the client of a refresh request that names none. Public apps built with `fhirclient` send the refresh token
 * alone; the token is bound to its client, so nothing is given away. A client with a secret has to show it.
 * @throws InvalidGrant for a token that nobody has: such an app has to be told that it ended, not that it forgot its name
 */
export async function nameClient(db: Queryable, body: string, hasAuthorization: boolean): Promise<string> {
  const form = new URLSearchParams(body)
  const token = form.getAll('refresh_token')
  if (form.get('grant_type') !== 'refresh_token' || token.length !== 1 || hasAuthorization) return body
  if (form.has('client_id') || form.has('client_assertion')) return body
  const clientId = await clientOfRefreshToken(db, token[0] ?? '')
  if (clientId === undefined) throw new errors.InvalidGrant('refresh token not found')
  const client = await findClient(db, clientId)
  if (client?.kind !== 'public') return body
  form.set('client_id', client.clientId)
  return form.toString()
}

const isJwt = (token: string): boolean => {
  try {
    return decodeProtectedHeader(token) !== undefined
  } catch {
    return false
  }
}

/**
 * Puts the `jti` of a genuine access token in its place: the provider refuses to introspect or revoke a JWT, but finds
 * the row that was stored under the `jti`. What is not genuine becomes a token that nobody has.
 */
export async function swapToken(body: string, keys: Keys, config: SmartConfig): Promise<string> {
  const form = new URLSearchParams(body)
  const [token, ...more] = form.getAll('token')
  if (token === undefined || more.length > 0 || !isJwt(token)) return body
  form.set('token', (await accessTokenClaims(token, keys, config))?.jti ?? 'unknown')
  return form.toString()
}

/**
 * Makes a SMART authorization request into what the provider understands: `aud` is `resource` (RFC 8707), and
 * `prompt=consent` is always said, because without it the provider takes `offline_access` away.
 */
export function toAuthorizationQuery(query: string): string {
  const form = new URLSearchParams(query)
  // With and without one trailing slash, nothing else (SMART 2.2 `aud`).
  const resources = [...form.getAll('aud'), ...form.getAll('resource')].map(url => url.replace(/\/$/, ''))
  form.delete('aud')
  form.delete('resource')
  for (const resource of new Set(resources)) form.append('resource', resource)
  const prompts = form.getAll('prompt')
  const words = (prompts[0] ?? '').split(' ').filter(Boolean)
  if (prompts.length <= 1 && !words.includes('none') && !words.includes('consent')) {
    form.set('prompt', [...words, 'consent'].join(' '))
  }
  return form.toString()
}
