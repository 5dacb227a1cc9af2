// What no client should send: each gets the 4xx that says what was wrong, as an OperationOutcome, and nothing is written.
import t, { type Test } from 'tap'
import { client, namesOf } from '../support/client.ts'
import { type RawReply, rawRequest } from '../support/raw-request.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const LIMIT = 64 * 1024
const s = await server(t, { variables: { PORTICO_MAX_BODY_BYTES: String(LIMIT) } })
const roomy = await server(t)
const token = await engineToken(s)
const authorization = { authorization: `Bearer ${token}` }
const engine = client(s, token)
const FHIR_JSON = { 'content-type': 'application/fhir+json' }

const send = (method: string, path: string, body?: string | Buffer, headers: Record<string, string> = FHIR_JSON) =>
  rawRequest(s, `/fhir${path}`, { method, headers: { ...authorization, ...headers }, ...(body ? { body } : {}) })

const post = (body: string | Buffer): Promise<RawReply> => send('POST', '/Patient', body)

type Issue = { severity: string; code: string; diagnostics: string; expression?: string[] }

/** A refusal: this status, an OperationOutcome with a sentence for each issue, and these words in it. */
function refused(t: Test, reply: RawReply, status: number, ...words: string[]): void {
  t.equal(reply.status, status, reply.text.slice(0, 300))
  t.match(String(reply.headers['content-type']), /^application\/fhir\+json/)
  const { resourceType, issue } = JSON.parse(reply.text) as { resourceType: string; issue: Issue[] }
  t.equal(resourceType, 'OperationOutcome')
  t.ok(issue.length > 0 && issue.every(({ severity, code, diagnostics }) => severity && code && diagnostics))
  for (const word of words) t.ok(reply.text.includes(word), `${word} in ${reply.text.slice(0, 400)}`)
}

const before = await storedVersions(s.pool)

t.test('what is no JSON is refused with the line and column', async t => {
  verifies('fhir-rest', 'REST-21')
  for (const body of ['{', '{"resourceType":"Patient",}', 'nonsense', '{"resourceType" "Patient"}', "{'a':1}", '{} {}'])
    refused(t, await post(body), 400, 'line 1, column')
  refused(t, await post('{\n  "resourceType": "Patient",\n  oops\n}'), 400, 'line 3, column 3')
  refused(t, await post('{"resourceType":"Patient","active":NaN}'), 400)
  refused(t, await post('{"resourceType":"Patient","active":true,"active":false}'), 400, 'active')
  refused(t, await post('{"resourceType":"Patient","__proto__":{"active":true}}'), 400, '__proto__')
})

t.test('JSON that is no resource is refused', async t => {
  for (const body of ['null', '[]', '"Patient"', '5', '{}', '[{"resourceType":"Patient"}]', '{"resourceType":5}'])
    refused(t, await post(body), 400)
  refused(t, await post('{"resourceType":"Pateint"}'), 400, 'Pateint')
  refused(t, await post('{"resourceType":"Observation","status":"final","code":{"text":"x"}}'), 400, 'Observation')
})

t.test('no body at all is refused', async t => {
  refused(t, await send('POST', '/Patient'), 400, 'body')
  refused(t, await send('PUT', '/Patient/a'), 400, 'body')
  refused(t, await send('POST', '/'), 400, 'body')
  refused(t, await send('POST', '/Patient', undefined, {}), 400, 'body')
})

t.test('nesting without end is refused at once, whatever its size', async t => {
  const headers = { ...FHIR_JSON, authorization: `Bearer ${await engineToken(roomy)}` }
  for (const [open, times] of [
    ['[', 10_000_000],
    ['{"a":', 2_000_000],
    ['{"extension":[', 800_000],
  ] as const) {
    const begun = performance.now()
    const reply = await rawRequest(roomy, '/fhir/Patient', { method: 'POST', headers, body: open.repeat(times) })
    refused(t, reply, 400, 'deeper than 64')
    t.ok(performance.now() - begun < 3000, `${times} of ${open}`)
  }
  const deep = `{"resourceType":"Patient","extension":${'[{"url":"http://x","extension":'.repeat(40)}[]${'}]'.repeat(40)}}`
  refused(t, await post(deep), 400, 'deeper than 64')
})

t.test('a body over the limit is refused with 413', async t => {
  verifies('fhir-rest', 'REST-7', 'REST-12')
  const text = 'x'.repeat(LIMIT)
  refused(t, await post(JSON.stringify({ resourceType: 'Patient', name: [{ text }] })), 413, 'larger')
  refused(
    t,
    await send('POST', '/Patient/_search', `name=${'x'.repeat(1024 * 1024)}`, {
      'content-type': 'application/x-www-form-urlencoded',
    }),
    413,
  )
})

