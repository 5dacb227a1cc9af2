import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import type pg from 'pg'
import { browser, choosePerson, fieldsOf, type Visited } from '../scripts/demo-client.ts'
import { DEMO_PASSWORD, seedDemo } from '../src/demo-people.ts'
import { saveClient } from '../src/store/clients.ts'

// What is needed to ask for tokens many times: a code, a refresh token and an assertion are good once.

const REDIRECT = 'http://127.0.0.1/callback'
const VERIFIER = randomBytes(32).toString('base64url')
const SCOPE = 'launch/patient patient/*.rs'
const WITH_ALL = `openid fhirUser offline_access ${SCOPE}`

/** One kind of request for a token: gives the forms of so many, none of which was asked before. */
export type Kind = {
  readonly name: string
  readonly what: string
  /** What the answer has to have. */
  readonly members: readonly string[]
  forms(count: number): Promise<string[]>
}

type Open = ReturnType<typeof browser>

const send = (open: Open, page: Visited, action: string, fields: [string, string][]): Promise<Visited> => {
  const csrf = fieldsOf(page.html).find(({ name }) => name === 'csrf')?.value ?? ''
  const url = page.url.replace(/(\/interaction\/[^/]+).*/, '$1')
  return open(`${url}/${action}`, new URLSearchParams([['csrf', csrf], ...fields]))
}

/** A code for the demo's app, by way of its pages. */
async function codeFor(origin: string, scope: string): Promise<string> {
  const open = browser(origin)
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'demo-app',
    redirect_uri: REDIRECT,
    scope,
    aud: `${origin}/fhir`,
    state: 'x',
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const signIn = [['name', 'alice@example.org'] as [string, string], ['password', DEMO_PASSWORD] as [string, string]]
  const signedIn = await send(open, await open(`${origin}/oauth2/authorize?${query}`), 'sign-in', signIn)
  const consent = await choosePerson(open, signedIn, 'alice')
  const ticks = fieldsOf(consent.html).filter(({ name }) => name === 'scope')
  const fields = ticks.map(({ value }): [string, string] => ['scope', value])
  const { url } = await send(open, consent, 'consent', [['patient', 'alice'], ...fields])
  return new URL(url).searchParams.get('code') ?? ''
}

const codeForm = (code: string): string =>
  new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'demo-app',
    redirect_uri: REDIRECT,
    code,
    code_verifier: VERIFIER,
  }).toString()

const refreshForm = (refresh_token: string): string =>
  new URLSearchParams({ grant_type: 'refresh_token', client_id: 'demo-app', refresh_token }).toString()

/** Makes so many of a code or a refresh token as if each had been given, and not used. */
async function multiply(pool: pg.Pool, model: string, one: string, count: number): Promise<string[]> {
  const prefix = `${randomBytes(12).toString('hex')}-`
  await pool.query({
    text: `insert into oidc_payload (model, id_hash, payload, grant_hash, account_id, client_id, expires_at)
      select model, sha256(convert_to($3 || n, 'UTF8')),
        payload || jsonb_build_object('exp', extract(epoch from now())::int8 + 86400),
        grant_hash, account_id, client_id, now() + interval '1 day'
      from oidc_payload, generate_series(1, $4::int) n
      where model = $1 and id_hash = sha256(convert_to($2, 'UTF8'))`,
    values: [model, one, prefix, count],
  })
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`)
}

const assertionsOf =
  (origin: string, client: string, alg: string, key: Parameters<SignJWT['sign']>[0]) =>
  (count: number): Promise<string[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const assertion = await new SignJWT({ jti: randomBytes(16).toString('hex') })
          .setProtectedHeader({ alg, kid: client, typ: 'JWT' })
          .setIssuer(client)
          .setSubject(client)
          .setAudience(`${origin}/oauth2/token`)
          .setIssuedAt()
          .setExpirationTime('5 minutes')
          .sign(key)
        return new URLSearchParams({
          grant_type: 'client_credentials',
          scope: 'system/*.rs',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        }).toString()
      }),
    )

/** Registers a system with a key for RS384; the demo's has one for ES384. */
async function rsaClient(pool: pg.Pool) {
  const { privateKey, publicKey } = await generateKeyPair('RS384', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench-rsa', alg: 'RS384', use: 'sig' }
  await saveClient(pool, {
    clientId: 'bench-rsa',
    name: 'Bench',
    kind: 'backend',
    metadata: { jwks: { keys: [jwk] } },
    scopes: 'system/*.rs',
    secret: undefined,
  })
  return privateKey
}

/** The kinds of T1. */
export async function kindsOf(pool: pg.Pool, origin: string, folder: string): Promise<Kind[]> {
  await seedDemo(pool, { dataDir: folder })
  const small = await codeFor(origin, SCOPE)
  const all = await codeFor(origin, WITH_ALL)
  const spare = (await multiply(pool, 'AuthorizationCode', all, 1)).map(codeForm)
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const first = await fetch(`${origin}/oauth2/token`, { method: 'POST', body: spare[0] ?? '', headers })
  const { refresh_token } = (await first.json()) as { refresh_token: string }
  const engine = JSON.parse(await readFile(`${folder}/demo-engine.jwk.json`, 'utf8')) as JWK
  const codes = (code: string) => async (count: number) =>
    (await multiply(pool, 'AuthorizationCode', code, count)).map(codeForm)
  const refreshes = async (count: number) =>
    (await multiply(pool, 'RefreshToken', refresh_token, count)).map(refreshForm)
  const es384 = await importJWK(engine, 'ES384')
  return [
    { name: 'T1a', what: 'a code for an access token', members: ['access_token', 'patient'], forms: codes(small) },
    {
      name: 'T1b',
      what: 'a code for an access token, a refresh token and an id_token',
      members: ['access_token', 'refresh_token', 'id_token'],
      forms: codes(all),
    },
    { name: 'T1c', what: 'a refresh', members: ['access_token', 'refresh_token', 'id_token'], forms: refreshes },
    {
      name: 'T1d',
      what: 'an assertion by ES384',
      members: ['access_token'],
      forms: assertionsOf(origin, 'demo-engine', 'ES384', es384),
    },
    {
      name: 'T1e',
      what: 'an assertion by RS384',
      members: ['access_token'],
      forms: assertionsOf(origin, 'bench-rsa', 'RS384', await rsaClient(pool)),
    },
  ]
}
