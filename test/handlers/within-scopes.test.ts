// A system whose scope is for the laboratory's results: what it reads, and what it may write.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { type Client, client, namesOf, type Sent, store } from '../support/client.ts'
import { observation } from '../support/made.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const SYSTEM = 'http://terminology.hl7.org/CodeSystem/observation-category'
const s = await server(t)
const engine = client(s, await engineToken(s))
const app = async (scope: string): Promise<Client> => client(s, await engineToken(s, scope))
const lab = await app(`system/Observation.cruds?category=${SYSTEM}|laboratory`)

const of = (id: string, category?: string, more: Json = {}): Json =>
  observation(id, 'alice', {
    ...(category ? { category: [{ coding: [{ system: SYSTEM, code: category }] }] } : {}),
    ...more,
  })
const put = (resource: Json, more: Sent = {}): [string, Sent] => [
  `/${resource.resourceType}/${resource.id}`,
  { method: 'PUT', body: resource, ...more },
]
const identifier = (value: string): Json => ({ identifier: [{ system: 'http://example.org/id', value }] })
const transaction = (...entry: Json[]): [string, Sent] => [
  '/',
  { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } },
]
const patchCode = (code: string): Sent => ({
  method: 'PATCH',
  headers: { 'content-type': 'application/json-patch+json' },
  body: [{ op: 'replace', path: '/category/0/coding/0/code', value: code }],
})

await store(engine, [{ resourceType: 'Patient', id: 'alice' }])
/** Ids of a result that is within the scope, of one that is not and of one without a category, for one test. */
async function three(name: string): Promise<[inside: string, outside: string, none: string]> {
  const ids: [string, string, string] = [`${name}-in`, `${name}-out`, `${name}-none`]
  await store(engine, [
    of(ids[0], 'laboratory', identifier(ids[0])),
    of(ids[1], 'vital-signs', identifier(ids[1])),
    of(ids[2]),
  ])
  return ids
}

t.test('it reads and finds the results of its category only', async t => {
  verifies('smart-2.2', 'SAL-132', 'SAL-370')
  const [inside, outside, none] = await three('read')
  t.equal((await lab(`/Observation/${inside}`)).status, 200)
  t.equal((await lab(`/Observation/${outside}`)).status, 404)
  t.equal((await lab(`/Observation/${none}`)).status, 404)
  const found = await lab(`/Observation?_id=${inside},${outside},${none}&_total=accurate`)
  t.same(namesOf(found), [`Observation/${inside}`])
  t.equal(found.json.total, 1)
})

t.test('of several scopes one is enough, each with the letters that it names', async t => {
  verifies('smart-2.2', 'SAL-131')
  const [inside, outside, none] = await three('union')
  const both = await app(
    `system/Observation.rs?category=${SYSTEM}|laboratory system/Observation.r?category=${SYSTEM}|vital-signs&status=final`,
  )
  const statuses = await Promise.all([inside, outside, none].map(async id => (await both(`/Observation/${id}`)).status))
  t.same(statuses, [200, 200, 404])
  t.same(namesOf(await both(`/Observation?_id=${inside},${outside},${none}`)), [`Observation/${inside}`])
  await store(engine, [of(outside, 'vital-signs', { status: 'amended' })])
  t.equal((await both(`/Observation/${outside}`)).status, 404, 'all parameters of a scope have to hold')
})

t.test('every kind of parameter that may limit a scope does', async t => {
  const code = (value: string): Json => ({ code: { coding: [{ system: 'http://loinc.org', code: value }] } })
  const component = [{ code: { coding: [{ code: 'part' }] }, valueString: 'x' }]
  await store(engine, [
    of('kinds-yes', 'laboratory', {
      ...code('718-7'),
      ...identifier('kinds'),
      component,
      encounter: { reference: 'Encounter/one' },
      meta: { profile: ['http://example.org/profile'], source: 'http://example.org/source', tag: [{ code: 'open' }] },
    }),
    of('kinds-no', 'vital-signs', { ...code('8480-6'), status: 'amended', subject: { reference: 'Patient/bob' } }),
  ])
  for (const query of [
    'code=718-7',
    'code=http://loinc.org|718-7',
    'code=http://loinc.org|718-7,http://loinc.org|other',
    'combo-code=part',
    'component-code=part',
    'status=final',
    'identifier=http://example.org/id|kinds',
    'identifier=kinds',
    'subject=Patient/alice',
    'patient=alice',
    'encounter=Encounter/one',
    '_profile=http://example.org/profile',
    '_source=http://example.org/source',
    '_tag=open',
    '_id=kinds-yes,other',
  ]) {
    const limited = await app(`system/Observation.rs?${query}`)
    t.same(namesOf(await limited('/Observation?_id=kinds-yes,kinds-no')), ['Observation/kinds-yes'], query)
    t.equal((await limited('/Observation/kinds-yes/_history/1')).status, 200, query)
    t.equal((await limited('/Observation/kinds-no/_history/1')).status, 404, query)
  }
})