t.test('a type that is not served, and a path that is nothing, are not found', async t => {
  verifies('fhir-rest', 'REST-6', 'REST-7')
  for (const path of [
    '/Claim',
    '/Claim/1',
    '/patient',
    '/Patients',
    '/Patient/1/2/3',
    '/Patient/1/_history/2/3',
    '/x/y',
  ])
    refused(t, await send('GET', path), 404)
  refused(t, await send('POST', '/Claim', '{"resourceType":"Claim"}'), 404, 'Patient, ')
})

t.test('an id that cannot be one is not found, and cannot be written', async t => {
  verifies('fhir-rest', 'REST-1')
  for (const id of ['a_b', 'a%20b', 'a%2Fb', "a'--", 'é', '%F0%9F%98%80', 'x'.repeat(65), '%00', '..%2f..%2fetc']) {
    const path = `/Patient/${encodeURI(decodeURI(id))}`
    const read = await send('GET', path)
    t.ok([400, 404, 414].includes(read.status), `${path} ${read.status}`)
    refused(t, read, read.status)
    const body = JSON.stringify({ resourceType: 'Patient', id: 'x' })
    const written = await send('PUT', path, body)
    t.ok([400, 404, 414].includes(written.status), `${path} ${written.status}`)
  }
})

t.test('the id of the body must be that of the URL', async t => {
  verifies('fhir-rest', 'REST-25')
  refused(t, await send('PUT', '/Patient/a', '{"resourceType":"Patient","id":"b"}'), 400, 'Patient.id')
  refused(t, await send('PUT', '/Patient/a', '{"resourceType":"Patient"}'), 400, 'Patient.id')
  refused(t, await send('PUT', '/Patient/a', '{"resourceType":"Patient","id":5}'), 422)
})

t.test('a body of another kind is refused with 415, an answer of another kind with 406', async t => {
  verifies('fhir-rest', 'REST-2', 'REST-4', 'REST-5')
  const body = '<Patient xmlns="http://hl7.org/fhir"/>'
  for (const type of [
    'application/fhir+xml',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/fhir+jsonx',
  ])
    refused(t, await send('POST', '/Patient', body, { 'content-type': type }), 415, 'application/fhir+json')
  for (const accept of ['application/fhir+xml', 'text/html', 'image/png, application/xml;q=0.9'])
    refused(t, await send('GET', '/Patient', undefined, { accept }), 406, 'application/fhir+json')
  refused(t, await send('GET', '/Patient?_format=xml'), 406, 'xml')
  for (const accept of [
    'application/json',
    'text/json',
    '*/*',
    'application/fhir+json; fhirVersion=4.0',
    'text/html, */*',
  ])
    t.equal((await send('GET', '/Patient', undefined, { accept })).status, 200, accept)
  t.equal((await send('GET', '/Patient?_format=json', undefined, { accept: 'text/html' })).status, 200)
})

t.test('what FHIR does not know, or not so, is refused with its place', async t => {
  verifies('fhir-rest', 'REST-14', 'REST-15', 'REST-21')
  const wrong: [members: string, status: number, place: string][] = [
    ['"birthdate":"2000-01-01"', 400, 'Patient.birthdate'],
    ['"name":{"family":"X"}', 422, 'Patient.name'],
    ['"name":[{"famly":"X"}]', 400, 'Patient.name[0].famly'],
    ['"active":"true"', 422, 'Patient.active'],
    ['"gender":"femal"', 422, 'Patient.gender'],
    ['"birthDate":"2001-02-30"', 422, 'Patient.birthDate'],
    ['"name":[]', 422, 'Patient.name'],
    ['"name":[{}]', 422, 'Patient.name[0]'],
    ['"name":[null]', 422, 'Patient.name[0]'],
    ['"birthDate":null', 422, 'Patient.birthDate'],
    ['"birthDate":""', 422, 'Patient.birthDate'],
    ['"deceasedBoolean":true,"deceasedDateTime":"2001"', 422, 'Patient.deceased'],
    ['"managingOrganization":{"reference":"Patient/1"}', 422, 'Patient.managingOrganization'],
    ['"link":[{"other":{"reference":"Patient/1"}}]', 422, 'Patient.link[0].type'],
    ['"text":{"status":"generated","div":"<div><script>x</script></div>"}', 422, 'Patient.text.div'],
  ]
  for (const [members, status, place] of wrong)
    refused(t, await post(`{"resourceType":"Patient",${members}}`), status, place)
})

