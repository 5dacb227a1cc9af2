import t from 'tap'
import { client } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'

const s = await server(t)
const token = await engineToken(s)
const engine = client(s, token)
const PDF = '%PDF-1.4 a letter'
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8'

const binary = (id: string, contentType: string, text: string, more = {}) => ({
  resourceType: 'Binary',
  id,
  contentType,
  ...more,
  data: Buffer.from(text).toString('base64'),
})
const put = (resource: { id: string }) => engine(`/Binary/${resource.id}`, { method: 'PUT', body: resource })
await put(binary('pdf', 'application/pdf', PDF))

const get = (path: string, headers: Record<string, string> = {}) =>
  engine(path, { headers: { accept: '*/*', ...headers } })

t.test('content is sent as itself to whoever does not ask for FHIR', async t => {
  for (const accept of [
    '*/*',
    BROWSER,
    'application/pdf',
    'application/*',
    'image/png',
    'application/fhir+json;q=0.1, */*',
  ])
    t.match(
      await get('/Binary/pdf', { accept }),
      { status: 200, text: PDF, headers: { 'content-type': 'application/pdf' } },
      accept,
    )
  for (const path of ['/Binary/pdf?_format=application/pdf', '/Binary/pdf/_history/1'])
    t.equal((await get(path)).text, PDF, path)
})

t.test('the resource is sent to whoever asks for FHIR', async t => {
  for (const accept of ['application/fhir+json', 'application/json', 'application/fhir+json, */*; q=0.1'])
    t.match(
      (await get('/Binary/pdf', { accept })).json,
      { resourceType: 'Binary', contentType: 'application/pdf' },
      accept,
    )
  t.equal((await get('/Binary/pdf?_format=json')).json.resourceType, 'Binary')
  t.equal((await get('/Binary/pdf', { accept: 'application/fhir+xml' })).status, 406)
  t.equal((await get('/Binary/pdf?_format=xml')).status, 406)
  t.equal((await get('/Binary?_id=pdf')).json.resourceType, 'Bundle', 'a search is FHIR')
  t.equal((await get('/Binary/pdf/_history')).json.resourceType, 'Bundle')
  t.equal((await get('/Binary/none')).json.resourceType, 'OperationOutcome')
})

t.test('a part of the resource is FHIR, never a document that holds nothing', async t => {
  for (const query of ['_summary=true', '_elements=contentType', '_summary=data']) {
    const { status, json } = await get(`/Binary/pdf?${query}`)
    t.match([status, json], [200, { resourceType: 'Binary', contentType: 'application/pdf' }], query)
    t.match(JSON.stringify(json), 'SUBSETTED', query)
  }
  t.equal((await get('/Binary/pdf?_summary=false')).text, PDF)
})

t.test('what a browser could run is neither shown in place nor free', async t => {
  const cases: [type: string, disposition: string, isSandboxed: boolean][] = [
    ['application/pdf', 'inline; filename="kind.pdf"', false],
    ['text/plain; charset=utf-8', 'inline; filename="kind.txt"', true],
    ['image/png', 'inline; filename="kind.png"', true],
    ['text/html', 'attachment; filename="kind.html"', true],
    ['image/svg+xml', 'attachment; filename="kind"', true],
    ['application/xhtml+xml', 'attachment; filename="kind"', true],
    ['application/octet-stream', 'attachment; filename="kind"', true],
  ]
  for (const [type, disposition, isSandboxed] of cases) {
    await put(binary('kind', type, 'x'))
    const { headers } = await get('/Binary/kind')
    t.equal(headers['content-type'], type)
    t.equal(headers['content-disposition'], disposition, type)
    t.equal(headers['x-content-type-options'], 'nosniff', type)
    t.equal(headers['content-security-policy']?.includes('sandbox') ?? false, isSandboxed, type)
    t.match(headers.vary, 'Accept')
  }
})

t.test('what is no media type is refused, and where it was stored before that, sent as bytes', async t => {
  t.equal((await put(binary('untyped', 'no type', 'x'))).status, 422)
  await put(binary('untyped', 'text/html', 'x'))
  await s.pool.query(`update "binary" set content = replace(content, 'text/html', 'no type') where id = 'untyped'`)
  const { headers, text } = await get('/Binary/untyped')
  t.match(headers, {
    'content-type': 'application/octet-stream',
    'content-disposition': 'attachment; filename="untyped"',
  })
  t.equal(text, 'x')
})

