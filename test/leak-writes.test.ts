// A patient's app writes nothing, and learns from no refusal whether what it named is there.
import t from 'tap'
import { definitions } from '../src/resources/index.ts'
import { client, entriesOf, inTurn, type Reply, type Sent } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { storedVersions } from './support/stored.ts'
import { patientToken } from './support/token.ts'
import { CANARY, canaryId, NOBODY, twoPatients } from './support/two-patients.ts'

const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const { alice, victim } = await twoPatients(s)
const types = [...definitions.keys()]

type Write = { method: string; url: string; resource?: unknown; ifNoneExist?: string; ifMatch?: string }

/** A FHIRPath Patch, which is a resource too. */
const PATCH = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Resource.language' },
        { name: 'value', valueCode: 'cy' },
      ],
    },
  ],
}

const own = (type: string) => (type === 'Patient' ? 'alice' : `a-${type}`)

/** Every way to write a resource of a type, of hers, of somebody else's and of nobody's. */
function writesOf(type: string): Write[] {
  const resource = (id: string) => giveTo(minimal(type, id), 'alice')
  const ids = [own(type), canaryId(type), `${NOBODY}-${type}`, 'brand-new']
  return [
    { method: 'POST', url: type, resource: resource('ignored') },
    { method: 'POST', url: type, resource: resource('ignored'), ifNoneExist: `identifier=http://x|${CANARY}` },
    { method: 'POST', url: type, resource: resource('ignored'), ifNoneExist: `_id=${canaryId(type)}` },
    { method: 'PUT', url: `${type}?_id=${canaryId(type)}`, resource: minimal(type) },
    { method: 'PUT', url: `${type}?_id=${NOBODY}`, resource: minimal(type) },
    ...ids.map(id => ({ method: 'PUT', url: `${type}/${id}`, resource: resource(id) })),
    ...ids.map(id => ({ method: 'PUT', url: `${type}/${id}`, resource: resource(id), ifMatch: 'W/"2"' })),
    ...ids.map(id => ({ method: 'PATCH', url: `${type}/${id}`, resource: PATCH })),
    { method: 'PATCH', url: `${type}?_id=${canaryId(type)}`, resource: PATCH },
    { method: 'DELETE', url: `${type}?_id=${canaryId(type)}` },
    ...ids.map(id => ({ method: 'DELETE', url: `${type}/${id}` })),
    ...ids.map(id => ({ method: 'DELETE', url: `${type}/${id}`, ifMatch: 'W/"7"' })),
  ]
}

function sentOf({ method, resource, ifNoneExist, ifMatch }: Write): Sent {
  const headers = {
    ...(ifNoneExist === undefined ? {} : { 'if-none-exist': ifNoneExist }),
    ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
  }
  return { method, headers, ...(resource === undefined ? {} : { body: resource }) }
}

const bundleOf = (type: string, writes: readonly Write[]): Sent => ({
  method: 'POST',
  body: {
    resourceType: 'Bundle',
    type,
    entry: writes.map(({ resource, ...request }) => ({ ...(resource ? { resource } : {}), request })),
  },
})

const isRefusal = ({ status, json }: Reply): boolean => status === 403 && json.resourceType === 'OperationOutcome'

/** What a refusal says, but for what was asked. */
const said = ({ text }: Reply): string => text.replaceAll(CANARY, NOBODY)

t.test('each kind of write is refused with 403, and nothing is written', async t => {
  const before = await storedVersions(s.pool)
  const wrong: string[] = []
  await inTurn([...types.flatMap(writesOf).entries()], async ([index, write]) => {
    const replies = [await alice(`/${write.url}`, sentOf(write))]
    if (index % 3 === 0) replies.push(await alice('/', bundleOf('transaction', [write])))
    for (const reply of replies)
      if (!isRefusal(reply)) wrong.push(`${write.method} ${write.url}: ${reply.status} ${reply.text.slice(0, 200)}`)
  })
  t.same(wrong, [])
  t.same(await storedVersions(s.pool), before)
})

t.test('what is refused is refused in the same words, whether it is there or not', async t => {
  for (const type of types)
    for (const method of ['PUT', 'DELETE']) {
      const ask = (id: string) =>
        alice(`/${type}/${id}`, { method, ...(method === 'PUT' ? { body: minimal(type, id) } : {}) })
      t.equal(
        said(await ask(canaryId(type))),
        said(await ask(canaryId(type).replace(CANARY, NOBODY))),
        `${method} ${type}`,
      )
    }
})

t.test('a batch of writes comes back with a refusal for each, and writes nothing', async t => {
  const before = await storedVersions(s.pool)
  const writes = types.flatMap(writesOf)
  const reply = await alice('/', bundleOf('batch', writes))
  const statuses = (entriesOf(reply) as unknown as { response: { status: string } }[]).map(each => each.response.status)
  t.equal(statuses.length, writes.length)
  t.same(
    statuses.filter(status => !status.startsWith('403')),
    [],
  )
  t.same(await storedVersions(s.pool), before)
})

t.test('a transaction that reads, and writes one thing, writes nothing and shows nothing', async t => {
  const before = await storedVersions(s.pool)
  const reads = ['Patient/alice', 'Observation?_count=1'].map(url => ({ method: 'GET', url }))
  const reply = await alice('/', bundleOf('transaction', [...reads, ...writesOf('Observation').slice(0, 1)]))
  t.ok(isRefusal(reply), reply.text.slice(0, 200))
  t.equal(reply.json.entry, undefined)
  t.same(await storedVersions(s.pool), before)
})

t.test('the word system/ in the scope of a patient’s token opens nothing, user/ nothing of others', async t => {
  const app = client(s, await patientToken(s, 'alice', 'system/*.cruds'))
  const before = await storedVersions(s.pool)
  for (const path of ['/Patient/alice', '/Observation', `/Observation/${canaryId('Observation')}`])
    t.equal((await app(path)).status, 403, path)
  const user = client(s, await patientToken(s, 'alice', 'user/*.cruds system/*.cruds'))
  t.equal((await user('/Patient/alice')).status, 200)
  t.equal((await user(`/Observation/${canaryId('Observation')}`)).status, 404)
  t.equal((await user('/Observation', { method: 'POST', body: minimal('Observation') })).status, 403)
  t.equal((await app('/Observation', { method: 'POST', body: minimal('Observation') })).status, 403)
  t.same(await storedVersions(s.pool), before)
  t.equal((await victim(`/Observation/${canaryId('Observation')}`)).status, 200, 'it is there')
})
