// Batches and transactions: https://hl7.org/fhir/R4/http.html#transaction
import t, { type Test } from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, type Reply, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { auditLines, storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const SYSTEM = 'http://example.org/numbers'
const URN = 'urn:uuid:c757873d-ec9a-4326-a141-556f4323952'

type Entry = { resource?: unknown; fullUrl?: string; request?: unknown }
type Answered = {
  resource?: Json
  response: { status: string; location?: string; etag?: string; lastModified?: string; outcome?: Json }
}

const submit = (type: string, entry: unknown, headers = {}): Promise<Reply> =>
  engine('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry }, headers })
const answered = ({ json }: Reply): Answered[] => (json.entry ?? []) as Answered[]
const statuses = (reply: Reply): string[] => answered(reply).map(({ response }) => response.status.slice(0, 3))

const patient = (id: string, more: Json = {}): Json => ({ resourceType: 'Patient', id, ...more })
const put = (resource: Json): Entry => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
})
const post = (resource: Json, more: Json = {}): Entry => ({
  resource,
  request: { method: 'POST', url: resource.resourceType, ...more },
})
const get = (url: string): Entry => ({ request: { method: 'GET', url } })
const remove = (url: string): Entry => ({ request: { method: 'DELETE', url } })
const observation = (subject: string): Json => ({
  resourceType: 'Observation',
  status: 'final',
  code: { text: 'x' },
  subject: { reference: subject },
})

/** Sixteen good entries before what is tried, and one after it. */
const seventeenth = (tried: unknown): unknown[] => [
  ...Array.from({ length: 16 }, (_, index) =>
    put(patient(`good-${index}`, { identifier: [{ system: SYSTEM, value: `g-${index}` }] })),
  ),
  tried,
  post(observation('Patient/good-1')),
]

async function isRefusedWhole(t: Test, tried: unknown, status: number, place: string): Promise<void> {
  const before = await storedVersions(s.pool)
  const beside = async () => (await s.pool.query('select count(*)::int as n from search_string')).rows[0] as unknown
  const strings = await beside()
  const reply = await submit('transaction', seventeenth(tried))
  t.equal(reply.status, status, `${JSON.stringify(tried).slice(0, 120)} ${reply.text.slice(0, 300)}`)
  t.equal(reply.json.resourceType, 'OperationOutcome')
  const [issue] = reply.json.issue as { expression?: string[] }[]
  t.match(issue?.expression?.[0], place, 'it says which entry, and where in it')
  t.same(await storedVersions(s.pool), before, 'nothing is written')
  t.same(await beside(), strings)
}

t.test('a transaction whose 17th entry is wrong is refused with its place, and nothing of it is written', async t => {
  verifies('fhir-rest', 'REST-41')
  await store(
    engine,
    ['twin-1', 'twin-2'].map(id => patient(id, { identifier: [{ system: SYSTEM, value: 'twin' }] })),
  )
  const place = 'Bundle.entry[16]'
  const inside = `${place}.resource.ofType(Patient)`
  const wrong: [tried: unknown, status: number, place: string][] = [
    [put(patient('x', { birthDate: 'yesterday' })), 422, `${inside}.birthDate`],
    [put(patient('x', { birthdate: '2000' })), 400, `${inside}.birthdate`],
    [put(patient('x', { name: [{ given: ['a', 5] }] })), 422, `${inside}.name[0].given[1]`],
    [{ resource: patient('y'), request: { method: 'PUT', url: 'Patient/x' } }, 400, `${inside}.id`],
    [{ resource: patient('x'), request: { method: 'PUT', url: 'Observation/x' } }, 400, place],
    [{ request: { method: 'PUT', url: 'Patient/x' } }, 400, place],
    [{ resource: patient('x') }, 400, `${place}.request.method`],
    [{ resource: patient('x'), request: { method: 'PUT' } }, 400, `${place}.request.url`],
    [{ resource: patient('x'), request: { method: 'FETCH', url: 'Patient/x' } }, 400, `${place}.request.method`],
    [
      { resource: patient('x'), request: { method: 'PUT', url: 'http://elsewhere.example/Patient/x' } },
      400,
      `${place}.request.url`,
    ],
    [{ resource: patient('x'), request: { method: 'POST', url: 'Patient/x' } }, 400, `${place}.request.url`],
    [put({ resourceType: 'Claim', id: 'x' }), 400, place],
    [{ resource: patient('twin-1'), request: { method: 'PUT', url: 'Patient/twin-1', ifMatch: 'W/"7"' } }, 412, place],
    [{ resource: patient('twin-1'), request: { method: 'PUT', url: 'Patient/twin-1', ifNoneMatch: '*' } }, 412, place],
    [post(patient('x'), { ifNoneExist: `identifier=${SYSTEM}|twin` }), 412, place],
    [post(patient('x'), { ifNoneExist: 'nonsense=1' }), 400, place],
    [post(observation(`Patient?identifier=${SYSTEM}|nobody`)), 400, `${place}.resource.ofType(Observation).subject`],
    [post(observation(`Patient?identifier=${SYSTEM}|twin`)), 412, `${place}.resource.ofType(Observation).subject`],
    [get('Patient/nobody'), 404, place],
    ['not an entry', 400, place],
    [null, 400, place],
  ]
  for (const [tried, status, where] of wrong) await isRefusedWhole(t, tried, status, where)
  t.equal((await submit('transaction', seventeenth(put(patient('x'))))).status, 200, 'and goes in when it is right')
})

