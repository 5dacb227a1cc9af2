import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, entriesOf, type Reply } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))

const SODIUM =
  '{"resourceType":"Observation","id":"sodium","status":"final","identifier":[{"system":"http://x","value":"1"}],' +
  '"code":{"text":"Sodium"},"valueQuantity":{"value":140.00,"unit":"mmol/L"},"note":[{"text":"a"},{"text":"b"}]}'
const JSON_PATCH = 'application/json-patch+json'

/** Sends a patch as it stands, so that its digits arrive. */
const send = (path: string, patch: unknown, headers: Record<string, string> = {}) =>
  engine(path, {
    method: 'PATCH',
    body: typeof patch === 'string' ? patch : JSON.stringify(patch),
    headers: { 'content-type': JSON_PATCH, ...headers },
  })

const replace = (path: string, value: unknown) => [{ op: 'replace', path, value }]

const fhirPath = (path: string, value: Json): Json => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: path },
        { name: 'value', ...value },
      ],
    },
  ],
})

const versionOf = ({ json }: Reply): unknown => (json.meta as Json | undefined)?.versionId
const fresh = async (id = 'sodium') => {
  await engine(`/Observation/${id}`, { method: 'DELETE' })
  return await engine(`/Observation/${id}`, { method: 'PUT', body: SODIUM.replace('"id":"sodium"', `"id":"${id}"`) })
}

t.test('a JSON Patch makes a new version, and keeps every digit', async t => {
  verifies('fhir-rest', 'REST-32')
  const before = versionOf(await fresh())
  const reply = await send(
    '/Observation/sodium',
    '[{"op":"add","path":"/component","value":[{"code":{"text":"x"},"valueQuantity":{"value":1.500}}]}]',
  )
  t.equal(reply.status, 200, reply.text)
  t.equal(versionOf(reply), String(Number(before) + 1))
  t.equal(reply.headers.etag, `W/"${Number(before) + 1}"`)
  for (const digits of ['"value":140.00,', '"value":1.500}']) t.match(reply.text, digits)
  t.equal((await engine('/Observation/sodium')).text, reply.text)
  const history = (await engine('/Observation/sodium/_history?_count=1')).json.entry as { request: Json }[]
  t.same(history[0]?.request, { method: 'PUT', url: 'Observation/sodium' })
})

t.test('a FHIRPath Patch makes a new version', async t => {
  verifies('fhir-rest', 'REST-33')
  await fresh()
  const body = fhirPath('Observation.valueQuantity.value', { valueDecimal: 'DIGITS' })
  const reply = await send('/Observation/sodium', JSON.stringify(body).replace('"DIGITS"', '141.50'), {
    'content-type': 'application/fhir+json',
  })
  t.equal(reply.status, 200, reply.text)
  t.match(reply.text, '"value":141.50,')
})

t.test('a patch that changes nothing makes no new version', async t => {
  const before = versionOf(await fresh())
  for (const patch of [[], replace('/status', 'final')]) {
    const reply = await send('/Observation/sodium', patch)
    t.equal(reply.status, 200)
    t.equal(versionOf(reply), before)
  }
})

t.test('the version that If-Match names is patched, and no other', async t => {
  const etag = (await fresh()).headers.etag ?? ''
  t.equal((await send('/Observation/sodium', replace('/status', 'amended'), { 'if-match': 'W/"999"' })).status, 412)
  t.equal((await send('/Observation/sodium', replace('/nothing', 1), { 'if-match': 'W/"999"' })).status, 412)
  t.equal((await send('/Observation/sodium', replace('/status', 'amended'), { 'if-match': etag })).status, 200)
})

t.test('what is not there cannot be patched', async t => {
  t.equal((await send('/Observation/nobody', replace('/status', 'amended'))).status, 404)
  await fresh('gone')
  await engine('/Observation/gone', { method: 'DELETE' })
  t.equal((await send('/Observation/gone', replace('/status', 'amended'))).status, 410)
})

