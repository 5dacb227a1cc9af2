import t from 'tap'
import { client } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const PATIENT = { resourceType: 'Patient', id: 'a' }

const put = (headers: Record<string, string>, body = PATIENT) => engine('/Patient/a', { method: 'PUT', body, headers })
await put({})
await put({}, { ...PATIENT, active: true } as typeof PATIENT)

const status = async (path: string, headers: Record<string, string>) => (await engine(path, { headers })).status

t.test('If-None-Match is compared with the version, in every form', async t => {
  verifies('fhir-rest', 'REST-17')
  for (const path of ['/Patient/a', '/Patient/a/_history/2']) {
    for (const tag of ['W/"2"', '"2"', 'W/"1", W/"2"', '"7" , "2"', '*'])
      t.equal(await status(path, { 'if-none-match': tag }), 304, `${path} ${tag}`)
    for (const tag of ['W/"1"', '"12"', 'W/"1", W/"3"', 'nonsense'])
      t.equal(await status(path, { 'if-none-match': tag }), 200, `${path} ${tag}`)
  }
})

t.test('a 304 has the headers of the version and no body', async t => {
  const [full, known] = [
    await engine('/Patient/a'),
    await engine('/Patient/a', { headers: { 'if-none-match': 'W/"2"' } }),
  ]
  t.equal(known.text, '')
  for (const name of ['etag', 'last-modified']) t.equal(known.headers[name], full.headers[name])
})

t.test('If-Modified-Since counts whole seconds, and steps back before If-None-Match', async t => {
  const modified = (await engine('/Patient/a')).headers['last-modified'] ?? ''
  const before = new Date(Date.parse(modified) - 1000).toUTCString()
  t.equal(await status('/Patient/a', { 'if-modified-since': modified }), 304)
  t.equal(await status('/Patient/a', { 'if-modified-since': before }), 200)
  t.equal(await status('/Patient/a', { 'if-modified-since': 'yesterday' }), 200)
  t.equal(await status('/Patient/a', { 'if-modified-since': modified, 'if-none-match': 'W/"1"' }), 200)
})

t.test('a search has no tag', async t => {
  t.equal((await engine('/Patient')).headers.etag, undefined)
})

t.test('If-Match takes lists, and weak and strong tags', async t => {
  verifies('fhir-rest', 'REST-27')
  for (const tag of ['W/"2"', '"2"', 'W/"1", W/"2"', ', "a,b" , "2",', '*'])
    t.equal((await put({ 'if-match': tag }, { ...PATIENT, active: true } as typeof PATIENT)).status, 200, tag)
  for (const tag of ['W/"1"', '"3"', 'W/"1","3"', '"x"', 'W/""', 'W/"0"', 'W/"02"', '"99999999999999999999"']) {
    const reply = await put({ 'if-match': tag })
    t.equal(reply.status, 412, tag)
    t.match(reply.json, { issue: [{ details: { coding: [{ code: 'RESOURCE_VERSION_MISMATCH' }] } }] })
  }
  const fresh = { method: 'PUT', body: { resourceType: 'Patient', id: 'none' }, headers: { 'if-match': '*' } }
  t.equal((await engine('/Patient/none', fresh)).status, 412)
})

t.test('If-None-Match: * creates only what is not there', async t => {
  const make = (id: string, tag = '*') =>
    engine(`/Patient/${id}`, {
      method: 'PUT',
      body: { resourceType: 'Patient', id },
      headers: { 'if-none-match': tag },
    })
  t.equal((await make('new')).status, 201)
  t.equal((await make('new')).status, 412)
  t.equal((await make('new', 'W/"1"')).status, 412)
  for (const tag of ['W/"7"', '"x"']) t.equal((await make('new', tag)).status, 200, tag)
  await engine('/Patient/new', { method: 'DELETE' })
  t.equal((await make('new')).status, 201, 'a deleted one is not there')
})
