// Who is let in: RFC 6750 and RFC 9068. Every way in which a token can be wrong is 401, at once.
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { importJWK, type JWK, SignJWT } from 'jose'
import t, { type Test } from 'tap'
import { authenticator } from '../../src/handlers/authenticate.ts'
import { definitions } from '../../src/resources/index.ts'
import { loadKeys } from '../../src/smart/keys.ts'
import { client, type Reply, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { server } from '../support/server.ts'
import { auditLines } from '../support/stored.ts'
import { engineToken, token } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const SECRET = 'the-secret-of-every-test-server-here'
const s = await server(t, { variables: { PORTICO_LOG_LEVEL: 'trace' } })
const valid = await engineToken(s)
await store(client(s, valid), [minimal('Patient', 'alice')])

const ask = (authorization: string | undefined, path = '/Patient/alice'): Promise<Reply> =>
  client(s)(path, authorization === undefined ? {} : { headers: { authorization } })
const bearer = (jwt: string, path?: string): Promise<Reply> => ask(`Bearer ${jwt}`, path)

/** A refusal as RFC 6750 section 3 wants it: 401, the realm, and why; without a reason when no token was there. */
function isRefused(t: Test, reply: Reply, why: string, reason: 'invalid_token' | 'none' = 'invalid_token'): void {
  t.equal(reply.status, 401, why)
  t.equal(reply.json.resourceType, 'OperationOutcome', why)
  const challenge = reply.headers['www-authenticate'] ?? ''
  t.match(challenge, `Bearer realm="${s.baseUrl}/fhir"`, why)
  t.equal(/error="([a-z_]+)"/.exec(challenge)?.[1] ?? 'none', reason, why)
  t.equal(reply.headers['cache-control'], 'no-store', why)
}

const { jwks, publicPem } = await loadKeys(s.pool, SECRET)
const es256 = jwks.keys.find(({ alg }) => alg === 'ES256') as JWK
const rs256 = jwks.keys.find(({ alg }) => alg === 'RS256') as JWK
const now = Math.floor(Date.now() / 1000)
const CLAIMS = {
  iss: `${s.baseUrl}/oauth2`,
  aud: `${s.baseUrl}/fhir`,
  sub: 'test-engine',
  client_id: 'test-engine',
  scope: 'system/*.cruds',
  iat: now,
  exp: now + 900,
  jti: 'x',
}

type Forged = { claims?: object; without?: string; header?: object; key?: JWK | Uint8Array }

async function forge({ claims = {}, without, header = {}, key = es256 }: Forged): Promise<string> {
  const entries = Object.entries({ ...CLAIMS, jti: randomUUID(), ...claims }).filter(([name]) => name !== without)
  const { alg = 'ES256', ...more } = header as { alg?: string }
  return await new SignJWT(Object.fromEntries(entries))
    .setProtectedHeader({ alg, typ: 'at+jwt', kid: es256.kid ?? '', ...more })
    .sign(key instanceof Uint8Array ? key : await importJWK(key, alg))
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

t.test('without a token every resource is closed, and the statement is open', async t => {
  isRefused(t, await ask(undefined), 'no header', 'none')
  for (const header of [
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    valid,
    `Token ${valid}`,
    `Bearer ${valid} ${valid}`,
    `Bearer "${valid}"`,
  ])
    isRefused(t, await ask(header), `"${header.slice(0, 20)}"`, 'none')
  for (const type of definitions.keys())
    for (const path of [`/${type}`, `/${type}/1`, `/${type}/1/_history`, `/${type}/1/_history/1`])
      t.equal((await ask(undefined, path)).status, 401, path)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
    t.equal((await client(s)('/Patient/1', { method, body: {} })).status, 401, method)
  t.equal((await client(s)('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'batch' } })).status, 401)
  isRefused(t, await ask(undefined, `/Patient/alice?access_token=${valid}`), 'in the URL', 'none')
  t.equal((await ask(undefined, '/metadata')).status, 200)
})

t.test('a good token is let in, however Bearer is spelt', async t => {
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) t.equal((await ask(`${scheme} ${valid}`)).status, 200, scheme)
  t.equal((await bearer(await forge({}))).status, 200, 'what the forgeries below are made of is right')
})

t.test('a token that is not what it must be is refused', async t => {
  verifies('smart-2.2', 'SAL-94', 'SAL-96', 'SAL-265', 'SAL-1009', 'SAL-1021', 'SAL-1022')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const stranger = { ...privateKey.export({ format: 'jwk' }), alg: 'ES256' } as JWK
  const pem = new TextEncoder().encode(publicPem(es256.kid ?? ''))
  const wrong: Record<string, Forged> = {
    'has expired': { claims: { exp: now - 1 } },
    'ends now': { claims: { exp: now } },
    'is of another issuer': { claims: { iss: 'https://elsewhere.example/oauth2' } },
    'is of an issuer that begins as ours': { claims: { iss: `${s.baseUrl}/oauth2/more` } },
    'is for another server': { claims: { aud: 'https://elsewhere.example/fhir' } },
    'is for the authorization server': { claims: { aud: `${s.baseUrl}/oauth2` } },
    'is an id_token': { header: { typ: 'JWT' } },
    'has no type': { header: { typ: undefined } },
    'is signed by a stranger with our key’s name': { key: stranger },
    'is signed with a key that nobody knows': { key: stranger, header: { kid: 'unknown' } },
    'is signed with our public key as a secret': { key: pem, header: { alg: 'HS256' } },
    'is signed with the key of id_tokens': { key: rs256, header: { alg: 'RS256', kid: rs256.kid } },
    'is not valid yet': { claims: { nbf: now + 600 } },
    'names no end': { without: 'exp' },
    'has no jti': { without: 'jti' },
    'names nobody': { without: 'sub' },
    'names no client': { without: 'client_id' },
    'names no issuer': { without: 'iss' },
    'names no audience': { without: 'aud' },
    'does not say when it was made': { without: 'iat' },
    'is bound to a key': { claims: { cnf: { jkt: 'x' } } },
    'has its scopes in a list': { claims: { scope: ['system/*.cruds'] } },
    'names a patient by a reference': { claims: { patient: 'Patient/alice' } },
  }
  for (const [why, forged] of Object.entries(wrong)) isRefused(t, await bearer(await forge(forged)), why)
})

t.test('a token whose text was changed is refused', async t => {
  const good = await forge({})
  const [header = '', payload = '', signature = ''] = good.split('.')
  const more = encode({ ...CLAIMS, scope: 'system/*.cruds', sub: 'somebody-else' })
  const other = (text: string) => `${text.slice(0, -2)}${text.endsWith('AA') ? 'BB' : 'AA'}`
  const wrong: Record<string, string> = {
    'another payload': `${header}.${more}.${signature}`,
    'another signature': `${header}.${payload}.${other(signature)}`,
    'no signature': `${header}.${payload}.`,
    'alg none': `${encode({ alg: 'none', typ: 'at+jwt', kid: es256.kid })}.${payload}.`,
    'alg none with a signature': `${encode({ alg: 'none', typ: 'at+jwt', kid: es256.kid })}.${payload}.${signature}`,
    'a key in the header': `${encode({ alg: 'ES256', typ: 'at+jwt', jwk: es256, kid: 'x' })}.${payload}.${signature}`,
    'two parts': `${header}.${payload}`,
    'four parts': `${good}.x`,
    'no JWT at all': 'opaque-token',
    'no JSON': 'e30x.e30x.e30x',
    'an empty header': `e30.${payload}.${signature}`,
  }
  for (const [why, jwt] of Object.entries(wrong)) isRefused(t, await bearer(jwt), why)
  t.equal((await bearer(good)).status, 200)
  for (const [why, jwt] of Object.entries(wrong))
    isRefused(t, await bearer(jwt), `${why}, after the good one was let in`)
  isRefused(t, await ask(`Bearer x${good}`), 'something before a token that was let in')
  t.equal((await bearer(good)).status, 200)
})

t.test('a token that was let in is refused when its time is over', async t => {
  verifies('smart-2.2', 'SAL-77')
  const short = await token(s, { sub: 'test-engine', scope: 'system/*.rs', expiresIn: 60 })
  t.equal((await bearer(short)).status, 200)
  const real = Date.now
  Date.now = () => real() + 61_000
  const late = await bearer(short)
  Date.now = real
  isRefused(t, late, 'a minute later')
})

/** Stores the token as issued, and takes it back: the way that every revocation goes. */
async function revoke(jti: string): Promise<void> {
  const hash = createHash('sha256').update(jti).digest()
  await s.pool.query(
    `insert into oidc_payload (model, id_hash, payload, expires_at) values ('AccessToken', $1, '{}', now() + interval '1 hour')`,
    [hash],
  )
  await s.pool.query('delete from oidc_payload where id_hash = $1', [hash])
}

t.test('a token that was taken back is refused, though it was let in before', async t => {
  const [jti, other] = [randomUUID(), randomUUID()]
  const [taken, kept] = [await forge({ claims: { jti } }), await forge({ claims: { jti: other } })]
  t.equal((await bearer(taken)).status, 200)
  await revoke(jti)
  const deadline = Date.now() + 2000
  let reply = await bearer(taken)
  while (reply.status !== 401 && Date.now() < deadline) reply = await bearer(taken)
  isRefused(t, reply, 'taken back')
  t.equal((await bearer(kept)).status, 200, 'another token of the same client is not')
})

t.test('while it is not known which tokens were taken back, all have to wait, and none is said to be bad', async t => {
  await s.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'portico revocations' and datname = current_database()`)
  let reply = await bearer(valid)
  while (reply.status === 200) reply = await bearer(valid)
  t.equal(reply.status, 503)
  t.equal(reply.headers['retry-after'], '2')
  while (reply.status === 503) reply = await bearer(valid)
  t.equal(reply.status, 200)
})

t.test('too little scope is 403 and says which; it is recorded', async t => {
  verifies('smart-2.2', 'SAL-95', 'SAL-243', 'SAL-266', 'SAL-1009')
  const reply = await bearer(await forge({ claims: { scope: 'system/Observation.rs' } }))
  t.equal(reply.status, 403)
  t.match(reply.headers['www-authenticate'], 'error="insufficient_scope", scope="system/Patient.r"')
  const last = (await auditLines(s.pool)).at(-1) ?? []
  t.match(last, [
    String,
    String,
    'read',
    'Patient/alice',
    'engine',
    'test-engine',
    'test-engine',
    null,
    { status: 403 },
  ])
})

t.test('no token, whole or part, is in the log', async t => {
  t.ok(s.logged.some(line => line.includes('access token was refused')))
  t.same(
    s.logged.filter(line => line.includes('eyJ') || line.includes(valid.slice(-40))),
    [],
  )
})

t.test('an app on another origin can read why it was refused', async t => {
  const origin = 'https://app.example'
  const reply = await client(s)('/Patient/alice', { headers: { origin } })
  t.equal(reply.status, 401)
  t.equal(reply.headers['access-control-allow-origin'], origin)
  t.match(reply.headers['access-control-expose-headers'], 'www-authenticate')
  t.match(reply.headers.vary, 'Origin')
})

t.test('what was verified by a key that was taken back meanwhile is verified again', async t => {
  let generation = 1
  let verified = 0
  let letGo = () => {}
  const held = new Promise<void>(resolve => {
    letGo = resolve
  })
  const verify = async (_request: unknown, jwt: string) => {
    verified++
    if (jwt === 'slow' && generation === 1) await held
    return { ...CLAIMS, jti: jwt }
  }
  const judge = authenticator(
    'base',
    { verify, generation: () => generation },
    { isRevoked: () => false, ready: () => true },
  )
  const judged = (jwt: string) => judge({ headers: { authorization: `Bearer ${jwt}` } } as FastifyRequest)
  const slow = judged('slow')
  generation = 2
  await judged('quick')
  letGo()
  t.equal((await slow).tokenId, 'slow')
  await judged('slow')
  t.equal(verified, 3)
  await judged('slow')
  t.equal(verified, 3, 'and then remembered')
})