t.test('all entries that are wrong are named at once', async t => {
  const reply = await submit('transaction', [
    put(patient('a', { birthDate: 'x' })),
    put(patient('b')),
    put(patient('c', { gender: 'x' })),
  ])
  const places = (reply.json.issue as { expression: string[] }[]).map(({ expression }) => expression[0])
  t.same(places, [
    'Bundle.entry[0].resource.ofType(Patient).birthDate',
    'Bundle.entry[2].resource.ofType(Patient).gender',
  ])
})

t.test('a transaction may write each resource once', async t => {
  const query = `identifier=${SYSTEM}|once`
  const one = patient('once', { identifier: [{ system: SYSTEM, value: 'once' }] })
  const twice = [
    [put(one), put(one)],
    [put(one), remove('Patient/once')],
    [post(one, { ifNoneExist: query }), post(one, { ifNoneExist: query })],
    [post(one, { ifNoneExist: query }), { resource: one, request: { method: 'PUT', url: `Patient?${query}` } }],
  ]
  for (const entries of twice) {
    const before = await storedVersions(s.pool)
    const reply = await submit('transaction', entries)
    t.equal(reply.status, 400, reply.text.slice(0, 200))
    t.match(reply.text, 'Bundle.entry[1]')
    t.match(reply.text, 'Bundle.entry[0]')
    t.same(await storedVersions(s.pool), before)
  }
})

t.test('what two entries name by the same identifier is one resource, named twice, and not several', async t => {
  const query = `identifier=${SYSTEM}|there`
  const one = patient('there', { identifier: [{ system: SYSTEM, value: 'there' }] })
  await store(engine, [one])
  const twice = [
    [post(one, { ifNoneExist: query }), post(one, { ifNoneExist: query })],
    [remove(`Patient?${query}`), remove(`Patient?${query}`)],
    [post(one, { ifNoneExist: query }), put(one)],
  ]
  for (const entries of twice) {
    const reply = await submit('transaction', entries)
    t.equal(reply.status, 400, reply.text.slice(0, 200))
    t.match(reply.text, 'names the same Patient as Bundle.entry[0]')
  }
})

t.test('entries are done in the order DELETE, POST, PUT, GET and answered in their own', async t => {
  verifies('fhir-rest', 'REST-40', 'REST-42')
  await store(engine, [patient('goes'), patient('changes')])
  const reply = await submit('transaction', [
    get('Patient/goes/_history'),
    get('Patient?_id=changes,goes,comes'),
    get('Patient/changes'),
    put(patient('changes', { active: true })),
    post(patient('ignored')),
    put(patient('comes')),
    remove('Patient/goes'),
  ])
  t.same(statuses(reply), ['200', '200', '200', '200', '201', '201', '204'])
  const [history, list, read, changed, made] = answered(reply)
  const entriesOf = (one?: Answered) => (one?.resource?.entry ?? []) as { resource: Json }[]
  t.equal(entriesOf(history).length, 2, 'the delete is in the history')
  t.same(
    entriesOf(list)
      .map(({ resource }) => resource.id)
      .sort(),
    ['changes', 'comes'],
  )
  t.equal(read?.resource?.active, true)
  t.match(changed?.response, { etag: 'W/"2"', location: /Patient\/changes\/_history\/2$/ })
  t.match(made?.response.location, /Patient\/[a-z0-9]{26}\/_history\/1$/)
  t.ok(!Number.isNaN(Date.parse(made?.response.lastModified ?? '')))
})

