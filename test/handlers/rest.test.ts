// Rules of the RESTful API that no other test is about: formats, links, counting, cross-origin requests.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, entriesOf, linkOf, namesOf, type Reply, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const token = await engineToken(s)
const engine = client(s, token)
const observation = (id: string, more: Json = {}): Json => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { text: id },
  subject: { reference: 'Patient/alice' },
  ...more,
})
await store(engine, [
  { resourceType: 'Patient', id: 'alice', active: true, name: [{ family: 'Archer' }] },
  { resourceType: 'Practitioner', id: 'dr-shah' },
  ...['a', 'b', 'c'].map(id => observation(id, { performer: [{ reference: 'Practitioner/dr-shah' }] })),
])
const alice = client(s, await patientToken(s, 'alice'))
const typeOf = ({ headers }: Reply) => headers['content-type']

t.test('JSON comes by the name that the client asks for, _format before Accept', async t => {
  verifies('fhir-rest', 'REST-2', 'REST-3')
  const ask = (accept: string, query = '') => alice(`/Patient/alice${query}`, { headers: { accept } })
  const FHIR = /^application\/fhir\+json; ?charset=utf-8/
  for (const accept of [
    'application/fhir+json',
    'application/fhir+json; fhirVersion=4.0',
    '*/*',
    'text/html, */*;q=0.1',
  ])
    t.match(typeOf(await ask(accept)), FHIR, accept)
  t.match(typeOf(await ask('application/json')), /^application\/json/)
  t.match(typeOf(await ask('text/json')), /^text\/json/)
  t.match(typeOf(await ask('text/html', '?_format=json')), FHIR)
  t.match(typeOf(await ask('application/fhir+json', '?_format=application/json')), /^application\/json/)
  t.equal((await ask('application/fhir+json', '?_format=xml')).status, 406)
  for (const type of ['application/json', 'application/fhir+json; fhirVersion=4.0; charset=utf-8', 'text/json']) {
    const sent = {
      method: 'POST',
      body: { resourceType: 'Organization', name: 'W' },
      headers: { 'content-type': type },
    }
    t.equal((await engine('/Organization', sent)).status, 201, type)
  }
})

t.test('links are of the configured address, whatever the request says of itself', async t => {
  verifies('fhir-rest', 'REST-11')
  const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' }
  const bundle = await alice('/Observation?_count=1', { headers })
  t.ok(linkOf(bundle, 'self')?.startsWith(`${s.baseUrl}/fhir/`))
  t.ok(linkOf(bundle, 'next')?.startsWith(`${s.baseUrl}/fhir/`))
  t.ok(entriesOf(bundle).every(({ fullUrl }) => fullUrl.startsWith(`${s.baseUrl}/fhir/`)))
  const made = await engine('/Organization', {
    method: 'POST',
    body: { resourceType: 'Organization', name: 'W' },
    headers,
  })
  t.ok(made.headers.location?.startsWith(`${s.baseUrl}/fhir/Organization/`))
  t.notMatch((await alice('/metadata', { headers })).text, 'evil')
})

t.test('the self link says what was searched for, and nothing else', async t => {
  verifies('fhir-rest', 'REST-63')
  const self = (reply: Reply) => decodeURIComponent(linkOf(reply, 'self') ?? '')
  t.equal(
    self(await alice('/Observation?code:missing=false&status=final')),
    `${s.baseUrl}/fhir/Observation?code:missing=false&status=final`,
  )
  const lenient = await alice('/Observation?status=final&nonsense=1', { headers: { prefer: 'handling=lenient' } })
  t.equal(self(lenient), `${s.baseUrl}/fhir/Observation?status=final`)
  t.ok(entriesOf(lenient).some(({ search }) => search.mode === 'outcome'))
  const posted = await alice('/Observation/_search?status=final', {
    method: 'POST',
    body: new URLSearchParams([['_count', '2']]),
  })
  t.equal(self(posted), `${s.baseUrl}/fhir/Observation?status=final&_count=2`)
})

t.test('_count is capped, and _count=0 counts', async t => {
  verifies('fhir-rest', 'REST-65')
  t.equal(entriesOf(await alice('/Observation?_count=1000000')).length, 3)
  const counted = await alice('/Observation?_count=0')
  t.equal(counted.json.total, 3)
  t.same(entriesOf(counted), [])
})

t.test('a search in a compartment, and of the system', async t => {
  verifies('fhir-rest', 'REST-89', 'REST-90')
  const hers = ['Observation/a', 'Observation/b', 'Observation/c']
  t.same(namesOf(await alice('/Patient/alice/Observation')).sort(), hers)
  t.same(namesOf(await alice('/Patient/alice/Observation?_id=b')), ['Observation/b'])
  t.same(namesOf(await alice('/Patient/somebody/Observation')), [])
  t.same(namesOf(await alice('/?_type=Observation,Patient')).sort(), [...hers, 'Patient/alice'])
})