t.test('it creates what is within its scope, and nothing else', async t => {
  verifies('smart-2.2', 'SAL-1014')
  t.equal((await lab('/Observation', { method: 'POST', body: of('x', 'laboratory') })).status, 201)
  t.equal((await lab(...put(of('create-in', 'laboratory')))).status, 201)
  const before = await storedVersions(s.pool)
  for (const category of ['vital-signs', undefined]) {
    const refused = await lab('/Observation', { method: 'POST', body: of('x', category) })
    t.equal(refused.status, 403)
    t.match(refused.headers['www-authenticate'], 'error="insufficient_scope", scope="system/Observation.c"')
    t.equal((await lab(...put(of('create-out', category)))).status, 403)
  }
  t.same(await storedVersions(s.pool), before)
})

t.test('it updates and patches what is within its scope, and only to what is', async t => {
  verifies('smart-2.2', 'SAL-1014')
  const [inside, outside, none] = await three('update')
  t.equal((await lab(...put(of(inside, 'laboratory', { status: 'amended' })))).status, 200)
  t.equal((await lab(`/Observation/${inside}`, patchCode('laboratory'))).status, 200)
  const before = await storedVersions(s.pool)
  const moved = await lab(...put(of(inside, 'vital-signs')))
  t.equal(moved.status, 403, 'not out of it')
  t.match(moved.text, 'What this would make of Observation/update-in is not within the scopes')
  t.equal((await lab(`/Observation/${inside}`, patchCode('vital-signs'))).status, 403)
  const taken = await lab(...put(of(outside, 'laboratory')))
  t.equal(taken.status, 403, 'not into it')
  t.match(taken.headers['www-authenticate'], 'scope="system/Observation.u"')
  t.equal((await lab(...put(of(none, 'laboratory')))).status, 403)
  const patched = await lab(`/Observation/${outside}`, patchCode('laboratory'))
  const absent = await lab('/Observation/update-nil', patchCode('laboratory'))
  t.equal(patched.status, 404)
  t.equal(patched.text.replaceAll(outside, 'update-nil'), absent.text, 'as if it were not there')
  t.same(await storedVersions(s.pool), before)
})

t.test('it deletes what is within its scope, and what is not stays as if it were not there', async t => {
  verifies('smart-2.2', 'SAL-1014')
  const [inside, outside, none] = await three('delete')
  for (const id of [outside, none]) {
    t.equal((await lab(`/Observation/${id}`, { method: 'DELETE' })).status, 204)
    t.equal((await lab(`/Observation/${id}`, { method: 'DELETE', headers: { 'if-match': 'W/"1"' } })).status, 412)
    t.equal((await engine(`/Observation/${id}`)).status, 200)
  }
  t.equal((await lab(`/Observation/${inside}`, { method: 'DELETE' })).status, 204)
  t.equal((await engine(`/Observation/${inside}`)).status, 410)
})

t.test('conditions of its writes are about what is within its scope', async t => {
  verifies('smart-2.2', 'SAL-1013', 'SAL-1014')
  const [inside, outside] = await three('condition')
  const ifNone = (value: string): Sent => ({
    method: 'POST',
    body: of('x', 'laboratory', identifier(value)),
    headers: { 'if-none-exist': `identifier=http://example.org/id|${value}` },
  })
  t.equal((await lab('/Observation', ifNone(inside))).status, 200)
  const made = await lab('/Observation', ifNone(outside))
  t.equal(made.status, 201, 'it is not told of the other one')
  t.notMatch(made.text, 'vital-signs')
  const query = `identifier=http://example.org/id|${await three('delete-condition').then(([, id]) => id)}`
  t.equal((await lab(`/Observation?${query}`, { method: 'DELETE' })).status, 204)
  t.equal((await engine('/Observation/delete-condition-out')).status, 200)
  t.equal((await lab(`/Observation?${query}`, patchCode('laboratory'))).status, 404)
})

