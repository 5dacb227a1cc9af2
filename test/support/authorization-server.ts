import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify, { type FastifyInstance } from 'fastify'
import { type CryptoKey, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose'
import type pg from 'pg'
import type { Test } from 'tap'
import { browser, choosePerson, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD, seedDemo } from '../../src/demo-people.ts'
import type { BrandSettings } from '../../src/smart/brand.ts'
import { loadKeys } from '../../src/smart/keys.ts'
import { smart } from '../../src/smart/plugin.ts'
import type { SmartOptions } from '../../src/smart/settings.ts'
import { database } from './database.ts'

export const BASE = 'https://portico.example'
export const FHIR = `${BASE}/fhir`
export const REDIRECT = 'http://127.0.0.1:4711/callback'
export const VERIFIER = 'a-verifier-that-is-long-enough-for-rfc-7636-section-4-1'
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export type Server = {
  app: FastifyInstance
  pool: pg.Pool
  url: string
  /** As `fetch`, for addresses below BASE: the server itself listens on a port of its own without TLS. */
  get: typeof fetch
  /** The server's address on this machine. */
  address: string
  /** The secret of demo-confidential, and the one that the signing keys are sealed with. */
  secret: string
  keySecret: string
  engineKey: JWK
  /** What the clock says; a test may turn it. */
  now: Date
}

/** An authorization server with the demo's people and clients, on a database of its own. */
export async function authorizationServer(
  t: Test,
  { brand, ...more }: Partial<SmartOptions> & { brand?: BrandSettings } = {},
): Promise<Server> {
  const { pool, url } = await database(t)
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-'))
  const demo = await seedDemo(pool, { dataDir })
  const engineKey = JSON.parse(await readFile(join(dataDir, 'demo-engine.jwk.json'), 'utf8')) as JWK
  const config = { baseUrl: BASE, secret: randomBytes(32).toString('hex'), ...(brand ? { brand } : {}) }
  const app = Fastify()
  const keys = await loadKeys(pool, config.secret)
  const server = { now: new Date() }
  await app.register(smart, { config, pool, keys, clock: () => server.now, inRecord: async () => true, ...more })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    await app.close()
    await rm(dataDir, { recursive: true })
  })
  const address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const get: typeof fetch = (input, init) => fetch(String(input).replace(BASE, address), init)
  const secret = demo.clients.find(({ id }) => id === 'demo-confidential')?.secret ?? ''
  return Object.assign(server, { app, pool, url, get, address, secret, keySecret: config.secret, engineKey })
}

/** The same authorization server as it is after a restart: same database, same secret, nothing in memory. */
export async function restarted(t: Test, server: Server): Promise<Server> {
  const { pool, keySecret } = server
  const app = Fastify()
  const config = { baseUrl: BASE, secret: keySecret }
  const keys = await loadKeys(pool, keySecret)
  await app.register(smart, { config, pool, keys, clock: () => server.now, inRecord: async () => true })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const get: typeof fetch = (input, init) => fetch(String(input).replace(BASE, address), init)
  return { ...server, app, get, address }
}

/** The parameters of a good authorization request of the demo app, and what is different about this one. */
export function authorizeUrl(changes: Record<string, string | undefined> = {}): string {
  const params = {
    response_type: 'code',
    client_id: 'demo-app',
    redirect_uri: REDIRECT,
    scope: 'openid fhirUser launch/patient offline_access patient/*.rs',
    state: 'the state/+=& of the app',
    aud: FHIR,
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) if (value !== undefined) query.set(name, value)
  return `${BASE}/oauth2/authorize?${query}`
}

export type Launch = {
  who?: string
  changes?: Record<string, string | undefined>
  untick?: readonly string[]
  patient?: string
}

const csrfOf = (page: Visited) => fieldsOf(page.html).find(({ name }) => name === 'csrf')?.value ?? ''

/** Sends one of the forms of a page. */
export const submit = (
  open: ReturnType<typeof browser>,
  page: Visited,
  action: 'sign-in' | 'person' | 'consent' | 'refuse' | 'switch',
  fields: [string, string][] = [],
): Promise<Visited> => {
  const url = page.url.replace(/(\/interaction\/[^/]+).*/, '$1')
  return open(`${url}/${action}`, new URLSearchParams([['csrf', csrfOf(page)], ...fields]))
}

export const signInAs = (open: ReturnType<typeof browser>, page: Visited, who: string, password = DEMO_PASSWORD) =>
  submit(open, page, 'sign-in', [
    ['name', `${who}@example.org`],
    ['password', password],
  ])

/** Goes the whole way as a person: signs in, takes some ticks away, allows. Returns where the browser was sent. */
export async function launch(server: Server, { who = 'alice', changes, untick = [], patient = who }: Launch = {}) {
  const open = browser(BASE, server.get)
  const signIn = await open(authorizeUrl(changes))
  const signedIn = await signInAs(open, signIn, who)
  const consent = await choosePerson(open, signedIn, patient)
  const ticks = fieldsOf(consent.html).filter(({ name, value }) => name === 'scope' && !untick.includes(value))
  const fields = ticks.map(({ value }): [string, string] => ['scope', value])
  const end = await submit(open, consent, 'consent', [['patient', patient], ...fields])
  return { signIn, signedIn, consent, end, answer: new URL(end.url) }
}

export type TokenAnswer = {
  status: number
  headers: Headers
  body: Record<string, unknown> & { access_token: string; refresh_token: string; id_token: string; scope: string }
}

/** Asks the token endpoint. */
export async function token(
  server: Server,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await server.get(`${BASE}/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as TokenAnswer['body'] }
}

/** Redeems the code of a launch by the demo app. */
export const redeem = (server: Server, code: string, changes: Record<string, string> = {}) =>
  token(server, {
    grant_type: 'authorization_code',
    client_id: 'demo-app',
    redirect_uri: REDIRECT,
    code,
    code_verifier: VERIFIER,
    ...changes,
  })

/** A launch and its token in one. */
export async function launchAndRedeem(server: Server, launched: Launch = {}): Promise<TokenAnswer> {
  const { answer } = await launch(server, launched)
  return redeem(server, answer.searchParams.get('code') ?? '')
}

/** What a JWT says. */
export const claimsOf = (jwt: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'))

/** A client assertion of the demo engine, with what is different about this one. */
export async function assertion(
  server: Server,
  {
    claims = {},
    header = {},
    without = [],
    key,
  }: {
    claims?: JWTPayload
    header?: Record<string, unknown>
    without?: readonly string[]
    key?: CryptoKey | KeyObject | Uint8Array
  } = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const payload = {
    iss: 'demo-engine',
    sub: 'demo-engine',
    aud: `${BASE}/oauth2/token`,
    jti: randomBytes(8).toString('hex'),
    iat: now,
    exp: now + 300,
    ...claims,
  }
  const kept = Object.fromEntries(Object.entries(payload).filter(([name]) => !without.includes(name)))
  return new SignJWT(kept)
    .setProtectedHeader({ alg: 'ES384', kid: 'demo-engine', typ: 'JWT', ...header })
    .sign(key ?? (await importJWK(server.engineKey, 'ES384')))
}

/** Asks for a token as a backend service. */
export const backend = (server: Server, client_assertion: string, scope = 'system/*.cruds') =>
  token(server, {
    grant_type: 'client_credentials',
    scope,
    client_assertion_type: ASSERTION_TYPE,
    client_assertion,
  })

/** The same eight times at once. */
export const eight = <T>(make: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 8 }, make))

/** How many of some answers are successes. */
export const succeeded = (answers: readonly { status: number }[]): number =>
  answers.filter(({ status }) => status === 200).length
