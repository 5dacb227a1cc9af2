import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { client, type Reply, store } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { auditLines } from '../../support/stored.ts'
import { engineToken, patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const TAG = { system: 'http://example.org/tags', code: 'urgent' }
const OTHER = { system: 'http://example.org/tags', code: 'other' }
const SECRET = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }
const PROFILE = 'http://example.org/StructureDefinition/ours'

const observation = (id: string, patient: string, meta?: Json): Json => ({
  resourceType: 'Observation',
  id,
  ...(meta ? { meta } : {}),
  status: 'final',
  code: { text: 'x' },
  subject: { reference: `Patient/${patient}` },
})

await store(engine, [
  { resourceType: 'Patient', id: 'alice', meta: { tag: [OTHER] } },
  { resourceType: 'Patient', id: 'dev' },
  observation('hers', 'alice', { tag: [TAG], profile: [PROFILE] }),
  observation('plain', 'alice'),
  observation('devs', 'dev', { security: [SECRET] }),
])
const alice = client(s, await patientToken(s, 'alice'))

const metaOf = ({ json }: Reply): Json =>
  ((json.parameter as { name: string; valueMeta: Json }[] | undefined)?.[0]?.valueMeta ?? {}) as Json
const change = (path: string, meta: Json, more: { headers?: Record<string, string> } = {}, ask = engine) =>
  ask(path, {
    method: 'POST',
    body: { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: meta }] },
    ...more,
  })

t.test('of one resource', async t => {
  verifies('fhir-rest', 'REST-57')
  const reply = await alice('/Observation/hers/$meta')
  t.equal(reply.status, 200)
  t.match(reply.json, { resourceType: 'Parameters', parameter: [{ name: 'return' }] })
  t.match(metaOf(reply), { versionId: '1', tag: [TAG], profile: [PROFILE] })
  t.equal((await alice('/Observation/devs/$meta')).status, 404)
  t.equal((await alice('/Observation/absent/$meta')).status, 404)
  const narrow = client(s, await patientToken(s, 'alice', 'patient/Condition.rs'))
  t.equal((await narrow('/Observation/hers/$meta')).status, 403)
})

t.test('of a type and of all: what is in use on what the token shows', async t => {
  t.same(metaOf(await alice('/Observation/$meta')), { profile: [PROFILE], tag: [TAG] })
  t.same(metaOf(await engine('/Observation/$meta')), { profile: [PROFILE], security: [SECRET], tag: [TAG] })
  t.same(metaOf(await alice('/$meta')), { profile: [PROFILE], tag: [OTHER, TAG] })
  t.same((await alice('/Condition/$meta')).json, { resourceType: 'Parameters' })
  const narrow = client(s, await patientToken(s, 'alice', 'patient/Patient.rs'))
  t.same(metaOf(await narrow('/$meta')), { tag: [OTHER] })
  t.equal((await narrow('/Observation/$meta')).status, 403)
  await alice('/$meta', { headers: { 'x-request-id': 'labels' } })
  t.ok((await auditLines(s.pool)).some(line => line[1] === 'labels' && line[3] === '$meta'))
})

t.test('an engine adds and takes away labels: each makes a version, and what changes nothing makes none', async t => {
  verifies('fhir-rest', 'REST-57')
  const added = await change('/Observation/plain/$meta-add', {
    tag: [TAG, OTHER],
    security: [SECRET],
    profile: [PROFILE],
  })
  t.equal(added.status, 200)
  t.equal(added.headers.etag, 'W/"2"')
  t.match(metaOf(added), { versionId: '2', tag: [TAG, OTHER], security: [SECRET], profile: [PROFILE] })
  t.same((await change('/Observation/plain/$meta-add', { tag: [TAG] })).headers.etag, 'W/"2"')
  const found = await engine(`/Observation?_tag=${TAG.system}|${TAG.code}`)
  t.match(found.text, 'Observation/plain')
  const taken = await change('/Observation/plain/$meta-delete', { tag: [TAG], security: [SECRET], profile: [PROFILE] })
  t.match(metaOf(taken), { versionId: '3', tag: [OTHER] })
  t.same(Object.keys(metaOf(taken)).sort(), ['lastUpdated', 'tag', 'versionId'])
  t.equal((await engine('/Observation/plain/_history/2')).status, 200)
})

t.test('not by a patient’s app, not without a resource, not against a precondition', async t => {
  t.equal((await change('/Observation/hers/$meta-add', { tag: [OTHER] }, {}, alice)).status, 403)
  const writes = client(s, await patientToken(s, 'alice', 'patient/*.cruds'))
  t.equal((await change('/Observation/hers/$meta-add', { tag: [OTHER] }, {}, writes)).status, 403)
  t.equal((await change('/Observation/absent/$meta-add', { tag: [OTHER] })).status, 404)
  await store(engine, [observation('gone', 'alice')])
  await engine('/Observation/gone', { method: 'DELETE' })
  t.equal((await change('/Observation/gone/$meta-delete', { tag: [OTHER] })).status, 410)
  t.equal(
    (await change('/Observation/hers/$meta-add', { tag: [OTHER] }, { headers: { 'if-match': 'W/"9"' } })).status,
    412,
  )
  t.equal((await engine('/Observation/hers/$meta-add', { method: 'POST' })).status, 400)
  t.equal((await engine('/Observation/hers/$meta-add')).status, 405)
  t.equal((await change('/Observation/hers/$meta-add', { tag: [{ kode: 'x' }] })).status, 400)
})