t.test('links between entries become links between resources, wherever they stand', async t => {
  verifies('fhir-rest', 'REST-43')
  const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${URN}1">her</a></div>`
  const reply = await submit('transaction', [
    {
      fullUrl: `${URN}2`,
      ...post({ ...observation(`${URN}1`), text: { status: 'generated', div }, hasMember: [{ reference: `${URN}3` }] }),
    },
    { fullUrl: `${URN}1`, ...post(patient('x', { link: [{ other: { reference: `${URN}1` }, type: 'seealso' }] })) },
    {
      fullUrl: `${URN}3`,
      ...post({ ...observation(`${URN}1`), extension: [{ url: 'http://x', valueUri: `${URN}2` }] }),
    },
  ])
  t.equal(reply.status, 200, reply.text.slice(0, 300))
  const [first = '', her = '', third = ''] = answered(reply).map(({ response }) =>
    String(response.location).split('/_history')[0]?.replace(`${s.baseUrl}/fhir/`, ''),
  )
  const observed = (await engine(`/${first}`)).json as { subject: Json; hasMember: Json[]; text: { div: string } }
  t.same(observed.subject, { reference: her })
  t.same(observed.hasMember, [{ reference: third }])
  t.match(observed.text.div, `href="${her}"`)
  t.match((await engine(`/${her}`)).text, `"other":{"reference":"${her}"}`, 'to itself too')
  t.match((await engine(`/${third}`)).text, `"valueUri":"${first}"`)
})

t.test('a conditional reference is to what is stored, or to what comes along', async t => {
  verifies('fhir-rest', 'REST-43')
  await store(engine, [patient('stored', { identifier: [{ system: SYSTEM, value: 'stored' }] })])
  const along = patient('x', { identifier: [{ system: SYSTEM, value: 'along' }] })
  const reply = await submit('transaction', [
    post(observation(`Patient?identifier=${SYSTEM}|stored`)),
    post(observation(`Patient?identifier=${SYSTEM}|along`)),
    post(along, { ifNoneExist: `identifier=${SYSTEM}|along` }),
  ])
  const [one = '', two = '', made = ''] = answered(reply).map(
    ({ response }) => /[A-Z][A-Za-z]+\/[^/]+(?=\/_history)/.exec(String(response.location))?.[0],
  )
  t.equal(((await engine(`/${one}`)).json.subject as Json).reference, 'Patient/stored')
  t.equal(((await engine(`/${two}`)).json.subject as Json).reference, made)
})

t.test('a batch does each entry for itself', async t => {
  verifies('fhir-rest', 'REST-40', 'REST-44')
  const reply = await submit('batch', [
    put(patient('batch-1')),
    put(patient('batch-2', { birthDate: 'x' })),
    get('Patient/nobody'),
    put({ resourceType: 'Claim', id: 'x' }),
    { request: { method: 'FETCH', url: 'Patient' } },
    'nonsense',
    { resource: patient('batch-1'), request: { method: 'PUT', url: 'Patient/batch-1', ifMatch: 'W/"9"' } },
    post(patient('x')),
    get('Patient?birthdate=x'),
    remove('Patient/batch-1'),
    get('Patient/batch-1'),
  ])
  t.equal(reply.status, 200)
  t.equal(reply.json.type, 'batch-response')
  t.same(statuses(reply), ['201', '422', '404', '404', '400', '400', '412', '201', '400', '204', '410'])
  for (const { response } of answered(reply))
    t.equal(response.status < '400', response.outcome === undefined, `${response.status} has its reasons`)
})

t.test('what is no batch and no transaction is refused', async t => {
  const wrong: unknown[] = [
    patient('x'),
    { resourceType: 'Bundle' },
    ...['searchset', 'collection', 'x', 5].map(type => ({ resourceType: 'Bundle', type })),
  ]
  for (const body of wrong) t.equal((await engine('/', { method: 'POST', body })).status, 400, JSON.stringify(body))
  t.equal((await submit('transaction', {})).status, 400)
  t.equal((await submit('transaction', 'x')).status, 400)
  t.equal((await submit('batch', 'x')).status, 400)
})

t.test('Prefer: return says whether the resources come back', async t => {
  verifies('fhir-rest', 'REST-22')
  const entry = [post(patient('x', { active: true }))]
  const whole = await submit('transaction', entry, { prefer: 'return=representation' })
  t.equal(answered(whole)[0]?.resource?.active, true)
  t.equal(answered(await submit('transaction', entry, { prefer: 'return=minimal' }))[0]?.resource, undefined)
})

t.test('each write of a bundle has its line in the audit record, and a refused bundle has none of a write', async t => {
  const written = async () => (await auditLines(s.pool)).filter(line => line[2] === 'update').map(line => line[3])
  const before = await written()
  await submit('transaction', [put(patient('audited-1')), put(patient('audited-2'))])
  t.same((await written()).slice(before.length), ['Patient/audited-1', 'Patient/audited-2'])
  await submit('transaction', [put(patient('audited-3')), put(patient('audited-4', { gender: 'x' }))])
  t.equal((await written()).length, before.length + 2)
})
