import type { Bundle } from 'fhir/r4.js'
import { CapabilityTool, Client } from 'fhir-kit-client'
import t from 'tap'
import { demoServer } from '../support/demo.ts'
import { engineToken, patientToken } from '../support/token.ts'

const server = await demoServer(t)
const baseUrl = `${server.baseUrl}/fhir`
const bearerToken = await patientToken(server, 'alice')
const alice = new Client({ baseUrl, bearerToken })
const idsOf = (bundle: unknown): string[] => (bundle as Bundle).entry?.map(({ resource }) => resource?.id ?? '') ?? []

t.test('looks up in the CapabilityStatement what is possible', async t => {
  const tool = new CapabilityTool(await alice.capabilityStatement())
  t.ok(tool.serverSearch('_type'))
  t.notOk(tool.serverSearch('family'))
  t.notOk(tool.resourceCan('Claim', 'read'))
  t.notOk(tool.resourceSearch('Patient', 'colour'))
  const resourceType = 'Observation'
  t.ok(tool.interactionsFor({ resourceType }).includes('search-type'))
  t.ok(tool.searchParamsFor({ resourceType }).includes('combo-code'))
  t.match(tool.resourceCapabilities({ resourceType }), { versioning: 'versioned', conditionalCreate: true })
  t.same(tool.capabilityContents({ resourceType, capabilityType: 'conditionalDelete' }), 'single')
  t.ok(tool.supportFor({ resourceType, capabilityType: 'searchInclude' }))
  t.ok(tool.supportFor({ resourceType: 'Patient', capabilityType: 'operation', where: { name: 'everything' } }))
  t.match(tool.serverCapabilities(), { mode: 'server', security: { cors: true } })
})

t.test('asks each kind of search and of history by a method of its own', async t => {
  const searchParams = { category: 'LAB', _sort: '_id' }
  const found = ['haemoglobin', 'potassium', 'sodium']
  t.same(idsOf(await alice.resourceSearch({ resourceType: 'Observation', searchParams })), found)
  const compartment = { resourceType: 'Patient', id: 'alice' }
  t.same(idsOf(await alice.compartmentSearch({ resourceType: 'Observation', compartment, searchParams })), found)
  t.same(idsOf(await alice.systemSearch({ searchParams: { _type: 'Patient' } })), ['alice'])
  t.same(idsOf(await alice.resourceHistory({ resourceType: 'Patient', id: 'alice' })), ['alice'])
  t.same(idsOf(await alice.typeHistory({ resourceType: 'Patient' })), ['alice'])
  t.ok(idsOf(await alice.systemHistory()).includes('sodium'))
})

t.test('sends headers of its own, which come back where they are for that', async t => {
  const client = new Client({ baseUrl, bearerToken, customHeaders: { 'X-Request-Id': 'request-of-the-client' } })
  const patient = await client.read({ resourceType: 'Patient', id: 'alice' })
  const { request, response } = Client.httpFor(patient)
  t.equal(request?.headers.get('x-request-id'), 'request-of-the-client')
  t.equal(response?.headers.get('x-request-id'), 'request-of-the-client')
  client.customHeaders = { 'If-None-Match': 'W/"1"' }
  const unchanged = await client.read({ resourceType: 'Patient', id: 'alice' }).then(
    read => Client.httpFor(read).response?.status,
    error => error.response.status,
  )
  t.equal(unchanged, 304)
})

t.test('signs its requests itself', async t => {
  const requestSigner = (_url: string, { headers }: { headers: Headers | Record<string, string> }) => {
    if (headers instanceof Headers) headers.set('authorization', `Bearer ${bearerToken}`)
    else headers.authorization = `Bearer ${bearerToken}`
  }
  const client = new Client({ baseUrl, requestSigner: requestSigner as never })
  t.match(await client.read({ resourceType: 'Patient', id: 'alice' }), { id: 'alice' })
})

t.test('changes its token and its server while it is used', async t => {
  const client = new Client({ baseUrl: 'https://another.example/fhir', bearerToken: 'none' })
  client.baseUrl = baseUrl
  client.bearerToken = bearerToken
  t.match(await client.read({ resourceType: 'Patient', id: 'alice' }), { id: 'alice' })
  t.match(await client.request(`${baseUrl}/Patient/alice`), { id: 'alice' }, 'by its whole address')
})

t.test('stops when it is told to', async t => {
  const abort = new AbortController()
  abort.abort()
  const options = { signal: abort.signal }
  await t.rejects(alice.read({ resourceType: 'Patient', id: 'alice', options }), { name: 'AbortError' })
})

t.test('deletes by what a search finds, and creates what no search finds', async t => {
  const engine = new Client({ baseUrl, bearerToken: await engineToken(server) })
  const identifier = 'https://fhir.example-trust.nhs.uk/Id/mrn|by-search'
  const body = { resourceType: 'Patient', identifier: [{ system: identifier.split('|')[0], value: 'by-search' }] }
  const headers = { 'If-None-Exist': `identifier=${encodeURIComponent(identifier)}` }
  const made = await engine.create({ resourceType: 'Patient', body, options: { headers } })
  t.equal(Client.httpFor(made).response?.status, 201)
  const query = `Patient?identifier=${encodeURIComponent(identifier)}`
  const deleted = await engine.request(query, { method: 'DELETE' })
  t.equal(Client.httpFor(deleted).response?.status, 204)
  t.same(idsOf(await engine.search({ resourceType: 'Patient', searchParams: { identifier } })), [])
})
