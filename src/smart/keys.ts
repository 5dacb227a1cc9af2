import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  hkdfSync,
  type JsonWebKey,
  randomBytes,
} from 'node:crypto'
import { promisify } from 'node:util'
import { calculateJwkThumbprint, type JWK } from 'jose'
import type { Pool } from 'pg'
import { type SealedKey, signingKeysOrNew } from '../store/signing-keys.ts'

const generate = promisify(generateKeyPair)

/** The keys that sign: ES256 for access tokens, RS256 for id_tokens. */
export type Keys = {
  /** The private keys as the provider takes them. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** The public key that verifies an access token; always the same string for the same `kid`. */
  publicPem(kid: string): string | undefined
}

/** A secret for one purpose, derived from the one configured secret (RFC 5869). */
export const derive = (secret: string, purpose: string, bytes = 32): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `portico ${purpose}`, bytes))

const NONCE = 12
const TAG = 16

// The kid is authenticated too: a sealed key moved to another row does not open.
function seal(secret: string, kid: string, text: string): Buffer {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', derive(secret, 'signing keys'), nonce)
  cipher.setAAD(Buffer.from(kid))
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), body])
}

function open(secret: string, { kid, sealed }: SealedKey): JWK {
  const decipher = createDecipheriv('aes-256-gcm', derive(secret, 'signing keys'), sealed.subarray(0, NONCE))
  decipher.setAAD(Buffer.from(kid))
  decipher.setAuthTag(sealed.subarray(NONCE, NONCE + TAG))
  try {
    const text = Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]).toString('utf8')
    return JSON.parse(text) as JWK
  } catch (cause) {
    throw new Error(
      `The signing key ${kid} does not open: PORTICO_SECRET is not the secret that this database was set up with.`,
      { cause },
    )
  }
}

async function make(secret: string): Promise<SealedKey[]> {
  const pairs = [
    ['ES256', (await generate('ec', { namedCurve: 'P-256' })).privateKey],
    ['RS256', (await generate('rsa', { modulusLength: 2048 })).privateKey],
  ] as const
  return Promise.all(
    pairs.map(async ([alg, privateKey]) => {
      const jwk = privateKey.export({ format: 'jwk' }) as JWK
      const kid = await calculateJwkThumbprint(jwk)
      return { kid, alg, sealed: seal(secret, kid, JSON.stringify({ ...jwk, kid, alg, use: 'sig' })) }
    }),
  )
}

/**
 * Loads the signing keys; on a new database they are made, once, whoever starts first.
 * The public half of the id_token keys is not given out by `publicPem`: an id_token is not an access token.
 */
export async function loadKeys(pool: Pool, secret: string): Promise<Keys> {
  const sealed = await signingKeysOrNew(pool, () => make(secret))
  const keys = sealed.map(each => open(secret, each))
  const pems = new Map<string, string>()
  for (const key of keys) {
    if (key.alg !== 'ES256' || key.kid === undefined) continue
    const publicKey = createPublicKey(createPrivateKey({ key: key as JsonWebKey, format: 'jwk' }))
    pems.set(key.kid, publicKey.export({ format: 'pem', type: 'spki' }).toString())
  }
  return { jwks: { keys }, publicPem: kid => pems.get(kid) }
}
