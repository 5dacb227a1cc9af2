// What was asked for is done or refused; nothing of it is passed over in silence.
import t from 'tap'
import { client, linkOf, namesOf, store } from '../support/client.ts'
import { observation, patient } from '../support/made.ts'
import { rawRequest } from '../support/raw-request.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const token = await engineToken(s)
const engine = client(s, token)
await store(engine, [
  patient('alice', { name: [{ family: 'Archer' }] }),
  observation('one', 'alice', { effectiveDateTime: '2026-01-02' }),
  observation('two', 'alice', { effectiveDateTime: '2026-01-01' }),
  observation('three', 'alice', { effectiveDateTime: '2026-01-02' }),
])

t.test('what a read or a write of one resource does not know is refused, with what it knows', async t => {
  verifies('fhir-rest', 'REST-99')
  const before = await storedVersions(s.pool)
  const wrong: [method: string, path: string][] = [
    ['GET', '/Patient/alice?_sumary=true'],
    ['HEAD', '/Patient/alice?_sumary=true'],
    ['GET', '/Patient/alice?name=archer'],
    ['GET', '/Patient/alice/_history/1?_sumary=true'],
    ['PUT', '/Patient/alice?_summary=true'],
    ['DELETE', '/Patient/alice?identifier=1'],
    ['PATCH', '/Patient/alice?identifier=1'],
    ['POST', '/Patient?identifier=1'],
  ]
  for (const [method, path] of wrong) {
    const body = method === 'GET' || method === 'HEAD' || method === 'DELETE' ? {} : { body: patient('alice') }
    const reply = await engine(path, { method, ...body })
    t.equal(reply.status, 400, `${method} ${path}`)
    if (method !== 'HEAD') t.match(reply.text, /(_sumary|name|_summary|identifier).*_format/, `${method} ${path}`)
  }
  t.match((await engine('/Patient/alice?_sumary=true')).text, /Did you mean \\"_summary\\"/)
  t.same(await storedVersions(s.pool), before, 'nothing was written')
  const lenient = await engine('/Patient/alice?_sumary=true', { headers: { prefer: 'handling=lenient' } })
  t.equal(lenient.status, 200)
  const formats = '_format=json&_pretty=true'
  t.equal((await engine(`/Patient/alice?${formats}&_summary=true`)).status, 200)
  t.equal((await engine(`/Patient/alice?${formats}`, { method: 'PUT', body: patient('alice') })).status, 200)
})

t.test('a path is found with a slash at its end', async t => {
  verifies('fhir-rest', 'REST-46')
  const paths = ['/metadata', '/Patient', '/Patient/alice', '/Patient/alice/_history', '/Patient/alice/Observation']
  for (const path of [...paths, '/Patient/alice/$everything', '/_history', '/$meta', '/Patient/alice/_history/1'])
    t.equal((await engine(`${path}/`)).status, 200, path)
  t.equal((await engine('/Patient/_search/?name=archer', { method: 'POST' })).status, 200)
  t.equal((await engine('/Patient/alice/', { method: 'PUT', body: patient('alice') })).status, 200)
  t.equal((await engine('/Patient/?name=archer')).status, 200)
  t.equal((await engine('/Patient/alice//')).status, 404)
})

t.test('only what is possible is in Allow', async t => {
  verifies('fhir-rest', 'REST-6')
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const reply = await engine('/metadata', { method })
    t.match(reply, { status: 405, headers: { allow: /^(HEAD, GET|GET, HEAD)$/ } }, method)
  }
})

t.test('what a search says of its answer is said once, or means all of it', async t => {
  verifies('fhir-rest', 'REST-99')
  for (const query of ['_count=1&_count=2', '_total=none&_total=accurate', '_summary=true&_summary=false']) {
    const reply = await engine(`/Observation?${query}`)
    t.equal(reply.status, 400, query)
    t.match(reply.text, /twice/)
  }
  t.equal((await engine('/Observation?_count=1&_count=1')).status, 200, 'the same again is no contradiction')
  const form = new URLSearchParams([['_count', '2']])
  t.equal((await engine('/Observation/_search?_count=1', { method: 'POST', body: form })).status, 400)
  t.same(namesOf(await engine('/Observation?_sort=-date&_sort=_id')), [
    'Observation/one',
    'Observation/three',
    'Observation/two',
  ])
  t.same(namesOf(await engine('/Observation?_sort=date&_sort=-_id')), [
    'Observation/two',
    'Observation/three',
    'Observation/one',
  ])
})

