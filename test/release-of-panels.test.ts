// The values of a panel are released with its report, through however many panels the report names them.
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { client, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
await store(engine, [minimal('Patient', 'alice')])

const tag = (code: string) => ({ meta: { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code }] } })
const make = (type: string, id: string, more: Json): Json => ({
  ...giveTo(minimal(type, id), 'alice'),
  status: 'final',
  ...more,
})
const report = (id: string, more: Json) => make('DiagnosticReport', id, more)
const observation = (id: string, more: Json = {}) => make('Observation', id, more)

t.test('the values of a panel in a withheld report are hidden with it, in whatever order they come', async t => {
  const refer = (...ids: string[]) => ids.map(id => ({ reference: `Observation/${id}` }))
  const parts = (name: string) => ({
    report: report(name, { ...tag('SWTH'), result: refer(`${name}-panel`) }),
    panel: observation(`${name}-panel`, { hasMember: refer(`${name}-group`, `${name}-value`) }),
    group: observation(`${name}-group`, { hasMember: refer(`${name}-deep`) }),
    value: observation(`${name}-value`),
    deep: observation(`${name}-deep`),
  })
  const orders = [
    ['report', 'panel', 'group', 'value', 'deep'],
    ['deep', 'value', 'group', 'panel', 'report'],
    ['value', 'panel', 'report', 'deep', 'group'],
    ['group', 'report', 'deep', 'panel', 'value'],
  ] as const
  const seen = async (name: string) => {
    const found = []
    for (const each of ['panel', 'group', 'value', 'deep'])
      if ((await alice(`/Observation/${name}-${each}`)).status === 200) found.push(each)
    return found
  }
  for (const [index, order] of orders.entries()) {
    const all = parts(`ordered-${index}`)
    for (const each of order) await store(engine, [all[each]])
    t.same(await seen(`ordered-${index}`), [], order.join(' '))
  }
  await store(engine, Object.values(parts('together')))
  t.same(await seen('together'), [], 'in one transaction')
  await store(engine, [observation('together-value', { note: [{ text: 'changed' }] })])
  t.same(await seen('together'), [], 'an update of a value alone frees nothing')
  await store(engine, [observation('together-group')])
  t.same(await seen('together'), ['deep'], 'what a panel holds no more is its own again')
  await store(engine, [report('together', { result: refer('together-panel') })])
  t.same(await seen('together'), ['panel', 'group', 'value', 'deep'], 'freed with the report')
  await store(engine, [report('together', { ...tag('SWTH'), result: refer('together-panel') })])
  t.same(await seen('together'), ['deep'], 'and held again')
  await engine('/Observation/together-panel', { method: 'DELETE' })
  t.same(await seen('together'), ['group', 'value', 'deep'], 'without its panel a value is its own again')
})

t.test('a value in two panels is hidden while either is', async t => {
  const member = { hasMember: [{ reference: 'Observation/in-two' }] }
  await store(engine, [observation('in-two'), observation('open-panel', member), observation('shut-panel', member)])
  t.equal((await alice('/Observation/in-two')).status, 200)
  const result = [{ reference: 'Observation/shut-panel' }]
  await store(engine, [report('of-one-panel', { ...tag('SWTH'), result })])
  t.equal((await alice('/Observation/open-panel')).status, 200)
  t.equal((await alice('/Observation/in-two')).status, 404)
  await store(engine, [report('of-one-panel', { result })])
  t.equal((await alice('/Observation/in-two')).status, 200)
})

t.test('panels that hold each other are written, and end', async t => {
  const hasMember = (id: string) => ({ hasMember: [{ reference: `Observation/${id}` }] })
  await store(engine, [observation('round-a', hasMember('round-b')), observation('round-b', hasMember('round-a'))])
  t.equal((await alice('/Observation/round-a')).status, 200)
  await store(engine, [report('round', { ...tag('SWTH'), result: [{ reference: 'Observation/round-a' }] })])
  for (const id of ['round-a', 'round-b']) t.equal((await alice(`/Observation/${id}`)).status, 404, id)
})
