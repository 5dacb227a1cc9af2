// Whatever is sent, nothing of it becomes SQL, and nothing of it is answered with 500.
import fc from 'fast-check'
import pg from 'pg'
import t, { type Test } from 'tap'
import { client, store } from './support/client.ts'
import { body, bundle, headers, hostile, MARK, mutated, url } from './support/hostile.ts'
import { made, observation, patient, reference } from './support/made.ts'
import { type RawReply, rawRequest } from './support/raw-request.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 250)
const SEED = Number(process.env.FUZZ_SEED ?? 11)

const s = await server(t)
const tokens = { engine: await engineToken(s), alice: await patientToken(s, 'alice', 'patient/*.cruds') }
const engine = client(s, tokens.engine)
await store(engine, [
  patient('alice', { name: [{ family: 'Archer' }], identifier: [{ system: 'http://x', value: '1' }] }),
  observation('one', 'alice', { effectiveDateTime: '2026-01-02', valueQuantity: { value: 5, unit: 'g' } }),
  made('List', 'list', { status: 'current', mode: 'working', entry: [{ item: reference('Observation/one') }] }),
  made('Binary', 'file', { contentType: 'text/plain', data: 'AAAA' }),
])

const statements = new Set<string>()
const { query } = pg.Client.prototype
pg.Client.prototype.query = function record(this: pg.Client, ...args: unknown[]) {
  const [first] = args as [string | { text?: string }]
  const text = typeof first === 'string' ? first : first?.text
  if (text?.includes(MARK)) statements.add(text)
  return (query as (...all: unknown[]) => unknown).apply(this, args)
} as typeof query
t.teardown(() => {
  pg.Client.prototype.query = query
})

type Sent = { method: string; url: string; headers: Record<string, string | undefined>; body?: string | Buffer }

const said: Record<string, number> = {}

async function faultOf(
  { method, url: to, headers: given, body: content }: Sent,
  who: string,
): Promise<string | undefined> {
  const all = { authorization: `Bearer ${who}`, 'content-type': 'application/fhir+json', ...given }
  const sent = Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined))
  const isBodied = ['POST', 'PUT', 'PATCH'].includes(method) && content !== undefined
  const at = `/fhir/${to}`.replaceAll(/[^\x21-\x7e]/g, '')
  const reply: RawReply = await rawRequest(s, at, { method, headers: sent, ...(isBodied ? { body: content } : {}) })
  said[reply.status] = (said[reply.status] ?? 0) + 1
  const isOutcome = method === 'HEAD' || /^\{\s*"resourceType":\s*"OperationOutcome"/.test(reply.text)
  const entries = reply.text.includes('"status":"500') || reply.text.includes('"status":"503')
  if (reply.status < 500 && !entries && (reply.status < 400 || isOutcome)) return undefined
  return `${reply.status} ${method} ${at} ${JSON.stringify(given)} ${String(content).slice(0, 2000)}\n${reply.text.slice(0, 500)}`
}

const request = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'),
  url,
  headers,
  body,
})

async function tryAll(t: Test, requests: fc.Arbitrary<Sent>): Promise<void> {
  const found = await fc.check(
    fc.asyncProperty(fc.array(requests, { minLength: 4, maxLength: 4 }), async list => {
      const faults = await Promise.all(
        list.map((each, index) => faultOf(each, index % 2 === 0 ? tokens.engine : tokens.alice)),
      )
      const [fault] = faults.filter(each => each !== undefined)
      if (fault !== undefined) throw new Error(fault)
      if (statements.size > 0) throw new Error(`what was sent became SQL: ${[...statements][0]}`)
    }),
    { numRuns: RUNS, seed: SEED },
  )
  t.notOk(found.failed, String(found.errorInstance))
}

t.test('what would become SQL is noticed', async t => {
  await s.pool.query(`select '${MARK}'`)
  t.equal(statements.size, 1)
  statements.clear()
})

t.test('no request is answered with 500, or becomes SQL', async t => {
  verifies('fhir-rest', 'REST-101', 'REST-7')
  await tryAll(t, request)
  t.ok(Object.keys(said).length > 5, `there were answers of all kinds: ${JSON.stringify(said)}`)
})

t.test('no entry of a Bundle is', async t => {
  verifies('fhir-rest', 'REST-101', 'REST-7')
  await tryAll(
    t,
    bundle.map(content => ({ method: 'POST', url: '', headers: {}, body: JSON.stringify(content) })),
  )
  t.equal(statements.size, 0)
})

t.test('no resource is', async t => {
  verifies('fhir-rest', 'REST-101', 'REST-7')
  await tryAll(
    t,
    mutated.map(resource => ({
      method: 'PUT',
      url: `${resource.resourceType}/alice`,
      headers: {},
      body: JSON.stringify(resource),
    })),
  )
  t.equal((await engine('/Patient?_summary=count')).status, 200)
})

/** https://hl7.org/fhir/R4/search.html#escaping */
const asValue = (text: string): string => encodeURIComponent(text.replaceAll(/[\\,|$]/g, '\\$&'))

t.test('what is stored with any text comes back as it was, and is found by it', async t => {
  verifies('fhir-rest', 'REST-101', 'REST-68')
  const text = hostile
    .map(each => each.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').trim())
    .filter(each => each !== '')
  const isUri = (each: string) => !/\s/.test(each)
  const found = await fc.check(
    fc.asyncProperty(text, text, text.filter(isUri), async (family, number, system) => {
      const sent = patient('texts', { identifier: [{ system, value: number }], name: [{ family, text: number }] })
      const stored = await engine('/Patient/texts', { method: 'PUT', body: sent })
      if (stored.status >= 300) throw new Error(`${stored.status} ${JSON.stringify(sent)} ${stored.text}`)
      const { meta: _, ...back } = (await engine('/Patient/texts')).json
      if (JSON.stringify(back) !== JSON.stringify(sent))
        throw new Error(`${JSON.stringify(sent)} is ${JSON.stringify(back)}`)
      const queries = [
        `identifier=${asValue(system)}|${asValue(number)}`,
        `identifier=${asValue(number)}`,
        `identifier=${asValue(system)}|`,
        `family:exact=${asValue(family)}`,
        `name:exact=${asValue(number)}`,
        `family=${asValue(family)}`,
        `family:contains=${asValue(family)}`,
      ]
      for (const asked of queries) {
        const reply = await engine(`/Patient?${asked}`)
        const isFolded = reply.status === 400 && reply.text.includes('nothing of it can be compared')
        if (!isFolded && !reply.text.includes('"id":"texts"'))
          throw new Error(`${asked} ${JSON.stringify(sent)} ${reply.text}`)
      }
      if (statements.size > 0) throw new Error(`what was sent became SQL: ${[...statements][0]}`)
    }),
    { numRuns: RUNS, seed: SEED },
  )
  t.notOk(found.failed, String(found.errorInstance))
})