t.test('parts of content can be asked for', async t => {
  const part = async (range: string, more = {}) => {
    const { status, text, headers } = await get('/Binary/pdf', { range, ...more })
    return [status, text, headers['content-range']]
  }
  t.same(await part('bytes=0-3'), [206, '%PDF', `bytes 0-3/${PDF.length}`])
  t.same(await part('bytes=11-'), [206, 'letter', `bytes 11-16/${PDF.length}`])
  t.same(await part('bytes=-6'), [206, 'letter', `bytes 11-16/${PDF.length}`])
  t.same(await part('bytes=5-999'), [206, PDF.slice(5), `bytes 5-16/${PDF.length}`])
  t.same(await part('bytes=-999'), [206, PDF, `bytes 0-16/${PDF.length}`])
  for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=5-2', 'bytes=-'])
    t.equal((await part(range))[0], 200, range)
  for (const range of ['bytes=17-', 'bytes=99-100', 'bytes=-0']) {
    const reply = await get('/Binary/pdf', { range })
    t.equal(reply.status, 416, range)
    t.equal(reply.headers['content-range'], `bytes */${PDF.length}`)
    t.equal(reply.json.resourceType, 'OperationOutcome')
  }
  const { headers } = await get('/Binary/pdf')
  t.equal(headers['accept-ranges'], 'bytes')
  t.equal((await part('bytes=0-3', { 'if-range': headers['last-modified'] }))[0], 206)
  for (const other of [headers.etag, 'Sun, 01 Jan 2023 00:00:00 GMT'])
    t.equal((await part('bytes=0-3', { 'if-range': other }))[0], 200, 'a weak tag is never the same')
})

t.test('conditions and HEAD work as for any resource', async t => {
  const { headers } = await get('/Binary/pdf')
  t.equal((await get('/Binary/pdf', { 'if-none-match': headers.etag ?? '' })).status, 304)
  const head = await engine('/Binary/pdf', { method: 'HEAD', headers: { accept: '*/*' } })
  t.equal(head.text, '')
  for (const name of ['content-type', 'content-length', 'content-disposition', 'etag'])
    t.equal(head.headers[name], headers[name], name)
  t.equal(head.headers['content-length'], String(PDF.length))
})

t.test('bytes come back as they were sent', async t => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const headers = { authorization: `Bearer ${token}` }
  const made = await fetch(`${s.baseUrl}/fhir/Binary`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'image/png', 'x-security-context': 'DocumentReference/letter' },
    body: bytes,
  })
  t.equal(made.status, 201)
  const resource = (await made.json()) as { id: string }
  t.match(resource, {
    resourceType: 'Binary',
    contentType: 'image/png',
    securityContext: { reference: 'DocumentReference/letter' },
  })
  const read = await fetch(`${s.baseUrl}/fhir/Binary/${resource.id}`, { headers })
  t.equal(read.headers.get('content-type'), 'image/png')
  t.same(Buffer.from(await read.arrayBuffer()), bytes)
})

t.test('content is updated as itself, under the id of its address', async t => {
  const send = (text: string, headers: Record<string, string> = {}) =>
    engine('/Binary/raw', { method: 'PUT', body: text, headers: { 'content-type': 'text/plain', ...headers } })
  t.equal((await send('one')).status, 201)
  t.equal((await send('two', { 'if-match': 'W/"1"' })).status, 200)
  t.equal((await send('three', { 'if-match': 'W/"1"' })).status, 412)
  t.equal((await send('two')).headers.etag, 'W/"2"', 'the same makes no new version')
  t.equal((await get('/Binary/raw')).text, 'two')
  t.equal((await get('/Binary/raw/_history/1')).text, 'one')
})

t.test('content needs a type, and no other type of resource takes it', async t => {
  const send = (path: string, type: string, more = {}) =>
    engine(path, { method: 'POST', body: '<x/>', headers: { 'content-type': type, ...more } })
  for (const type of ['application/fhir+xml', 'nonsense', '']) t.equal((await send('/Binary', type)).status, 415, type)
  for (const path of ['/Patient', '/']) t.equal((await send(path, 'application/pdf')).status, 415, path)
  t.equal((await send('/Binary', 'text/plain', { 'x-security-context': '::' })).status, 400)
  for (const encoding of ['gzip', 'br', 'gzip, identity']) {
    const reply = await send('/Binary', 'text/plain', { 'content-encoding': encoding })
    t.match(reply, { status: 415, headers: { 'accept-encoding': 'identity' } }, encoding)
    t.match(reply.text, encoding)
  }
  t.equal((await send('/Binary', 'text/plain', { 'content-encoding': 'Identity' })).status, 201)
})

t.test('content is shown to whom the letter is shown', async t => {
  const patient = (id: string) => ({ resourceType: 'Patient', id })
  for (const id of ['alice', 'bob']) await engine(`/Patient/${id}`, { method: 'PUT', body: patient(id) })
  const letter = {
    resourceType: 'DocumentReference',
    id: 'letter',
    status: 'current',
    subject: { reference: 'Patient/alice' },
    content: [{ attachment: { url: 'Binary/pdf' } }],
  }
  await engine('/DocumentReference/letter', { method: 'PUT', body: letter })
  const as = async (id: string, scope?: string) =>
    await client(s, await patientToken(s, id, scope))('/Binary/pdf', { headers: { accept: '*/*' } })
  t.equal((await as('alice')).text, PDF)
  t.equal((await as('bob')).status, 404)
  t.equal((await as('alice', 'patient/Binary.rs')).status, 404, 'the letter is not within the scopes')
  t.equal((await as('alice', 'patient/DocumentReference.rs')).status, 403)
  t.equal((await client(s)('/Binary/pdf')).status, 401)
})
