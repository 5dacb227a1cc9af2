// How PostgreSQL finds a patient's lists among those of many others: along an index, in order, whether it plans for these
// values or for any.
import t, { type Test } from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, linkOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { explained, type Node, nodesOf, type Statement, statementsOf } from '../support/statements.ts'
import { engineToken, patientToken } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))

const observation = (index: number): Json => ({
  resourceType: 'Observation',
  id: `o-${index}`,
  status: 'final',
  category: [{ coding: [{ code: index % 3 === 0 ? 'laboratory' : 'vital-signs' }] }],
  code: { coding: [{ code: `code-${index % 20}` }] },
  subject: { reference: 'Patient/alice' },
  encounter: { reference: `Encounter/e-${index % 10}` },
  effectiveDateTime: new Date(Date.UTC(2015, 0, 1 + index * 10)).toISOString(),
})
await store(engine, [
  { resourceType: 'Patient', id: 'alice' },
  ...Array.from({ length: 300 }, (_, index) => observation(index)),
])

// The same again and again, hers ten times and fifty other patients' once: what an index has to choose from.
const { rows: columns } = await s.pool.query<{ name: string }>(
  `select quote_ident(column_name) as name from information_schema.columns where table_name = 'observation' and column_name not in ('id', 'patient')`,
)
const others = columns.map(({ name }) => name).join(', ')
await s.pool.query(
  `insert into observation (id, patient, ${others})
   select id || '-' || n, case when n <= 9 then patient else 'other-' || n end, ${others} from observation, generate_series(1, 59) n`,
)
await s.pool.query('analyze')

/** The statements by which the server answers requests, of those that look at Observations. */
const sent = (work: () => Promise<unknown>) => statementsOf(s.pool, ['observation'], work)

const planOf = async (statement: Statement, isGeneric: boolean): Promise<Node[]> =>
  nodesOf(await explained(s.pool, statement, isGeneric ? 'generic_plan' : ''))

const version = Number(
  (await s.pool.query<{ v: string }>(`select current_setting('server_version_num') as v`)).rows[0]?.v,
)
const MODES = version >= 160_000 ? [false, true] : [false]

/** Plans what the server asks for, and looks for what a patient's list must not need. */
async function isFoundAlongAnIndex(
  t: Test,
  say: string,
  work: () => Promise<{ status: number }>,
  mayBeSorted = false,
): Promise<void> {
  let status = 0
  const statements = await sent(async () => {
    status = (await work()).status
  })
  t.equal(status, 200, say)
  t.ok(statements.length > 0, `${say} asks the database`)
  for (const statement of statements)
    for (const isGeneric of MODES) {
      const nodes = await planOf(statement, isGeneric)
      const how = `${say}, planned for ${isGeneric ? 'any values' : 'these values'}`
      const scans = nodes.filter(node => node['Node Type'] === 'Seq Scan' && node['Relation Name'] === 'observation')
      const sorts = nodes.filter(node => node['Node Type'].includes('Sort'))
      t.equal(scans.length, 0, `${how}: no sequential scan`)
      if (!mayBeSorted) t.equal(sorts.length, 0, `${how}: no sort`)
    }
}

const LISTS = [
  '/Observation?patient=alice',
  '/Observation?patient=Patient/alice&_count=100',
  '/Observation?subject=Patient/alice',
  '/Observation?patient=alice&category=laboratory',
  '/Observation?patient=alice&category=laboratory,vital-signs',
  '/Observation?patient=alice&code=code-3',
  '/Observation?patient=alice&category=laboratory&date=ge2018',
  '/Observation?patient=alice&date=ge2018&date=lt2019',
  '/Observation?patient=alice&status=final',
  '/Observation?patient=alice&_sort=-date',
  '/Observation?patient=alice&date=ge2018&_sort=date',
]

t.test('a patient’s lists are found along an index, in order', async t => {
  t.equal((await alice('/Observation?_summary=count')).json.total, 3000)
  for (const app of [alice, engine])
    for (const list of LISTS)
      await isFoundAlongAnIndex(t, `${app === alice ? 'she' : 'engine'} ${list}`, () => app(list))
  for (const list of ['/Observation', '/Observation?category=laboratory', '/Observation?code=code-7'])
    await isFoundAlongAnIndex(t, `she ${list}`, () => alice(list))
})

t.test('whether a date is in a range is known from the index, before a row is fetched', async t => {
  for (const [range, ...conditions] of [
    ['date=ge2018', /date_hi > /],
    ['date=gt2018', /date_hi > /],
    ['date=le2018', /date_lo < /],
    ['date=ge2018&date=lt2019', /date_hi > /, /date_lo < /],
    ['date=2018-03', /date_hi <= /, /date_lo >= /],
  ] as const)
    for (const app of [alice, engine]) {
      const [statement] = await sent(() => app(`/Observation?patient=alice&${range}`))
      const scan = (await planOf(statement as Statement, false)).find(
        node => node['Index Name'] === 'observation_patient',
      )
      for (const condition of conditions) t.match(scan?.['Index Cond'], condition, range)
    }
})

t.test('so is every further page', async t => {
  let next = linkOf(await alice('/Observation?patient=alice&category=laboratory&_count=50'), 'next')
  for (let page = 2; page <= 3; page++) {
    const url = next ?? ''
    await isFoundAlongAnIndex(t, `page ${page}`, async () => {
      const reply = await alice(url)
      next = linkOf(reply, 'next')
      return reply
    })
  }
})

t.test('a feed begins where it is asked to, not at the first of all changes', async t => {
  for (const from of ['gt', 'ge', 'sa', 'eq', 'ap']) {
    const list = `/Observation?_lastUpdated=${from}2026-01-01&_sort=_lastUpdated`
    const [statement] = await sent(() => engine(list))
    const scan = (await planOf(statement as Statement, false)).find(
      node => node['Index Name'] === 'observation_updated',
    )
    t.match(scan?.['Index Cond'], /upd >=? /, list)
  }
})

t.test('a read, and a search by id or reference, look at no more than they find', async t => {
  await isFoundAlongAnIndex(t, 'read', () => alice('/Observation/o-7'))
  await isFoundAlongAnIndex(t, 'history', () => alice('/Observation/o-7/_history'), true)
  await isFoundAlongAnIndex(t, 'by id', () => alice('/Observation?_id=o-7,o-8'), true)
  await isFoundAlongAnIndex(t, 'by encounter', () => engine('/Observation?encounter=Encounter/e-3'), true)
})