t.test('a patch that is none is 400, one that does not fit or makes no right resource 422', async t => {
  verifies('fhir-rest', 'REST-32', 'REST-34')
  await fresh()
  const cases: [number, unknown][] = [
    [400, '{"op":"add"}'],
    [400, '[{"op":"add"}]'],
    [400, '[{"op":"nonsense","path":"/status"}]'],
    [400, '[{'],
    [400, [{ op: 'move', from: '', path: '/note' }]],
    [400, [{ op: 'move', from: '/note', path: '/note/0' }]],
    [422, [{ op: 'move', from: '/note', path: '' }]],
    [422, [{ op: 'copy', from: '', path: '/note' }]],
    [422, replace('/nothing', 1)],
    [422, [{ op: 'test', path: '/status', value: 'amended' }, ...replace('/status', 'final')]],
    [422, replace('/id', 'other')],
    [422, [{ op: 'remove', path: '/id' }]],
    [422, replace('/resourceType', 'Patient')],
    [422, replace('', { resourceType: 'Observation' })],
    [422, [{ op: 'remove', path: '' }]],
    [422, [{ op: 'remove', path: '/status' }]],
    [422, [{ op: 'add', path: '/nonsense', value: 1 }]],
    [422, replace('/status', 'no-status')],
  ]
  for (const [status, patch] of cases) {
    const reply = await send('/Observation/sodium', patch)
    t.equal(reply.status, status, `${JSON.stringify(patch)} ${reply.text}`)
    t.equal(reply.json.resourceType, 'OperationOutcome')
  }
  const body = { method: 'PATCH', body: { resourceType: 'Observation' } }
  t.equal((await engine('/Observation/sodium', body)).status, 400)
  t.equal((await engine('/Observation/sodium', { ...body, body: fhirPath('Patient.name', {}) })).status, 400)
})

t.test('a patch that copies a list into itself again and again is refused before it fills the memory', async t => {
  await engine('/Patient/copied', {
    method: 'PUT',
    body: { resourceType: 'Patient', id: 'copied', name: [{ text: 'a' }] },
  })
  const doubling = Array(60).fill({ op: 'copy', from: '/name', path: '/name/-' })
  const refused = await send('/Patient/copied', doubling)
  t.equal(refused.status, 422)
  t.match(refused.text, 'copies more than 1000000 characters')
  t.equal(versionOf(await engine('/Patient/copied')), '1')
  t.equal((await send('/Patient/copied', [{ op: 'copy', from: '/name/0', path: '/name/-' }])).status, 200)
})

t.test('what a patch adds is linked and found', async t => {
  await engine('/Patient/pat', {
    method: 'PUT',
    body: { resourceType: 'Patient', id: 'pat', identifier: [{ system: 'http://p', value: '9' }] },
  })
  await fresh()
  const subject = { identifier: { system: 'http://p', value: '9' } }
  const reply = await send('/Observation/sodium', [{ op: 'add', path: '/subject', value: subject }])
  t.same(reply.json.subject, { ...subject, reference: 'Patient/pat' })
  t.equal(entriesOf(await engine('/Observation?patient=pat')).length, 1)
})

t.test('a conditional patch is of the one that matches', async t => {
  await fresh()
  const amended = replace('/status', 'amended')
  const reply = await send('/Observation?identifier=http://x|1', amended)
  t.equal(reply.status, 200, reply.text)
  t.equal(reply.json.status, 'amended')
  t.equal((await send('/Observation?identifier=http://x|none', amended)).status, 404)
  await fresh('second')
  t.equal((await send('/Observation?identifier=http://x|1', amended)).status, 412)
  t.equal((await send('/Observation', amended)).status, 400)
  await engine('/Observation/second', { method: 'DELETE' })
})

