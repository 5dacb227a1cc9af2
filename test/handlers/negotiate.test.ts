import t from 'tap'
import { client, type Reply, type Sent } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const token = await engineToken(s)
const engine = client(s, token)
const JSON_PATCH = 'application/json-patch+json'

const ALICE = '{"resourceType":"Patient","id":"alice","extension":[{"url":"http://x","valueDecimal":1.00}]}'
await engine('/Patient/alice', { method: 'PUT', body: ALICE })

const as = (headers: Record<string, string>, sent: Sent = {}) =>
  engine('/Patient/alice', { ...sent, headers: { ...headers, ...sent.headers } })

const typeOf = ({ headers }: Reply): string | undefined => headers['content-type']?.split(';')[0]

const isOutcome = ({ json, headers }: Reply): boolean =>
  json.resourceType === 'OperationOutcome' &&
  /^application\/fhir\+json; charset=utf-8/.test(headers['content-type'] ?? '')

t.test('Accept chooses among the spellings of JSON, and tolerates parameters that it does not know', async t => {
  verifies('fhir-rest', 'REST-2')
  const cases: [accept: string, type: string][] = [
    ['application/fhir+json', 'application/fhir+json'],
    ['application/fhir+json; fhirVersion=4.0', 'application/fhir+json'],
    ['application/fhir+json;version=1.4.0;charset=utf-8', 'application/fhir+json'],
    ['application/json', 'application/json'],
    ['text/json', 'text/json'],
    ['application/json, text/plain, */*', 'application/json'],
    ['application/fhir+json, */*; q=0.1', 'application/fhir+json'],
    ['application/json, application/fhir+json', 'application/fhir+json'],
    ['application/fhir+json;q=0.5, application/json;q=0.9', 'application/json'],
    ['application/fhir+xml, application/fhir+json;q=0.2', 'application/fhir+json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/fhir+json'],
    ['APPLICATION/FHIR+JSON', 'application/fhir+json'],
    ['*/*', 'application/fhir+json'],
  ]
  for (const [accept, type] of cases) {
    const reply = await as({ accept })
    t.equal(reply.status, 200, accept)
    t.equal(typeOf(reply), type, accept)
  }
})

t.test('what is not served is not acceptable', async t => {
  for (const accept of [
    'application/fhir+xml',
    'text/html',
    'application/fhir+json;q=0',
    'application/fhir+json; fhirVersion=3.0',
    'application/fhir+json; fhirVersion=5.0',
  ]) {
    const reply = await as({ accept })
    t.equal(reply.status, 406, accept)
    t.ok(isOutcome(reply), accept)
  }
})

t.test('_format comes before Accept, in every spelling', async t => {
  verifies('fhir-rest', 'REST-3')
  const cases: [format: string, type: string][] = [
    ['json', 'application/fhir+json'],
    ['application/fhir+json', 'application/fhir+json'],
    ['application/fhir%2Bjson', 'application/fhir+json'],
    ['application/fhir%2Bjson;fhirVersion=4.0', 'application/fhir+json'],
    ['application/json', 'application/json'],
    ['text/json', 'text/json'],
  ]
  for (const [format, type] of cases) {
    const reply = await engine(`/Patient/alice?_format=${format}`, { headers: { accept: 'application/fhir+xml' } })
    t.equal(reply.status, 200, `${format} ${reply.text}`)
    t.equal(typeOf(reply), type, format)
  }
  for (const format of ['xml', 'application/fhir%2Bxml', 'html', 'ttl', '', 'json;fhirVersion=3.0'])
    t.equal((await engine(`/Patient/alice?_format=${format}`)).status, 406, format)
})

t.test('_pretty breaks lines and keeps digits, also of errors', async t => {
  verifies('fhir-rest', 'REST-9')
  const { text } = await engine('/Patient/alice?_pretty=true')
  t.match(text, '\n      "valueDecimal": 1.00\n')
  t.notMatch((await engine('/Patient/alice?_pretty=false')).text, '\n')
  t.match((await engine('/Patient/nobody?_pretty=true')).text, '{\n  "resourceType": "OperationOutcome"')
  const [get, head] = [await engine('/Patient?_pretty=true'), await engine('/Patient?_pretty=true', { method: 'HEAD' })]
  t.match(get.text, '{\n  "resourceType": "Bundle"')
  t.equal(head.headers['content-length'], get.headers['content-length'])
  const streamed = await engine('/Patient/alice/$everything?_pretty=true')
  t.match(streamed.text, '{\n  "resourceType": "Bundle"')
  t.match(streamed.text, '"valueDecimal": 1.00\n')
})

t.test('HEAD is answered as GET, without a body', async t => {
  verifies('fhir-rest', 'REST-8')
  for (const path of [
    '/metadata',
    '/Patient/alice',
    '/Patient/alice/_history/1',
    '/Patient/alice/_history',
    '/Patient?_id=alice',
    '/Patient/nobody',
    '/Nonsense',
  ]) {
    const [get, head] = [await engine(path), await engine(path, { method: 'HEAD' })]
    t.equal(head.text, '', path)
    t.equal(head.status, get.status, path)
    for (const name of ['content-type', 'content-length', 'etag', 'last-modified', 'cache-control'])
      t.equal(head.headers[name], get.headers[name], `${path} ${name}`)
  }
})

