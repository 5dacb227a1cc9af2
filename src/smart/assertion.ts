import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { keysOf } from './client-keys.ts'

/**
 * SMART 2.2 "Asymmetric authentication": what the library does not check of a client assertion. The 310 seconds are
 * the five minutes of the standard and ten seconds for clocks that differ.
 */
export function assertAssertion(
  _ctx: KoaContextWithOIDC,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
  client: Client,
): void {
  const refuse = (why: string): never => {
    throw new errors.InvalidClientAuth(why)
  }
  if (typeof claims.exp !== 'number' || claims.exp > Date.now() / 1000 + 310) refuse('exp is more than 5 minutes ahead')
  if (header.typ !== 'JWT') refuse('typ must be JWT')
  if (typeof header.kid !== 'string') refuse('kid is missing')
  if (header.jku !== undefined && header.jku !== client.jwksUri) refuse('jku is not the registered jwks_uri')
  const sameKid = [...keysOf(client)].filter(({ kid }) => kid === header.kid).length
  if (sameKid !== 1) refuse('the kid does not name exactly one registered key')
}
