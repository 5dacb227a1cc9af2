import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { saveClientSetting } from '../../src/store/clients.ts'
import { client, entriesOf, type Reply } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, token } from '../support/token.ts'

const s = await server(t, { variables: { PORTICO_MAX_BUNDLE_ENTRIES: '2000' } })
const engine = client(s, await engineToken(s))

type Response = { status: string; location?: string; etag?: string; lastModified?: string; outcome?: Json }
const answersOf = (reply: Reply) => entriesOf(reply) as unknown as { resource?: Json; response: Response }[]
const statusesOf = (reply: Reply) => answersOf(reply).map(({ response }) => response.status.slice(0, 3))

const send = (type: string, entry: Json[], headers: Record<string, string> = {}) =>
  engine('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry }, headers })

const patient = (id: string, more: Json = {}): Json => ({ resourceType: 'Patient', id, ...more })
const put = (id: string, more: Json = {}): Json => ({
  resource: patient(id, more),
  request: { method: 'PUT', url: `Patient/${id}` },
})
const get = (url: string, more: Json = {}): Json => ({ request: { method: 'GET', url, ...more } })

t.test('Prefer says how much comes back of each entry, in batches as in transactions', async t => {
  for (const type of ['batch', 'transaction']) {
    const ask = async (prefer?: string) =>
      answersOf(await send(type, [put(`preferred-${type}`)], prefer === undefined ? {} : { prefer }))[0]
    for (const prefer of [undefined, 'return=minimal', 'Return="minimal"', 'return=nonsense', 'handling=lenient']) {
      const answer = await ask(prefer)
      t.equal(answer?.resource, undefined, `${type} ${prefer}`)
      t.match(answer?.response, { etag: 'W/"1"', lastModified: /Z$/ })
    }
    t.match(await ask('return=representation'), { resource: { id: `preferred-${type}` } })
    const told = await ask('return=OperationOutcome')
    t.equal(told?.resource, undefined)
    t.match(told?.response.outcome, { issue: [{ severity: 'information' }] })
  }
})

t.test('every entry that writes is told the version that it made, by its address below the base', async t => {
  for (const type of ['batch', 'transaction']) {
    const id = `told-${type}`
    const by = (method: string, more: Json = {}): Json => ({ request: { method, url: `Patient/${id}` }, ...more })
    const path = { name: 'path', valueString: 'Patient.active' }
    const part = [{ name: 'type', valueCode: 'delete' }, path]
    const patch = { resourceType: 'Parameters', parameter: [{ name: 'operation', part }] }
    const writes = [
      put(id, { active: true }),
      put(id, { active: false }),
      by('PATCH', { resource: patch }),
      by('DELETE'),
    ]
    const locations: (string | undefined)[] = []
    for (const write of writes)
      locations.push(answersOf(await send(type, [write, get(`Patient?_id=${id}`)]))[0]?.response.location)
    t.same(
      locations,
      ['1', '2', '3', '4'].map(version => `Patient/${id}/_history/${version}`),
      type,
    )
    const made = { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } }
    const [posted, read] = answersOf(await send(type, [made, get('Patient?_count=1')]))
    t.match(posted?.response.location, /^Patient\/[^/]+\/_history\/1$/, type)
    t.equal(read?.response.location, undefined, type)
  }
})

t.test('a url may be absolute, of the base alone too', async t => {
  const base = `${s.baseUrl}/fhir`
  for (const url of [`${base}/Patient?_count=1`, `${base}?_type=Patient&_count=1`, `${base}/?_type=Patient`, base])
    t.same(statusesOf(await send('batch', [get(url)])), ['200'], url)
  for (const url of [`${base}x/Patient`, `${base.replace('fhir', 'other')}/Patient`, 'http://elsewhere.example/fhir'])
    t.same(statusesOf(await send('batch', [get(url)])), ['404'], url)
})

