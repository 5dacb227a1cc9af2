// Many at once: conditions hold, nothing is made twice, nothing is lost, nobody is locked out for good.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, namesOf, type Reply, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const SYSTEM = 'http://example.org/numbers'

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', ...more })
const numbered = (value: string, more: Json = {}) => patient({ identifier: [{ system: SYSTEM, value }], ...more })
const post = (body: Json, headers = {}): Promise<Reply> => engine('/Patient', { method: 'POST', body, headers })
const put = (id: string, more: Json = {}, headers = {}): Promise<Reply> =>
  engine(`/Patient/${id}`, { method: 'PUT', body: patient({ id, ...more }), headers })
const together = <T>(count: number, job: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => job(index)))

/** How often each status came. */
function counts(replies: readonly Reply[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const { status } of replies) found[status] = (found[status] ?? 0) + 1
  return found
}

type Entry = { resource?: Json; request: Record<string, string>; fullUrl?: string }
const transaction = (entry: readonly Entry[]): Promise<Reply> =>
  engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
const entry = (resource: Json, request: Record<string, string> = {}): Entry => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...request },
})

t.test('64 conditional creates of one identity make exactly one resource', async t => {
  verifies('fhir-rest', 'REST-24')
  const replies = await together(64, () => post(numbered('one'), { 'if-none-exist': `identifier=${SYSTEM}|one` }))
  t.same(counts(replies), { 201: 1, 200: 63 })
  t.equal(new Set(replies.map(({ json }) => json.id)).size, 1, 'and all are told which')
  t.equal(namesOf(await engine(`/Patient?identifier=${SYSTEM}|one`)).length, 1)
})

t.test('64 conditional updates and transactions of one identity make exactly one resource too', async t => {
  const query = `identifier=${SYSTEM}|two`
  const replies = await together(64, index =>
    index % 2 === 0
      ? engine(`/Patient?${query}`, { method: 'PUT', body: numbered('two') })
      : transaction([entry(numbered('two'), { method: 'POST', url: 'Patient', ifNoneExist: query })]),
  )
  t.same(
    replies.filter(({ status }) => status > 201).map(({ text }) => text),
    [],
  )
  t.equal(namesOf(await engine(`/Patient?${query}`)).length, 1)
})

t.test('what has no identifiers is made once too', async t => {
  const provenance = {
    resourceType: 'Provenance',
    target: [{ reference: 'Patient/anybody' }],
    recorded: '2026-01-02T10:00:00Z',
    agent: [{ who: { display: 'a ward' } }],
  }
  const binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'aGVsbG8=' }
  for (const body of [
    { ...provenance, meta: { tag: [{ code: 'once' }] } },
    { ...binary, meta: { tag: [{ code: 'once' }] } },
  ]) {
    const headers = { 'if-none-exist': '_tag=once' }
    const replies = await together(6, () => engine(`/${body.resourceType}`, { method: 'POST', body, headers }))
    t.same(counts(replies), { 201: 1, 200: 5 }, body.resourceType)
    const update = await engine(`/${body.resourceType}?_tag=once`, { method: 'PUT', body })
    t.equal(update.status, 200, update.text)
  }
})

t.test('the same criteria in another order are the same identity', async t => {
  const replies = await together(20, index => {
    const parts = [`identifier=${SYSTEM}|three`, 'active=true']
    const query = (index % 2 === 0 ? parts : parts.reverse()).join('&')
    return post(numbered('three', { active: true }), { 'if-none-exist': query })
  })
  t.same(counts(replies), { 201: 1, 200: 19 })
})

t.test('one identity that is asked for in many ways at once is made once', async t => {
  verifies('fhir-rest', 'REST-24')
  const { system, value } = { system: `${SYSTEM}/more`, value: 'four' }
  const body = patient({
    active: true,
    identifier: [
      { system, value },
      { system: SYSTEM, value: 'four-too' },
    ],
    name: [{ family: 'Fourth' }],
  })
  const queries = [
    `identifier=${system}|${value}`,
    `identifier=${value}`,
    `identifier=${system}|${value}&active=true`,
    `identifier=${system}|none,${system}|${value}`,
    `identifier=${SYSTEM}|four-too`,
    `identifier=${SYSTEM}|four-too&identifier=${system}|${value}`,
    'family:exact=Fourth',
  ]
  const ways = [
    (query: string) => post(body, { 'if-none-exist': query }),
    (query: string) => engine(`/Patient?${query}`, { method: 'PUT', body }),
    (query: string) => transaction([entry(body, { method: 'POST', url: 'Patient', ifNoneExist: query })]),
    (query: string) => transaction([entry(body, { url: `Patient?${query}` })]),
  ]
  const replies = await together(56, index => {
    const way = ways[index % ways.length]
    return way ? way(queries[index % queries.length] ?? '') : post(body)
  })
  t.same(
    replies.filter(({ status }) => status > 201).map(({ text }) => text),
    [],
  )
  t.equal(namesOf(await engine('/Patient?family=Fourth')).length, 1)
})

