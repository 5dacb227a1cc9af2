// What becomes of one resource: its versions, its digits, its end; https://hl7.org/fhir/R4/http.html
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, linkOf, namesOf, type Reply } from '../support/client.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const BASE = `${s.baseUrl}/fhir`

const put = (id: string, more: Json = {}, headers = {}): Promise<Reply> =>
  engine(`/Patient/${id}`, { method: 'PUT', body: { resourceType: 'Patient', id, ...more }, headers })
const named = (text: string): Json => ({ name: [{ text }] })

type Version = { resource?: Json & { meta: { versionId: string } }; request: Json; response: Json; fullUrl: string }
const historyOf = async (path: string): Promise<Version[]> => ((await engine(path)).json.entry ?? []) as Version[]

t.test('what the server says of itself is not the client’s to say', async t => {
  verifies('fhir-rest', 'REST-20')
  const meta = { versionId: '77', lastUpdated: '2001-01-01T00:00:00Z', profile: ['http://example.org/p'] }
  const made = await engine('/Patient', {
    method: 'POST',
    body: { resourceType: 'Patient', id: 'mine', meta, ...named('x') },
  })
  t.not(made.json.id, 'mine')
  const { versionId, lastUpdated, profile } = made.json.meta as Record<string, unknown>
  t.equal(versionId, '1')
  t.ok(Date.parse(String(lastUpdated)) > Date.parse('2020-01-01'))
  t.same(profile, ['http://example.org/p'], 'the rest of meta is kept')
  t.equal(made.headers.location, `${BASE}/Patient/${made.json.id}/_history/1`)
  t.equal(Date.parse(made.headers['last-modified'] ?? ''), Math.floor(Date.parse(String(lastUpdated)) / 1000) * 1000)
})

t.test('what was deleted is gone, tells so, and can come back', async t => {
  verifies('fhir-rest', 'REST-18', 'REST-19', 'REST-30', 'REST-37')
  await put('ends', named('first'))
  const gone = await engine('/Patient/ends', { method: 'DELETE' })
  t.equal(gone.status, 204)
  t.equal(gone.text, '')
  const read = await engine('/Patient/ends')
  t.equal(read.status, 410)
  t.equal(read.json.resourceType, 'OperationOutcome')
  t.same(namesOf(await engine('/Patient?_id=ends')), [])
  t.same(namesOf(await engine('/Patient?name=first')), [])
  t.equal((await engine('/Patient/ends/_history/1')).status, 200)
  t.equal((await engine('/Patient/ends/_history/2')).status, 410)
  t.equal((await engine('/Patient/ends/_history/3')).status, 404)
  t.equal((await engine('/Patient/ends', { method: 'DELETE' })).status, 204, 'a second time too')
  t.equal((await historyOf('/Patient/ends/_history')).length, 2, 'and is no second deletion')
  const back = await put('ends', named('again'))
  t.equal(back.status, 201)
  t.equal(back.headers.etag, 'W/"3"')
  const history = await historyOf('/Patient/ends/_history')
  t.same(
    history.map(({ request, resource }) => [request.method, resource?.meta.versionId]),
    [
      ['PUT', '3'],
      ['DELETE', undefined],
      ['PUT', '1'],
    ],
  )
  t.match(
    history.map(({ response }) => response.status),
    [/^20[01] /, '204 No Content', '201 Created'],
  )
})

t.test('an update that changes nothing makes no new version', async t => {
  verifies('fhir-rest', 'REST-31')
  const first = await put('same', { ...named('x'), extension: [{ url: 'http://x', valueDecimal: 1 }] })
  const before = await storedVersions(s.pool)
  for (const body of [first.json, { ...first.json, meta: undefined }, { ...first.json, meta: { versionId: '9' } }]) {
    const again = await engine('/Patient/same', { method: 'PUT', body })
    t.equal(again.status, 200)
    t.equal(again.headers.etag, 'W/"1"')
    t.equal(again.headers['last-modified'], first.headers['last-modified'])
    t.equal(again.text, first.text)
  }
  t.same(await storedVersions(s.pool), before)
  const other = { ...first.json, meta: { tag: [{ code: 'new' }] } }
  t.equal((await engine('/Patient/same', { method: 'PUT', body: other })).headers.etag, 'W/"2"', 'a tag is a change')
})

t.test('every digit of a number comes back, and a change of digits is a change', async t => {
  verifies('fhir-rest', 'REST-13')
  const numbers = [
    '1.00',
    '0.10',
    '100',
    '1e2',
    '1E-7',
    '-0.0',
    '0.1234567890123456789',
    '12345678901234567890.5',
    '1.5',
  ]
  for (const number of numbers) {
    const body = `{"resourceType":"Patient","id":"digits","extension":[{"url":"http://x","valueDecimal":${number}}]}`
    const stored = await engine('/Patient/digits', { method: 'PUT', body })
    t.ok(stored.status < 300, stored.text)
    t.match((await engine('/Patient/digits')).text, `"valueDecimal":${number}}`)
    t.match((await engine('/Patient?_id=digits')).text, `"valueDecimal":${number}}`)
    t.match((await engine('/Patient/digits/_history?_count=1')).text, `"valueDecimal":${number}}`)
    t.match((await engine('/Patient?_id=digits&_elements=extension')).text, `"valueDecimal":${number}}`)
  }
  t.equal((await historyOf('/Patient/digits/_history')).length, numbers.length)
})