const inBundle = (type: string, ...entry: Json[]) =>
  engine('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry } })

const asBinary = (patch: unknown): Json => ({
  resourceType: 'Binary',
  contentType: JSON_PATCH,
  data: Buffer.from(JSON.stringify(patch)).toString('base64'),
})

const entryOf = (resource: Json, more: Json = {}): Json => ({
  resource,
  request: { method: 'PATCH', url: 'Observation/sodium', ...more },
})

t.test('entries of batches and transactions patch as requests do', async t => {
  for (const type of ['batch', 'transaction']) {
    const etag = (await fresh()).headers.etag ?? ''
    const first = await inBundle(type, entryOf(asBinary(replace('/status', 'amended')), { ifMatch: etag }))
    t.match(entriesOf(first)[0], { response: { status: '200 OK' } }, first.text)
    const text = fhirPath('Observation.note[1].text', { valueString: 'c' })
    const url = { url: 'Observation?identifier=http://x|1' }
    t.match(entriesOf(await inBundle(type, entryOf(text, url)))[0], { response: { status: '200 OK' } })
    const { json } = await engine('/Observation/sodium')
    t.match(json, { status: 'amended', note: [{ text: 'a' }, { text: 'c' }] })
  }
})

t.test('a patch that fails takes the transaction along, and names its entry', async t => {
  await fresh()
  const post = { resource: { resourceType: 'Patient', id: 'x' }, request: { method: 'PUT', url: 'Patient/not-made' } }
  const cases: [number, Json][] = [
    [422, asBinary(replace('/nothing', 1))],
    [400, asBinary({})],
    [400, { resourceType: 'Binary', contentType: 'text/plain', data: 'AAAA' }],
    [422, fhirPath('Observation.status', { valueCode: 'nonsense' })],
    [422, fhirPath('Observation.note', { valueString: 'x' })],
  ]
  for (const [status, resource] of cases) {
    const entry = { ...post, resource: { resourceType: 'Patient', id: 'not-made' } }
    const reply = await inBundle('transaction', entry, entryOf(resource))
    t.equal(reply.status, status, reply.text)
    t.match(reply.text, 'Bundle.entry[1]')
    t.notMatch(reply.text, /Bundle\.entry\[1\].*Bundle\.entry\[1\]/, 'once')
    const alone = await inBundle('batch', entryOf(resource))
    t.match(entriesOf(alone)[0], { response: { status: new RegExp(`^${status}`) } }, alone.text)
  }
  t.equal((await engine('/Patient/not-made')).status, 404)
})

t.test('a transaction patches one resource once, and refers to what it makes', async t => {
  await fresh()
  const patch = asBinary([
    { op: 'add', path: '/subject', value: { reference: 'urn:uuid:4f8f6d0a-9a1f-4a52-9c39-1a3c1d1b2e10' } },
  ])
  const patient = {
    fullUrl: 'urn:uuid:4f8f6d0a-9a1f-4a52-9c39-1a3c1d1b2e10',
    resource: { resourceType: 'Patient' },
    request: { method: 'POST', url: 'Patient' },
  }
  t.equal((await inBundle('transaction', entryOf(patch), patient)).status, 200)
  t.match((await engine('/Observation/sodium')).json, { subject: { reference: /^Patient\/[a-z0-9]{26}$/ } })
  t.equal((await inBundle('transaction', entryOf(patch), entryOf(patch))).status, 400)
})

t.test('a patch needs the letter u, and is not for patients’ apps', async t => {
  await fresh()
  const as = async (token: string) =>
    await client(s, token)('/Observation/sodium', {
      method: 'PATCH',
      body: replace('/status', 'amended'),
      headers: { 'content-type': JSON_PATCH },
    })
  t.equal((await as(await engineToken(s, 'system/Observation.crds'))).status, 403)
  t.equal((await as(await patientToken(s, 'pat', 'patient/*.cruds'))).status, 403)
  t.equal((await as(await engineToken(s, 'system/Observation.u'))).status, 200)
})

t.test('a patch of another media type is refused with those that are taken', async t => {
  const reply = await send('/Observation/sodium', '<diff/>', { 'content-type': 'application/xml' })
  t.equal(reply.status, 415)
  t.match(reply.headers['accept-patch'], JSON_PATCH)
  const create = { method: 'POST', body: '[]', headers: { 'content-type': JSON_PATCH } }
  t.equal((await engine('/Observation', create)).status, 415)
})