t.test('a Binary comes as what it is, or as FHIR to who asks for that', async t => {
  verifies('fhir-rest', 'REST-48')
  const data = Buffer.from('%PDF-1.7').toString('base64')
  await store(engine, [{ resourceType: 'Binary', id: 'pdf', contentType: 'application/pdf', data }])
  const native = await engine('/Binary/pdf', { headers: { accept: 'application/pdf' } })
  t.equal(native.status, 200)
  t.match(typeOf(native), /^application\/pdf/)
  t.equal(native.text, '%PDF-1.7')
  t.equal(native.headers['x-content-type-options'], 'nosniff')
  const fhir = await engine('/Binary/pdf', { headers: { accept: 'application/fhir+json' } })
  t.match(fhir.json, { resourceType: 'Binary', contentType: 'application/pdf', data })
})

t.test('_total says how many, exactly where that is asked', async t => {
  verifies('fhir-rest', 'REST-87')
  t.equal((await alice('/Observation?_count=1&_total=accurate')).json.total, 3)
  t.equal((await alice('/Observation?_count=1&_total=estimate')).json.total, 3)
  t.equal((await alice('/Observation?_count=1&_total=none')).json.total, undefined)
  const withIncludes = await alice('/Observation?_total=accurate&_include=Observation:performer')
  t.equal(withIncludes.json.total, 3)
  t.same(namesOf(withIncludes, 'include'), ['Practitioner/dr-shah'])
})

t.test('_summary and _elements give parts, and say that they are', async t => {
  verifies('fhir-rest', 'REST-86')
  const only = async (query: string) => entriesOf(await alice(`/Patient?${query}`))[0]?.resource ?? {}
  const isSubsetted = (resource: Json) => JSON.stringify(resource.meta).includes('SUBSETTED')
  const elements = await only('_elements=active')
  t.same(Object.keys(elements).sort(), ['active', 'id', 'meta', 'resourceType'])
  t.ok(isSubsetted(elements))
  for (const mode of ['true', 'text', 'data']) t.ok(isSubsetted(await only(`_summary=${mode}`)), mode)
  t.notOk(isSubsetted(await only('_summary=false')))
  t.same(entriesOf(await alice('/Patient?_summary=count')), [])
})

t.test('conditions work in the entries of a transaction', async t => {
  verifies('fhir-rest', 'REST-45')
  const send = (...entry: Json[]) =>
    engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
  const identifier = [{ system: 'urn:x', value: '1' }]
  const resource = { resourceType: 'Organization', identifier, name: 'Ward' }
  const request = { method: 'POST', url: 'Organization', ifNoneExist: 'identifier=urn:x|1' }
  const statusOf = ({ json }: Reply) =>
    (json.entry as { response: { status: string } }[] | undefined)?.[0]?.response.status
  t.equal(statusOf(await send({ resource, request })), '201 Created')
  t.equal(statusOf(await send({ resource, request })), '200 OK')
  const put = (ifMatch: string) => ({
    resource: observation('a', { status: 'amended' }),
    request: { method: 'PUT', url: 'Observation/a', ifMatch },
  })
  t.equal((await send(put('W/"7"'))).status, 412)
  t.equal(statusOf(await send(put('W/"1"'))), '200 OK')
})

t.test('a page of another origin may ask, and may read what it is told when it is refused', async t => {
  verifies('fhir-rest', 'REST-51')
  const origin = 'https://app.example'
  const preflight = await fetch(`${s.baseUrl}/fhir/Patient/alice`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
  })
  t.ok(preflight.status < 300)
  t.equal(preflight.headers.get('access-control-allow-origin'), origin)
  for (const [path, status] of [
    ['/Patient/alice', 401],
    ['/nothing', 404],
  ] as const) {
    const reply = await client(s)(path, { headers: { origin } })
    t.equal(reply.status, status)
    t.equal(reply.headers['access-control-allow-origin'], origin)
    t.match(reply.headers.vary, /origin/i)
  }
})

t.test('the history of a type, since a time and a page at a time', async t => {
  verifies('fhir-rest', 'REST-38', 'REST-39')
  const begun = new Date().toISOString()
  await store(engine, [observation('h', {}), observation('h2')])
  await store(engine, [observation('h', { status: 'amended' })])
  const versionsOf = (reply: Reply) =>
    entriesOf(reply).map(({ resource }) => `${resource.id}/${(resource.meta as Json).versionId}`)
  const all = await engine(`/Observation/_history?_since=${begun}`)
  t.same(versionsOf(all).sort(), ['h/1', 'h/2', 'h2/1'])
  t.equal(versionsOf(all)[0], 'h/2')
  const first = await engine(`/Observation/_history?_since=${begun}&_count=2`)
  const second = await engine(linkOf(first, 'next') ?? '')
  t.same([...versionsOf(first), ...versionsOf(second)], versionsOf(all))
  t.same(versionsOf(await engine('/Observation/h/_history')), ['h/2', 'h/1'])
})
