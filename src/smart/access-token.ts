import { createPublicKey } from 'node:crypto'
import { type JWTPayload, jwtVerify } from 'jose'
import type { Keys } from './keys.ts'
import { fhirBaseOf, issuerOf, type SmartConfig } from './settings.ts'

/** What a genuine access token of ours says (RFC 9068 section 4); nothing for any other text. It may be revoked. */
export async function accessTokenClaims(
  token: string,
  keys: Keys,
  config: SmartConfig,
): Promise<JWTPayload | undefined> {
  const verified = await jwtVerify(
    token,
    header => {
      const pem = keys.publicPem(header.kid ?? '')
      if (!pem) throw new Error('not one of our keys')
      return createPublicKey(pem)
    },
    { issuer: issuerOf(config), audience: fhirBaseOf(config), typ: 'at+jwt', algorithms: ['ES256'] },
  ).catch(() => undefined)
  return verified?.payload
}