t.test('a transaction with one write outside of its scope writes nothing, and says which', async t => {
  verifies('smart-2.2', 'SAL-130', 'SAL-1014')
  const [inside, outside] = await three('bundle')
  const before = await storedVersions(s.pool)
  const entry = (resource: Json): Json => ({ resource, request: { method: 'PUT', url: `Observation/${resource.id}` } })
  for (const wrong of [of(inside, 'vital-signs'), of('bundle-new'), of(outside, 'laboratory')]) {
    const reply = await lab(...transaction(entry(of('bundle-fine', 'laboratory')), entry(wrong)))
    t.equal(reply.status, 403)
    t.match(reply.text, 'Bundle.entry[1]')
  }
  t.same(await storedVersions(s.pool), before)
  t.equal((await lab(...transaction(entry(of('bundle-fine', 'laboratory'))))).status, 200)
})

t.test('labels of what is outside of its scope cannot be changed, nor those that keep a resource within', async t => {
  verifies('smart-2.2', 'SAL-1014')
  const tagged = await app('system/Observation.cruds?_tag=http://example.org|open')
  const meta = { tag: [{ system: 'http://example.org', code: 'open' }] }
  await store(engine, [of('labels-in', undefined, { meta }), of('labels-out')])
  const change = (name: string): Sent => ({
    method: 'POST',
    body: { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: meta }] },
    headers: { 'x-name': name },
  })
  const before = await storedVersions(s.pool)
  t.equal((await tagged('/Observation/labels-out/$meta-add', change('add'))).status, 404)
  t.equal((await tagged('/Observation/labels-in/$meta-delete', change('delete'))).status, 403)
  t.same(await storedVersions(s.pool), before)
})

t.test('who may change what it may not read learns by a patch nothing of what is there', async t => {
  verifies('smart-2.2', 'SAL-1014')
  const [inside, outside] = await three('unread')
  const secret = 'seen-by-readers-only'
  await engine(...put(of(outside, 'vital-signs', { note: [{ text: secret }] })))
  const nothing = { resourceType: 'Parameters' }
  const move = [{ op: 'move', from: '/note/0/text', path: '/status' }]
  const json = { 'content-type': 'application/json-patch+json' }
  const send = (body: unknown, headers: Record<string, string> = {}): Sent => ({ method: 'PATCH', body, headers })
  const tries = [
    send([], json),
    send(nothing),
    send(move, json),
    send([], { ...json, prefer: 'return=representation' }),
  ]
  const ofBundle = (prefer: string): [string, Sent] => {
    const [path, sent] = transaction({
      resource: nothing,
      request: { method: 'PATCH', url: `Observation/${outside}` },
    })
    return [path, { ...sent, headers: { prefer } }]
  }
  const changes = await app('system/Observation.u')
  const readsLaboratory = await app(`system/Observation.u system/Observation.rs?category=${SYSTEM}|laboratory`)
  for (const limited of [changes, readsLaboratory]) {
    const replies = [
      ...(await Promise.all(tries.map(each => limited(`/Observation/${outside}`, each)))),
      await limited(...ofBundle('return=representation')),
    ]
    t.same(
      replies.map(({ status }) => status),
      [200, 200, 422, 200, 200],
    )
    for (const { text } of replies) t.notMatch(text, new RegExp(`${secret}|vital-signs`))
  }
  t.match((await readsLaboratory(`/Observation/${inside}`, send([], json))).text, 'laboratory', 'what it may read')
  t.match(
    (await engine(`/Observation/${outside}`, send(move, json))).text,
    secret,
    'who may read is told what is wrong',
  )
})

t.test('a conditional reference finds what a search would, and needs the scope for one', async t => {
  const of = (reference: string): Json => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    category: [{ coding: [{ system: SYSTEM, code: 'laboratory' }] }],
    derivedFrom: [{ reference }],
  })
  const post = (resource: Json): [string, Sent] => ['/Observation', { method: 'POST', body: resource }]
  const [inside, outside] = await three('linked')
  const to = (value: string, type = 'Observation') => post(of(`${type}?identifier=http://example.org/id|${value}`))
  const found = await lab(...to(inside))
  t.equal(found.status, 201)
  t.match(found.text, `Observation/${inside}`)
  const hidden = await lab(...to(outside))
  t.equal(hidden.status, 400)
  t.equal(hidden.text.replaceAll(outside, 'nobody'), (await lab(...to('nobody'))).text, 'as if it were not there')
  const creates = await app('system/Observation.c')
  for (const value of [inside, 'nobody']) {
    const refused = await creates(...to(value))
    t.equal(refused.status, 403)
    t.match(refused.headers['www-authenticate'], 'scope="system/Observation.s"')
    t.match(refused.text, 'Observation.derivedFrom')
  }
  t.equal((await engine(...to(outside))).status, 201)
})