t.test('text that is no text is refused', async t => {
  for (const text of ['\\u0000', 'a\\u0000b', '\\ud800', '\\udc00\\ud800', '\\u0007'])
    refused(t, await post(`{"resourceType":"Patient","name":[{"text":"${text}"}]}`), text === '\\u0007' ? 422 : 400)
  const bytes = Buffer.concat([
    Buffer.from('{"resourceType":"Patient","name":[{"text":"'),
    Buffer.from([0xff, 0xfe, 0xc3]),
    Buffer.from('"}]}'),
  ])
  t.ok((await post(bytes)).status < 500, 'bytes that are no UTF-8')
})

t.test('a path or query with a broken escape is refused', async t => {
  for (const path of [
    '/Patient/%',
    '/Patient/%zz',
    '/Patient/%c3%28',
    '/Patient?name=%',
    '/Patient?name=%zz',
    '/Patient?%ff=1',
    '/Patient?name=%c3%28',
  ])
    refused(t, await send('GET', path), 400, '%25')
  refused(
    t,
    await send('POST', '/Patient/_search', 'name=%zz', { 'content-type': 'application/x-www-form-urlencoded' }),
    400,
  )
})

t.test('U+0000 in a path, a name or a value finds nothing and breaks nothing', async t => {
  for (const path of [
    '/Patient/a%00b',
    '/Patient?name=a%00b',
    '/Patient?_id=%00',
    '/Patient?na%00me=x',
    '/Patient?identifier=a%7C%00',
    '/Patient/1/_history/%00',
  ])
    t.match((await send('GET', path)).status, /^40[04]$/, path)
})

t.test('an endless name, value or list of parameters breaks nothing', async t => {
  const long = 'x'.repeat(10_000)
  for (const path of [
    `/Patient/${long}`,
    `/Patient?name=${long}`,
    `/Patient?${long}=1`,
    `/Patient?_id=${'a,'.repeat(3000)}a`,
    `/Patient?${'name=a&'.repeat(400)}name=a`,
  ])
    t.ok((await send('GET', path)).status < 500, path.slice(0, 40))
  t.ok((await send('GET', `/Patient?name=${'x'.repeat(100_000)}`)).status < 500)
})

t.test('a type without a body says nothing, where nothing needs to be said', async t => {
  for (const type of ['application/json', 'application/fhir+json', 'application/x-www-form-urlencoded']) {
    const headers = { 'content-type': type, 'content-length': '0' }
    t.equal((await send('DELETE', '/Patient/nobody', undefined, headers)).status, 204, type)
    t.equal((await send('POST', '/ValueSet/$expand', undefined, headers)).status, 400, type)
    t.equal((await send('POST', '/Patient/_search?name=nobody', undefined, headers)).status, 200, type)
    refused(t, await send('POST', '/', undefined, headers), type.endsWith('json') ? 400 : 415)
  }
})

t.test('conditions that cannot be read are refused', async t => {
  const body = '{"resourceType":"Patient","id":"a"}'
  const put = (headers: Record<string, string>) => send('PUT', '/Patient/a', body, { ...FHIR_JSON, ...headers })
  for (const tag of ['1', 'W/1', 'w/"1"', '"1', '"1" "2"', '"1", 2', '*, "1"', ',', ''])
    refused(t, await put({ 'if-match': tag }), 400, 'If-Match')
  refused(t, await put({ 'if-none-match': 'W/1' }), 400, 'If-None-Match')
  const create = (query: string) => send('POST', '/Patient', body, { ...FHIR_JSON, 'if-none-exist': query })
  for (const query of ['', '_count=1', '?', 'nonsense=1', 'identifier', 'birthdate=yesterday'])
    refused(t, await create(query), 400)
  refused(t, await send('PUT', '/Patient?_count=1', body), 400)
})

t.test('of all this, nothing was written', async t => {
  const left = (await storedVersions(s.pool)).filter(name => !before.includes(name))
  t.ok(left.length <= 1, `${left}: at most the one whose bytes were no UTF-8`)
  t.equal((await engine('/Patient/a')).status, 404)
})

t.test('any text that is text comes back as it was', async t => {
  const texts = [
    '👩🏽‍⚕️',
    'e\u0301 é',
    '\u202eabc',
    'ﷺ',
    'a\tb\r\nc',
    '\\u0041 "\\"',
    '\u2028',
    '名前',
    '&amp;<b>',
    "Robert'); DROP TABLE patient;--",
  ]
  const wrong: number[] = []
  for (const [index, text] of texts.entries()) {
    const made = await engine('/Patient', { method: 'POST', body: { resourceType: 'Patient', name: [{ text }] } })
    const found = await engine(`/Patient/${made.json.id}`)
    const byName = await engine(`/Patient?name:exact=${encodeURIComponent(text.replaceAll(/[\\,|$]/g, '\\$&'))}`)
    const isRight = JSON.stringify(found.json.name) === JSON.stringify([{ text }]) && namesOf(byName).length === 1
    if (!isRight) wrong.push(index)
  }
  t.same(wrong, [])
})
