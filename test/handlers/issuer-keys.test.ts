// How another issuer's keys are kept: fetched rarely, whatever tokens say, and believed no longer than they should be.
import { exportJWK, generateSecret } from 'jose'
import t, { type Test } from 'tap'
import { FhirError } from '../../src/fhir/outcome.ts'
import { ALGORITHMS, COOL_DOWN, issuerKeys, STALE } from '../../src/handlers/issuer-keys.ts'
import { anotherIssuer, signingKey } from '../support/issuer.ts'
import { verifies } from '../support/verifies.ts'

const one = await signingKey('ES256', 'one')
const two = await signingKey('ES256', 'two')
const MINUTE = 60_000

/** An issuer that publishes one key, what is kept of it, and a clock that the test turns. */
async function keysOf(t: Test) {
  const issuer = await anotherIssuer(t)
  issuer.keys = [one.jwk]
  let time = Date.parse('2026-03-02T10:00:00Z')
  const failures: unknown[] = []
  const onFailure = (error: unknown) => failures.push(error)
  const keys = issuerKeys({ url: `${issuer.url}/jwks`, clock: () => new Date(time), onFailure })
  const later = (milliseconds: number) => {
    time += milliseconds
  }
  const ask = async (kid: string | undefined, alg = 'ES256'): Promise<'known' | 'unknown' | number> => {
    try {
      await keys.keyOf({ alg, ...(kid === undefined ? {} : { kid }) })
      return 'known'
    } catch (error) {
      return error instanceof FhirError ? error.status : 'unknown'
    }
  }
  /** Waits until a fetch that was begun beside an answer has ended. */
  const settled = async (fetches: number) => {
    while (issuer.fetches < fetches) await new Promise(setImmediate)
    await keys.keyOf({ alg: 'ES256', kid: 'nobody' }).catch(() => {})
  }
  return { issuer, keys, failures, later, ask, settled }
}

t.test('keys are fetched when they are first needed, once for all who need them then', async t => {
  const { issuer, ask } = await keysOf(t)
  t.equal(issuer.fetches, 0)
  t.same(await Promise.all(Array.from({ length: 20 }, () => ask('one'))), Array(20).fill('known'))
  t.equal(issuer.fetches, 1)
  t.equal(await ask('one'), 'known')
  t.equal(issuer.fetches, 1)
})

t.test('unknown kids have the keys fetched once in a while, however many they are', async t => {
  verifies('smart-2.2', 'SAL-1023')
  const { issuer, later, ask } = await keysOf(t)
  await ask('one')
  for (let index = 0; index < 50; index++) t.equal(await ask(`made-up-${index}`), 'unknown')
  t.equal(issuer.fetches, 1, 'not within the time in which they were fetched')
  later(COOL_DOWN)
  const many = await Promise.all(Array.from({ length: 50 }, (_, index) => ask(`made-up-${index}`)))
  t.same(many, Array(50).fill('unknown'))
  t.equal(issuer.fetches, 2)
  later(COOL_DOWN - 1)
  await ask('made-up')
  t.equal(issuer.fetches, 2)
})

t.test('an issuer that fails is not asked more often, and what was known stays known', async t => {
  verifies('smart-2.2', 'SAL-1023')
  const { issuer, failures, later, ask } = await keysOf(t)
  await ask('one')
  issuer.answer = (_request, response) => response.writeHead(500).end()
  later(COOL_DOWN)
  for (let index = 0; index < 20; index++) t.equal(await ask(`made-up-${index}`), 'unknown')
  t.equal(issuer.fetches, 2)
  t.equal(failures.length, 1)
  t.equal(await ask('one'), 'known')
})

t.test('a new key is found once the cool-down is over', async t => {
  const { issuer, later, ask } = await keysOf(t)
  await ask('one')
  issuer.keys = [one.jwk, two.jwk]
  t.equal(await ask('two'), 'unknown')
  later(COOL_DOWN)
  t.equal(await ask('two'), 'known')
})

t.test('a key that was taken away counts no more once the keys were fetched again', async t => {
  const { issuer, keys, later, ask, settled } = await keysOf(t)
  await ask('one')
  const before = keys.generation()
  issuer.keys = [two.jwk]
  t.equal(await ask('one'), 'known', 'as long as what was fetched is fresh')
  t.equal(keys.generation(), before)
  later(10 * MINUTE)
  t.equal(keys.generation(), before, 'it is asked beside')
  await settled(2)
  t.not(keys.generation(), before, 'what was verified by it has to be verified again')
  t.equal(await ask('one'), 'unknown')
  t.equal(await ask('two'), 'known')
})

t.test('the same keys again are no change', async t => {
  const { keys, later, ask, settled } = await keysOf(t)
  await ask('one')
  const before = keys.generation()
  later(10 * MINUTE)
  await ask('one')
  await settled(2)
  t.equal(keys.generation(), before)
})

