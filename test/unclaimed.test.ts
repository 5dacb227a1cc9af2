// What the CapabilityStatement of a running server does not claim is refused, and changes nothing.
import t from 'tap'
import { RESOURCE_TYPES } from '../src/fhir/model.ts'
import { claimsOf, does, idOf, isRefused } from './support/claims.ts'
import type { Reply, Sent } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { server } from './support/server.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t)
const { engine, resources, system, eachType, create } = await claimsOf(s)

const jsonPatch = (operations: unknown): Sent => ({
  method: 'PATCH',
  body: JSON.stringify(operations),
  headers: { 'content-type': 'application/json-patch+json' },
})
const ADD = [{ op: 'add', path: '/language', value: 'cy' }]

t.test('patch is done where it is claimed, and refused with 405 where it is not', async t => {
  const faults: string[] = []
  for (const claimed of resources) {
    const { type } = claimed
    const id = idOf(await create(type))
    const reply = await engine(`/${type}/${id}`, jsonPatch(ADD))
    const isDone = reply.status === 200 && (await engine(`/${type}/${id}`)).json.language === 'cy'
    const isRight = does('patch')(claimed) ? isDone : reply.status === 405 && isRefused(reply)
    if (!isRight) faults.push(`${type}: ${reply.status} ${reply.text}`)
  }
  t.same(faults, [])
})

t.test('no interaction with a type that is not claimed is done', async t => {
  verifies('fhir-rest', 'REST-50', 'REST-53')
  const check = async (type: string) => {
    const id = idOf(await create(type))
    const empty = { method: 'POST', body: { resourceType: 'Parameters' } }
    const claimed = resources.find(each => each.type === type)
    const unclaimed: Record<string, Promise<Reply>> = {
      'create at an id': engine(`/${type}/${id}`, { method: 'POST', body: minimal(type) }),
      'write of a version': engine(`/${type}/${id}/_history/1`, { method: 'PUT', body: minimal(type, id) }),
      'delete of a version': engine(`/${type}/${id}/_history/1`, { method: 'DELETE' }),
      'delete of a history': engine(`/${type}/${id}/_history`, { method: 'DELETE' }),
      'unknown operation': engine(`/${type}/$unknown`, empty),
      'unknown operation of one': engine(`/${type}/${id}/$unknown`, empty),
      'unknown operation by GET': engine(`/${type}/${id}/$unknown`),
    }
    if (claimed && !does('history-type')(claimed)) unclaimed['history-type'] = engine(`/${type}/_history`)
    if (claimed?.conditionalDelete === 'not-supported')
      unclaimed['conditional delete'] = engine(`/${type}?_id=${id}`, { method: 'DELETE' })
    const found: Record<string, unknown> = {}
    for (const [name, reply] of Object.entries(unclaimed)) found[name] = isRefused(await reply) || (await reply).text
    return { ...found, 'is still there': (await engine(`/${type}/${id}/_history`)).text.includes('W/\\"1\\"') }
  }
  await eachType(t, () => true, check)
})

t.test('no interaction with the system that is not claimed is done', async t => {
  const codes = new Set(system)
  const form = new URLSearchParams([['_type', 'Patient']])
  const tried: [code: string, reply: Reply][] = [
    ['search-system', await engine('/?_type=Patient')],
    ['search-system', await engine('/_search', { method: 'POST', body: form })],
    ['history-system', await engine('/_history')],
    ['operation', await engine('/$unknown', { method: 'POST', body: { resourceType: 'Parameters' } })],
    ['operation', await engine('/$unknown')],
    ['put', await engine('/', { method: 'PUT', body: { resourceType: 'Bundle', type: 'batch' } })],
    ['delete', await engine('/', { method: 'DELETE' })],
  ]
  for (const [code, reply] of tried) if (!codes.has(code)) t.ok(isRefused(reply), `${code}: ${reply.text}`)
  for (const type of ['transaction', 'batch']) {
    const entry = [{ request: { method: 'GET', url: 'Patient/absent' } }]
    const { status } = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry } })
    t.equal(codes.has(type), status === 200 || status === 404, type)
  }
})

t.test('no type of R4 that is not claimed is served', async t => {
  verifies('smart-2.2', 'SAL-244')
  verifies('fhir-rest', 'REST-6', 'REST-50')
  const claimed = new Set(resources.map(({ type }) => type))
  const others = [...RESOURCE_TYPES].filter(type => !claimed.has(type))
  t.ok(others.length > 50)
  for (const type of others) {
    const replies = [
      await engine(`/${type}`),
      await engine(`/${type}/1`),
      await engine(`/${type}`, { method: 'POST', body: { resourceType: type } }),
      await engine(`/${type}/1`, { method: 'PUT', body: { resourceType: type, id: '1' } }),
    ]
    for (const reply of replies) t.ok(reply.status === 404 && isRefused(reply), `${type} ${reply.status} ${reply.text}`)
  }
})

t.test('what Allow says is allowed', async t => {
  verifies('fhir-rest', 'REST-6')
  const path = `/Patient/${idOf(await create('Patient'))}`
  const refused = await engine(path, { method: 'POST', body: minimal('Patient') })
  t.equal(refused.status, 405)
  const allowed = (refused.headers.allow ?? '').split(', ')
  t.ok(allowed.length > 2, String(allowed))
  for (const method of allowed) {
    const body = method === 'PUT' ? minimal('Patient') : method === 'PATCH' ? [] : undefined
    const { status } = await engine(path, { method, ...(body ? { body } : {}) })
    t.not(status, 405, method)
  }
})