t.test('criteria that match several are refused with 412, and write nothing', async t => {
  verifies('fhir-rest', 'REST-23', 'REST-29')
  await post(numbered('many'))
  await post(numbered('many'))
  const before = await storedVersions(s.pool)
  const query = `identifier=${SYSTEM}|many`
  for (const reply of [
    await post(numbered('many'), { 'if-none-exist': query }),
    await post(numbered('many'), { 'if-none-exist': `?${query}` }),
    await engine(`/Patient?${query}`, { method: 'PUT', body: numbered('many') }),
    await transaction([entry(numbered('many'), { method: 'POST', url: 'Patient', ifNoneExist: query })]),
    await transaction([entry(numbered('many'), { url: `Patient?${query}` })]),
  ]) {
    t.equal(reply.status, 412)
    t.match(reply.text, 'multiple-matches')
  }
  t.same(await storedVersions(s.pool), before)
})

t.test('of many updates of one version exactly one wins', async t => {
  verifies('fhir-rest', 'REST-27')
  await put('raced')
  const replies = await together(32, index => put('raced', { name: [{ text: `${index}` }] }, { 'if-match': 'W/"1"' }))
  t.same(counts(replies), { 200: 1, 412: 31 })
  const winner = replies.find(({ status }) => status === 200)
  t.same((await engine('/Patient/raced')).json, winner?.json)
  t.equal((await engine('/Patient/raced')).headers.etag, 'W/"2"')
})

t.test('updates without a condition are all kept, as versions without a gap', async t => {
  await put('kept')
  const replies = await together(32, index => put('kept', { name: [{ text: `${index}` }] }))
  t.same(counts(replies), { 200: 32 })
  const history = (await engine('/Patient/kept/_history?_count=100')).json.entry as {
    resource: { meta: { versionId: string; lastUpdated: string }; name?: { text: string }[] }
  }[]
  const versions = history.map(({ resource }) => Number(resource.meta.versionId))
  t.same(
    versions,
    Array.from({ length: 33 }, (_, index) => 33 - index),
  )
  const times = history.map(({ resource }) => resource.meta.lastUpdated)
  t.same(times, [...times].sort().reverse(), 'and in the order of time')
  t.equal(new Set(history.map(({ resource }) => resource.name?.[0]?.text)).size, 33)
})

t.test('one id that many create at once is made once', async t => {
  const replies = await together(32, index => put('made-once', { name: [{ text: `${index}` }] }))
  t.same(counts(replies), { 201: 1, 200: 31 })
  const guarded = await together(32, () => put('guarded', {}, { 'if-none-match': '*' }))
  t.same(counts(guarded), { 201: 1, 412: 31 })
})

t.test('a delete and updates at once leave a history that tells what happened', async t => {
  await put('now-and-then')
  const replies = await together(16, index =>
    index % 4 === 0
      ? engine('/Patient/now-and-then', { method: 'DELETE' })
      : put('now-and-then', { name: [{ text: `${index}` }] }),
  )
  t.ok(replies.every(({ status }) => status < 300))
  const history = (await engine('/Patient/now-and-then/_history?_count=100')).json.entry as {
    response: { etag: string }
  }[]
  const versions = history.map(({ response }) => response.etag)
  t.equal(new Set(versions).size, versions.length)
  t.equal(versions[0], `W/"${versions.length}"`)
})

t.test('transactions that bring the same new codes at the same time do not lock each other out', async t => {
  const codes = Array.from({ length: 60 }, (_, index) => `fresh-${index}`)
  const observation = (code: string, who: number): Entry => ({
    resource: {
      resourceType: 'Observation',
      status: 'final',
      code: { coding: [{ system: SYSTEM, code }] },
      category: [{ coding: [{ code: `c-${code}-${who % 2}` }] }],
    },
    request: { method: 'POST', url: 'Observation' },
  })
  const replies = await together(12, who => {
    const order = who % 2 === 0 ? codes : [...codes].reverse()
    return transaction(order.map(code => observation(code, who)))
  })
  t.same(counts(replies), { 200: 12 })
  for (const code of ['fresh-0', 'fresh-59'])
    t.equal((await engine(`/Observation?code=${SYSTEM}|${code}&_summary=count`)).json.total, 12)
})

t.test('transactions that write the same resources in another order all succeed', async t => {
  const ids = Array.from({ length: 30 }, (_, index) => `shared-${index}`)
  await store(
    engine,
    ids.map(id => patient({ id })),
  )
  const replies = await together(12, who => {
    const order = who % 2 === 0 ? ids : [...ids].reverse()
    return transaction(order.map(id => entry(patient({ id, name: [{ text: `${who}` }] }))))
  })
  t.same(counts(replies), { 200: 12 })
  const last = await Promise.all(ids.map(async id => (await engine(`/Patient/${id}`)).json.name))
  t.equal(new Set(last.map(name => JSON.stringify(name))).size, 1, 'each transaction is there whole')
})

t.test('transactions that create the same identities in another order make each once', async t => {
  const values = Array.from({ length: 20 }, (_, index) => `crossed-${index}`)
  const create = (value: string): Entry =>
    entry(numbered(value), { method: 'POST', url: 'Patient', ifNoneExist: `identifier=${SYSTEM}|${value}` })
  const replies = await together(10, who => {
    const order = who % 2 === 0 ? values : [...values].reverse()
    return transaction(order.map(create))
  })
  t.same(counts(replies), { 200: 10 })
  for (const value of values) t.equal(namesOf(await engine(`/Patient?identifier=${SYSTEM}|${value}`)).length, 1)
})