t.test('a client that lets types be skipped that are not served is told of those that FHIR does not have', async t => {
  const skipping = client(s, await token(s, { sub: 'skipping', scope: 'system/*.cruds' }))
  await saveClientSetting(s.pool, 'skipping', 'skip')
  const ask = (type: string, url: string) => {
    const entry = [{ resource: { resourceType: url }, request: { method: 'POST', url } }]
    return skipping('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry } })
  }
  t.same(statusesOf(await ask('batch', 'Basic')), ['200'])
  t.same(statusesOf(await ask('batch', 'Pateint')), ['404'])
  t.equal((await ask('transaction', 'Basic')).status, 200)
  const refused = await ask('transaction', 'Pateint')
  t.equal(refused.status, 400)
  t.match(refused.text, 'Pateint is not served here')
})

t.test('the entries of a batch are answered in their order, each for itself', async t => {
  const entries = Array.from({ length: 40 }, (_, index): Json[] => [
    put(`many-${index}`, { active: true }),
    get(`Patient/many-${index}`),
    get(`Patient/none-${index}`),
    { request: { method: 'GET', url: '' } },
  ]).flat()
  const answers = answersOf(await send('batch', entries))
  t.equal(answers.length, entries.length)
  for (let index = 0; index < 40; index++) {
    const four = answers.slice(index * 4, index * 4 + 4)
    t.same(
      four.map(({ response }) => response.status.slice(0, 3)),
      ['201', '200', '404', '400'],
    )
    t.equal(four[1]?.resource?.id, `many-${index}`)
    t.match(four[2]?.response.outcome, { issue: [{ diagnostics: new RegExp(`none-${index}$`) }] })
  }
})

t.test('entries of a batch that write the same follow each other', async t => {
  const writes = ['a', 'b', 'c', 'd', 'e'].map(family => put('same', { name: [{ family }] }))
  t.same(statusesOf(await send('batch', writes)), ['201', '200', '200', '200', '200'])
  t.match((await engine('/Patient/same')).json, { meta: { versionId: '5' }, name: [{ family: 'e' }] })
  const identifier = [{ system: 'http://x', value: 'once' }]
  const make = {
    resource: { resourceType: 'Patient', identifier },
    request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=http://x|once' },
  }
  t.same(statusesOf(await send('batch', [make, make, make])), ['201', '200', '200'])
})

t.test('what a later entry of a batch asks for, an earlier one has written', async t => {
  const read = get('Patient/just-now')
  const drop = { request: { method: 'DELETE', url: 'Patient/just-now' } }
  t.same(statusesOf(await send('batch', [read, put('just-now'), read, drop, read])), [
    '404',
    '201',
    '200',
    '204',
    '410',
  ])
})

t.test('conditions of reads hold within entries, and HEAD brings no body', async t => {
  await engine('/Patient/known', { method: 'PUT', body: patient('known') })
  const entries = [
    get('Patient/known', { ifNoneMatch: 'W/"1"' }),
    get('Patient/known', { ifNoneMatch: 'W/"2"' }),
    { request: { method: 'HEAD', url: 'Patient/known' } },
  ]
  for (const type of ['batch', 'transaction']) {
    const answers = answersOf(await send(type, entries))
    t.same(
      answers.map(({ response }) => response.status.slice(0, 3)),
      ['304', '200', '200'],
      type,
    )
    t.same(
      answers.map(({ resource }) => resource?.id),
      [undefined, 'known', undefined],
      type,
    )
  }
})

t.test('a refusal within a batch is recorded', async t => {
  const reader = client(s, await engineToken(s, 'system/Patient.rs'))
  const body = { resourceType: 'Bundle', type: 'batch', entry: [put('refused')] }
  t.same(statusesOf(await reader('/', { method: 'POST', body })), ['403'])
  const { rows } = await s.pool.query("select from audit_raw where lines like '%Patient/refused%403%'")
  t.equal(rows.length, 1)
})

t.test('a transaction that loses a race begins again with what was sent', async t => {
  const identifier = (value: string) => [{ system: 'http://x', value }]
  const family = (value: string) => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        fullUrl: 'urn:uuid:0d3c5f0e-6ddd-4e6e-8d8c-5a2ff1f1c5a1',
        resource: { resourceType: 'Patient', identifier: identifier(value) },
        request: { method: 'PUT', url: `Patient?identifier=http://x|${value}` },
      },
      {
        resource: {
          resourceType: 'Observation',
          identifier: identifier(`${value}-result`),
          status: 'final',
          code: { text: 'x' },
          subject: { reference: 'urn:uuid:0d3c5f0e-6ddd-4e6e-8d8c-5a2ff1f1c5a1' },
        },
        request: { method: 'PUT', url: `Observation?identifier=http://x|${value}-result` },
      },
    ],
  })
  const replies = await Promise.all(
    Array.from({ length: 12 }, (_, index) => engine('/', { method: 'POST', body: family(`race-${index % 2}`) })),
  )
  t.same([...new Set(replies.map(({ status }) => status))], [200])
  for (const value of ['race-0', 'race-1']) {
    const [found, ...others] = entriesOf(await engine(`/Observation?identifier=http://x|${value}-result`))
    t.same(others, [])
    const [her, ...twins] = entriesOf(await engine(`/Patient?identifier=http://x|${value}`))
    t.same(twins, [])
    t.same(found?.resource.subject, { reference: `Patient/${her?.resource.id}` })
  }
})

t.test('a Bundle of 2,000 entries works, and one more than that is refused before anything is done', async t => {
  const entries = Array.from({ length: 2001 }, (_, index) => put(`large-${index}`, { name: [{ family: `F${index}` }] }))
  for (const type of ['batch', 'transaction']) {
    const refused = await send(type, entries)
    t.equal(refused.status, 413)
    t.match(refused.json, {
      resourceType: 'OperationOutcome',
      issue: [{ code: 'too-long', expression: ['Bundle.entry'] }],
    })
  }
  t.equal((await engine('/Patient/large-0')).status, 404)
  const reply = await send('transaction', entries.slice(0, 2000))
  t.equal(reply.status, 200, reply.text.slice(0, 300))
  t.equal(answersOf(reply).length, 2000)
  t.equal((await engine('/Patient?family=F1999')).json.total, 1)
})

t.test('a resource of 5 MB works', async t => {
  const data = Buffer.alloc(5 * 1024 * 1024 * 0.75, 7).toString('base64')
  const resource = { resourceType: 'Binary', id: 'large', contentType: 'application/pdf', data }
  t.equal((await engine('/Binary/large', { method: 'PUT', body: resource })).status, 201)
  t.equal((await engine('/Binary/large')).json.data, data)
  t.equal((await send('transaction', [{ resource, request: { method: 'PUT', url: 'Binary/large' } }])).status, 200)
})