t.test('an include of what its parameter does not lead to is refused', async t => {
  verifies('fhir-rest', 'REST-99')
  for (const include of [
    'Observation:subject:Practitioner',
    'Observation:subject:Nonsense',
    'Observation:*:Nonsense',
  ]) {
    const reply = await engine(`/Observation?_include=${include}`)
    t.equal(reply.status, 400, include)
    t.match(reply.text, include.split(':')[2] ?? '', include)
  }
  const revinclude = await engine('/Patient?_revinclude=Observation:subject:Nonsense')
  t.equal(revinclude.status, 400)
  for (const include of ['Observation:subject:Patient', 'Observation:subject:Group', 'Observation:*:Patient'])
    t.equal((await engine(`/Observation?_include=${include}`)).status, 200, include)
})

t.test('the format of a search by POST may stand in its form', async t => {
  verifies('fhir-rest', 'REST-3', 'REST-61')
  const ask = (form: Record<string, string>, headers = {}) =>
    engine('/Patient/_search', { method: 'POST', body: new URLSearchParams(form), headers })
  t.equal((await ask({ _format: 'xml' })).status, 406)
  t.match((await ask({ _format: 'application/json' })).headers['content-type'], /^application\/json/)
  t.match((await ask({ _pretty: 'true' })).text, /\n {2}"resourceType"/)
  t.match(linkOf(await ask({ name: 'archer', _format: 'json' }), 'self'), /name=archer/)
})

t.test('a form is known by its media type, however that is written', async t => {
  verifies('fhir-rest', 'REST-61')
  for (const type of ['Application/X-WWW-Form-Urlencoded', 'application/x-www-form-urlencoded ; charset=UTF-8']) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': type }
    const { status, text } = await rawRequest(s, '/fhir/Patient/_search', {
      method: 'POST',
      headers,
      body: 'name=nobody',
    })
    t.equal(status, 200, type)
    t.match(text, /"total":0/)
  }
})

t.test('_pretty is true or false', async t => {
  verifies('fhir-rest', 'REST-9')
  for (const path of ['/Patient/alice', '/Patient', '/metadata', '/Patient/alice/_history', '/Patient/alice/$meta']) {
    const reply = await engine(`${path}?_pretty=perhaps`)
    t.equal(reply.status, 400, path)
    t.match(reply.text, /_pretty.*true or false.*perhaps/)
    t.equal((await engine(`${path}?_pretty=false`)).status, 200, path)
  }
})

t.test('a body that is no text in UTF-8 is refused, not mended', async t => {
  verifies('fhir-rest', 'REST-99', 'REST-5')
  const before = await storedVersions(s.pool)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' }
  const latin = Buffer.from('{"resourceType":"Patient","name":[{"family":"Zo\xeb"}]}', 'latin1')
  const cut = Buffer.from('{"resourceType":"Patient","name":[{"family":"Zo\xc3"}]}', 'latin1')
  for (const body of [latin, cut]) {
    const { status, text } = await rawRequest(s, '/fhir/Patient', { method: 'POST', headers, body })
    t.equal(status, 400)
    t.match(text, /UTF-8/)
  }
  t.same(await storedVersions(s.pool), before)
  const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' }
  const search = { method: 'POST', headers: form, body: Buffer.from('name=Zo\xeb', 'latin1') }
  t.equal((await rawRequest(s, '/fhir/Patient/_search', search)).status, 400)
})

t.test('words with control characters are refused', async t => {
  verifies('fhir-rest', 'REST-67')
  for (const name of ['_text', '_content']) {
    const reply = await engine(`/Patient?_id=alice&${name}=a%00b`)
    t.equal(reply.status, 400)
    t.match(reply.text, /control character/)
  }
})