t.test('a body is UTF-8, not encoded, FHIR 4.0, and JSON', async t => {
  const put = (type: string, more: Record<string, string> = {}) =>
    as({ 'content-type': type, ...more }, { method: 'PUT', body: ALICE })
  for (const type of [
    'application/fhir+json',
    'application/fhir+json; charset=UTF-8; fhirVersion=4.0',
    'application/json;charset="utf-8"',
    'text/json',
    'application/fhir+json; version=1.4.0',
  ])
    t.equal((await put(type)).status, 200, type)
  for (const type of [
    'application/fhir+xml',
    'text/plain',
    JSON_PATCH,
    'application/fhir+json; charset=iso-8859-1',
    'application/fhir+json; fhirVersion=3.0',
    'nonsense',
  ]) {
    const reply = await put(type)
    t.equal(reply.status, 415, `${type} ${reply.text}`)
    t.ok(isOutcome(reply), type)
  }
  t.equal((await put('application/fhir+json', { 'content-encoding': 'gzip' })).status, 415)
})

t.test('the base and the types are found with a slash at their end', async t => {
  verifies('fhir-rest', 'REST-46')
  t.equal((await engine('/Patient/')).status, 200)
  t.equal((await engine('/Patient/?_id=alice')).json.total, 1)
  t.equal((await engine('/Patient/', { method: 'POST', body: { resourceType: 'Patient' } })).status, 201)
  const body = { resourceType: 'Bundle', type: 'batch' }
  for (const base of ['', '/']) t.equal((await engine(base, { method: 'POST', body })).status, 200, base)
})

t.test('a method that a path does not have is refused with those that it has', async t => {
  verifies('fhir-rest', 'REST-6')
  const cases: [method: string, path: string, allow: RegExp][] = [
    ['POST', '/Patient/alice', /GET/],
    ['PUT', '/Patient/alice/_history', /^(?!.*PUT).*GET/],
    ['DELETE', '/Patient/alice/_history/1', /GET/],
    ['GET', '/Patient/_search', /^POST$/],
    ['PUT', '/', /POST/],
    ['PATCH', '/metadata', /GET/],
    ['PROPFIND', '/Patient/alice', /PATCH/],
    ['PROPFIND', '/Patient/', /POST/],
    ['OPTIONS', '/Patient/alice', /PATCH/],
  ]
  for (const [method, path, allow] of cases) {
    const reply = await engine(path, { method })
    t.equal(reply.status, 405, `${method} ${path} ${reply.text}`)
    t.match(reply.headers.allow, allow, `${method} ${path}`)
    t.ok(isOutcome(reply), `${method} ${path}`)
  }
})

t.test('a path that is not there is not found, by any method', async t => {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'PROPFIND'])
    for (const path of ['/Nonsense', '/Patient/alice/nonsense', '/Patient/alice/_history/1/x', '/$nonsense']) {
      const reply = await engine(path, { method })
      t.equal(reply.status, 404, `${method} ${path} ${reply.text}`)
      if (method !== 'HEAD') t.ok(isOutcome(reply), `${method} ${path}`)
    }
})

t.test('what is too long is refused as that', async t => {
  const reply = await engine(`/Patient?name=${'x'.repeat(20_000)}`)
  t.equal(reply.status, 414)
  t.ok(isOutcome(reply))
})

t.test('ids of the request come back, also with errors', async t => {
  verifies('fhir-rest', 'REST-10')
  const headers = { 'x-request-id': 'request-1', 'x-correlation-id': 'correlation-1' }
  for (const [path, sent] of [
    ['/Patient/alice', {}],
    ['/Patient/nobody', {}],
    ['/Nonsense', {}],
    ['/Patient', { method: 'POST', body: '{' }],
    ['/Patient?_format=xml', {}],
    ['/Patient/alice', { method: 'POST' }],
    ['/Patient/alice', { method: 'PROPFIND' }],
  ] as const) {
    const reply = await engine(path, { ...sent, headers })
    t.equal(reply.headers['x-request-id'], 'request-1', path)
    t.equal(reply.headers['x-correlation-id'], 'correlation-1', path)
  }
  const anonymous = await client(s)('/Patient', { headers })
  t.equal(anonymous.status, 401)
  t.equal(anonymous.headers['x-request-id'], 'request-1')
  t.ok(isOutcome(anonymous))
})

t.test('nothing of a record is left in caches', async t => {
  for (const path of ['/Patient/alice', '/Patient', '/Patient/nobody'])
    t.equal((await engine(path)).headers['cache-control'], 'no-store', path)
  t.match((await engine('/metadata')).headers['cache-control'], 'public')
})
