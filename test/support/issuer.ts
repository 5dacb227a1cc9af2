// Another authorization server: a real one as far as this server can see, over HTTP, with keys that a test changes.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { Test } from 'tap'

export type SigningKey = {
  readonly alg: string
  readonly kid: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

/** A key pair with a name. */
export async function signingKey(alg: string, kid: string = randomUUID()): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export type AnotherIssuer = {
  readonly url: string
  /** What it publishes. */
  keys: unknown[]
  /** How often it was asked for its keys. */
  fetches: number
  /** How it answers instead, if it does not publish its keys. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  headers: Record<string, string>
}

/** An issuer that listens until the test ends. */
export async function anotherIssuer(t: Test): Promise<AnotherIssuer> {
  const issuer: AnotherIssuer = { url: '', keys: [], fetches: 0, answer: undefined, headers: {} }
  const listener = createServer((request, response) => {
    issuer.fetches++
    if (issuer.answer) return issuer.answer(request, response)
    response.writeHead(200, { 'content-type': 'application/json', ...issuer.headers })
    response.end(JSON.stringify({ keys: issuer.keys }))
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => {
    listener.closeAllConnections()
    listener.close()
  })
  return Object.assign(issuer, { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}` })
}

export type IssuedClaims = Record<string, unknown>

/** A token of RFC 9068; a claim or header that is undefined is left out. */
export async function issued(
  { alg, kid, privateKey }: SigningKey,
  claims: IssuedClaims,
  header: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const all = { iat: now, exp: now + 300, jti: randomUUID(), ...claims }
  const kept = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return await new SignJWT(kept).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header }).sign(privateKey)
}
