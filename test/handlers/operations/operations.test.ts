// What holds for every operation, those that are declared later too.
import t from 'tap'
import { isComplex } from '../../../src/fhir/model.ts'
import { PRIMITIVES } from '../../../src/fhir/primitives.ts'
import { OPERATIONS, typesOf } from '../../../src/handlers/operations/index.ts'
import { definitions } from '../../../src/resources/index.ts'
import { client } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { engineToken, patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const nothing = client(s, await patientToken(s, 'alice', 'openid'))
const stranger = client(s)

type Operation = { name: string; definition: string }
const statement = (await engine('/metadata')).json as {
  rest: { operation: Operation[]; resource: { type: string; operation?: Operation[] }[] }[]
}
const [rest] = statement.rest

const ways = OPERATIONS.flatMap(operation =>
  (['system', 'type', 'instance'] as const).flatMap(level =>
    (operation.levels[level] ? (level === 'system' ? [''] : typesOf(operation)) : []).map(type => ({
      operation,
      level,
      type,
      path: [type && `/${type}`, level === 'instance' ? '/absent' : '', `/$${operation.name}`].join(''),
      methods: operation.levels[level] ?? [],
    })),
  ),
)

t.test('the CapabilityStatement names each where it is, by a canonical url, and no other', async t => {
  verifies('fhir-rest', 'REST-50')
  const claimed = [
    ...(rest?.operation ?? []).map(({ name }) => `$${name}`),
    ...(rest?.resource ?? []).flatMap(({ type, operation = [] }) => operation.map(({ name }) => `${type}/$${name}`)),
  ]
  const declared = ways.map(
    ({ level, type, operation }) => (level === 'system' ? '' : `${type}/`) + `$${operation.name}`,
  )
  t.same([...new Set(claimed)].sort(), [...new Set(declared)].sort())
  for (const { definition } of OPERATIONS) t.match(definition, /^http:\/\/hl7\.org\/fhir\/.*OperationDefinition\//)
})

t.test('parameters are of datatypes, and what changes something has no GET', async t => {
  for (const { name, parameters, affectsState, levels } of OPERATIONS) {
    for (const { type } of Object.values(parameters))
      t.ok(type === 'Resource' || PRIMITIVES.has(type) || isComplex(type), name)
    if (affectsState) t.notOk(Object.values(levels).flat().includes('GET'), name)
  }
})

t.test('each is there by its methods and refuses others with those that it has', async t => {
  verifies('fhir-rest', 'REST-52')
  const faults: string[] = []
  for (const { path, methods } of ways)
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
      const reply = await engine(path, { method })
      const isThere = (methods as readonly string[]).includes(method)
      const isRefused = reply.status === 405 && reply.headers.allow?.includes(methods[0] ?? '')
      const isAnswer = reply.status !== 405 && reply.status < 500 && reply.json.resourceType !== undefined
      if (isThere ? !isAnswer : !isRefused) faults.push(`${method} ${path} ${reply.status}`)
    }
  t.same(faults, [])
})

t.test('none is open without a token, and an unknown parameter is refused', async t => {
  const faults: string[] = []
  for (const { path, methods, operation } of ways) {
    const [method = 'GET'] = methods
    if ((await stranger(path, { method })).status !== 401) faults.push(`${path} without a token`)
    const { status, text } = await engine(`${path}?no-such-parameter=1`, { method })
    if (status !== 400 || !text.includes('no-such-parameter')) faults.push(`${path} ${operation.name} ${text}`)
  }
  t.same(faults, [])
})

t.test('none shows or changes anything of the store for a token without a scope', async t => {
  const open = new Set(['expand', 'validate-code', 'validate'])
  const faults: string[] = []
  for (const { path, methods, operation, level, type } of ways) {
    if (open.has(operation.name) && level === 'type') continue
    const parameter = Object.entries(operation.parameters)
      .filter(([, { min = 0 }]) => min > 0)
      .map(([name, { type }]) =>
        type === 'Meta' ? { name, valueMeta: { tag: [{ code: 'x' }] } } : { name, valueId: 'alice' },
      )
    const [method = 'GET'] = methods
    const body = method === 'POST' ? { body: { resourceType: 'Parameters', parameter } } : {}
    const query = method === 'GET' && parameter.length > 0 ? `?${parameter[0]?.name}=alice` : ''
    const reply = await nothing(path + query, { method, ...body })
    const isEmpty = level === 'system' && reply.status === 200 && reply.text === '{"resourceType":"Parameters"}'
    if (reply.status !== 403 && !isEmpty && definitions.has(type || 'Patient'))
      faults.push(`${method} ${path} ${reply.status} ${reply.text}`)
  }
  t.same(faults, [])
})