t.test('Cache-Control says for how long keys are fresh, within bounds', async t => {
  for (const [said, fresh] of [
    ['max-age=120', 2 * MINUTE],
    ['public, max-age=1200', 20 * MINUTE],
    ['max-age=0', MINUTE],
    ['no-store', 10 * MINUTE],
    ['max-age=86400', 60 * MINUTE],
  ] as const) {
    const { issuer, later, ask, settled } = await keysOf(t)
    issuer.headers = { 'cache-control': said }
    await ask('one')
    later(fresh - 1)
    await ask('one')
    t.equal(issuer.fetches, 1, `${said}: fresh`)
    later(1)
    await ask('one')
    await settled(2)
    t.equal(issuer.fetches, 2, `${said}: not fresh any more`)
  }
})

t.test('keys of an issuer that stays away are believed for a while, and then not', async t => {
  const { issuer, keys, later, ask, settled } = await keysOf(t)
  await ask('one')
  const before = keys.generation()
  issuer.answer = (_request, response) => response.writeHead(503).end()
  later(10 * MINUTE)
  t.equal(await ask('one'), 'known')
  await settled(2)
  later(STALE - 1)
  t.equal(await ask('one'), 'known')
  later(1)
  t.equal(await ask('one'), 503, 'then nobody can say')
  t.not(keys.generation(), before)
  issuer.answer = undefined
  later(COOL_DOWN)
  t.equal(await ask('one'), 'known')
})

t.test('an issuer that answers wrongly is as good as none', async t => {
  const answers: Record<string, Parameters<typeof Object.assign>[1]> = {
    'with an error': (_: unknown, response: { writeHead(status: number): { end(): void } }) =>
      response.writeHead(404).end(),
    'with a redirect': (_: unknown, response: { writeHead(status: number, headers: object): { end(): void } }) =>
      response.writeHead(302, { location: '/elsewhere' }).end(),
    'with no JSON': (_: unknown, response: { end(text: string): void }) => response.end('<html>'),
    'with no keys': (_: unknown, response: { end(text: string): void }) => response.end('{"key":[]}'),
    'without end': (_: unknown, response: { end(text: string): void }) =>
      response.end(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`),
    'by hanging up': (request: { destroy(): void }) => request.destroy(),
  }
  for (const [title, answer] of Object.entries(answers)) {
    const { issuer, ask, failures } = await keysOf(t)
    issuer.answer = answer as NonNullable<typeof issuer.answer>
    t.equal(await ask('one'), 503, title)
    t.equal(await ask('one'), 503, title)
    t.equal(issuer.fetches, 1, `${title}: and it is left alone`)
    t.equal(failures.length, 1, title)
  }
})

t.test('an issuer that never answers is not waited for without end', async t => {
  const { issuer, ask } = await keysOf(t)
  issuer.answer = () => {}
  const begun = Date.now()
  t.same(await Promise.all([ask('one'), ask('two')]), [503, 503])
  t.ok(Date.now() - begun < 20_000)
})

t.test('a key is for its own algorithm only', async t => {
  const { issuer, ask } = await keysOf(t)
  const pairs = await Promise.all(ALGORITHMS.map(alg => signingKey(alg, alg)))
  const { alg: _, ...rsa } = pairs[2]?.jwk ?? {}
  const { alg: __, ...p384 } = pairs[1]?.jwk ?? {}
  issuer.keys = [...pairs.map(({ jwk }) => jwk), { ...rsa, kid: 'rsa' }, { ...p384, kid: 'p384' }]
  for (const { kid } of pairs)
    for (const alg of [...ALGORITHMS, 'HS256', 'none', 'EdDSA', 'RS512', ''])
      t.equal(await ask(kid, alg), alg === kid ? 'known' : 'unknown', `${kid} for ${alg}`)
  for (const alg of ALGORITHMS) {
    t.equal(await ask('rsa', alg), /^[RP]S/.test(alg) ? 'known' : 'unknown', `an RSA key that names none, for ${alg}`)
    t.equal(await ask('p384', alg), alg === 'ES384' ? 'known' : 'unknown', `a key of P-384 that names none, for ${alg}`)
  }
  t.equal(issuer.fetches, 1)
})

t.test('keys that are not for verifying, have no name, share one or are secrets are none', async t => {
  const { issuer, ask } = await keysOf(t)
  const { kid: _, ...nameless } = two.jwk
  const secret = { ...(await exportJWK(await generateSecret('HS256', { extractable: true }))), kid: 'secret' }
  issuer.keys = [
    one.jwk,
    nameless,
    { ...two.jwk, kid: 'twice' },
    { ...one.jwk, kid: 'twice' },
    { ...two.jwk, kid: 'enc', use: 'enc' },
    { ...two.jwk, kid: 'sign', key_ops: ['sign'] },
    { ...two.jwk, kid: 'verify', key_ops: ['verify'] },
    { ...two.jwk, kid: 'ed', kty: 'OKP', crv: 'Ed25519' },
    { ...two.jwk, kid: 5 },
    secret,
  ]
  for (const kid of ['one', 'verify']) t.equal(await ask(kid), 'known', kid)
  for (const kid of [undefined, '', 'twice', 'enc', 'sign', 'ed', '5', 'secret'])
    t.equal(await ask(kid), 'unknown', String(kid))
  t.equal(await ask('secret', 'HS256'), 'unknown')
})