t.test('conditions of an update are kept', async t => {
  verifies('fhir-rest', 'REST-27', 'REST-28')
  await put('guarded', named('1'))
  t.equal((await put('guarded', named('2'), { 'if-match': 'W/"1"' })).status, 200)
  const late = await put('guarded', named('3'), { 'if-match': 'W/"1"' })
  t.equal(late.status, 412)
  t.match(late.text, 'W/\\"2\\"', 'it says which version is there')
  t.equal((await put('guarded', named('4'), { 'if-none-match': '*' })).status, 412)
  t.equal((await put('not-there', named('5'), { 'if-match': 'W/"1"' })).status, 412)
  t.equal((await put('new', named('6'), { 'if-none-match': '*' })).status, 201)
  const deleted = (tag: string) => engine('/Patient/guarded', { method: 'DELETE', headers: { 'if-match': tag } })
  t.equal((await deleted('W/"1"')).status, 412)
  t.equal((await deleted('"2"')).status, 204, 'a strong tag is understood')
  t.equal((await put('guarded', named('7'), { 'if-match': 'W/"3"' })).status, 412, 'a deletion is no version to update')
})

t.test('who has a version is not sent it again', async t => {
  verifies('fhir-rest', 'REST-17')
  const { headers } = await put('known', named('x'))
  const read = async (more: Record<string, string>, path = '/Patient/known') => await engine(path, { headers: more })
  for (const tag of [headers.etag ?? '', '"1"', 'W/"0", W/"1"', '"5","1"']) {
    const reply = await read({ 'if-none-match': tag })
    t.equal(reply.status, 304, tag)
    t.equal(reply.text, '')
    t.equal(reply.headers.etag, 'W/"1"')
  }
  t.equal((await read({ 'if-none-match': 'W/"11"' })).status, 200)
  t.equal((await read({ 'if-modified-since': headers['last-modified'] ?? '' })).status, 304)
  t.equal((await read({ 'if-modified-since': 'nonsense' })).status, 200)
  t.equal((await read({ 'if-none-match': 'W/"7"', 'if-modified-since': headers['last-modified'] ?? '' })).status, 200)
  t.equal((await read({ 'if-none-match': 'W/"1"' }, '/Patient/known/_history/1')).status, 304)
  const nobody = client(s, await patientToken(s, 'somebody'))
  t.equal(
    (await nobody('/Patient/known', { headers: { 'if-none-match': 'W/"1"' } })).status,
    404,
    'a stranger learns nothing',
  )
})

t.test('HEAD is GET without a body', async t => {
  verifies('fhir-rest', 'REST-8')
  await put('headed', named('x'))
  for (const path of [
    '/Patient/headed',
    '/Patient/headed/_history/1',
    '/Patient/nobody',
    '/Patient?_id=headed',
    '/metadata',
  ]) {
    const [get, head] = [await engine(path), await engine(path, { method: 'HEAD' })]
    t.equal(head.status, get.status, path)
    t.equal(head.text, '')
    for (const name of ['etag', 'last-modified', 'content-type', 'content-length'])
      t.equal(head.headers[name], get.headers[name], `${path} ${name}`)
  }
})

t.test('Prefer: return says what a write sends back', async t => {
  verifies('fhir-rest', 'REST-22')
  const write = (prefer: string | undefined, index: number) =>
    put(`preferred-${index}`, named('x'), prefer === undefined ? {} : { prefer })
  for (const [index, prefer] of [
    'return=minimal',
    'handling=strict; return=minimal',
    'return=minimal, respond-async',
    'return="minimal"',
    'Return = Minimal',
    'return=minimal, return=representation',
  ].entries()) {
    const { status, text, headers } = await write(prefer, index)
    t.same([status, text, headers.etag], [201, '', 'W/"1"'], prefer)
    t.ok(headers.location && headers['last-modified'])
  }
  for (const [index, prefer] of [undefined, 'return=representation', 'return=nonsense', 'nonsense'].entries())
    t.equal((await write(prefer, 10 + index)).json.resourceType, 'Patient', prefer ?? 'nothing')
  const outcome = await write('return=OperationOutcome', 20)
  t.equal(outcome.json.resourceType, 'OperationOutcome')
  t.match(outcome.text, 'Patient/preferred-20')
})

t.test('a history is read page by page, the newest first', async t => {
  verifies('fhir-rest', 'REST-37')
  for (let index = 1; index <= 7; index++) await put('long', named(`${index}`))
  const seen: string[] = []
  for (let next: string | undefined = '/Patient/long/_history?_count=3'; next !== undefined; ) {
    const reply: Reply = await engine(next)
    t.equal(reply.json.type, 'history')
    seen.push(...((reply.json.entry ?? []) as Version[]).map(({ resource }) => String(resource?.meta.versionId)))
    next = linkOf(reply, 'next')
  }
  t.same(seen, ['7', '6', '5', '4', '3', '2', '1'])
  const [newest] = await historyOf('/Patient/long/_history?_count=1')
  t.equal(newest?.fullUrl, `${BASE}/Patient/long`)
  t.match(newest?.response, { etag: 'W/"7"', status: /^200/ })
  t.equal((await engine('/Patient/long/_history?_count=x')).status, 400)
  t.equal((await engine('/Patient/long/_history?nonsense=1')).status, 400)
})

t.test('a request’s id comes back, and is never somebody else’s text', async t => {
  verifies('fhir-rest', 'REST-10')
  const id = async (value: string) =>
    (await engine('/Patient/nobody', { headers: { 'x-request-id': value } })).headers['x-request-id']
  for (const own of ['my-request.1', 'urn:uuid:0d1e5b0a-59f4-4ca5-9cd0-a5d2f9c5a1b2', '|7da3.4e1.', 'Root=1-67;Self=2'])
    t.equal(await id(own), own)
  t.not(await id('<script>'), '<script>')
  t.not(await id('x'.repeat(500)), 'x'.repeat(500))
  t.ok((await engine('/Patient/nobody')).headers['x-request-id'])
})
