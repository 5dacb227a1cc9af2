import type { FastifyRequest } from 'fastify'
import { type Claims, claimsFault, type Grant, grantOf } from '../access/grant.ts'
import { FhirError, unauthorized } from '../fhir/outcome.ts'
import type { Verifier } from './verify.ts'

/** What judging a token needs: whether it was taken back, and whether that is known at this moment. */
export type Revoked = { isRevoked(jti: string): boolean; ready(): boolean }

const REMEMBERED = 10_000
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i

const noToken = (base: string) =>
  unauthorized('An access token is needed: Authorization: Bearer …', `Bearer realm="${base}"`)

const badToken = (base: string) =>
  unauthorized(
    'The access token is not valid here: it may have expired, been taken back, or been made for another server',
    `Bearer realm="${base}", error="invalid_token"`,
  )

// The end of a signed token is of its signature, so hardly two share it, and it takes less to look up than a thousand characters.
const keyOf = (header: string): string => header.slice(-64)

type Remembered = { readonly header: string; readonly grant: Grant }

/**
 * The judge of the `Authorization` header (RFC 6750). A token is verified once and its grant remembered with the
 * whole header; its end and its revocation are looked at with every request.
 * @throws FhirError 401 with the reason in WWW-Authenticate, 503 while revocations cannot be known
 */
export function authenticator(base: string, { verify, generation }: Verifier, revoked: Revoked) {
  const remembered = new Map<string, Remembered>()
  let verifiedBy = generation()

  const remember = (known: Remembered) => {
    if (remembered.size >= REMEMBERED) {
      const [oldest = ''] = remembered.keys()
      remembered.delete(oldest)
    }
    remembered.set(keyOf(known.header), known)
  }

  const verified = async (request: FastifyRequest, header: string): Promise<Grant> => {
    const token = BEARER.exec(header)?.[1]
    if (token === undefined) throw noToken(base)
    let claims: Claims
    const before = generation()
    try {
      claims = await verify(request, token)
      const fault = claimsFault(claims)
      if (fault !== undefined) throw new Error(fault)
    } catch (cause) {
      if (cause instanceof FhirError) throw cause
      request.log.info({ cause: cause instanceof Error ? cause.message : 'unknown' }, 'an access token was refused')
      throw badToken(base)
    }
    const grant = grantOf(claims)
    if (generation() === before) remember({ header, grant })
    return grant
  }

  return async (request: FastifyRequest): Promise<Grant> => {
    const header = request.headers.authorization
    if (header === undefined) throw noToken(base)
    // What was verified by a key that its issuer has taken back is verified again.
    if (generation() !== verifiedBy) remembered.clear()
    verifiedBy = generation()
    const known = remembered.get(keyOf(header))
    const grant = known?.header === header ? known.grant : await verified(request, header)
    if (!revoked.ready())
      throw new FhirError(503, [{ severity: 'error', code: 'transient', text: 'Tokens cannot be checked right now' }], {
        headers: { 'retry-after': '2' },
      })
    if (grant.expires * 1000 > Date.now() && !revoked.isRevoked(grant.tokenId)) return grant
    remembered.delete(keyOf(header))
    throw badToken(base)
  }
}
