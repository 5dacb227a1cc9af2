// How many pages a patient's searches read where her record is one of many: no more than it is large, whatever others' hold.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { explained, nodesOf, pagesOf, statementsOf } from '../support/statements.ts'
import { engineToken, patientToken } from '../support/token.ts'

const OTHERS = 200
const RESULTS = 60
const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)
const day = (index: number): string => new Date(Date.UTC(2020, 0, 1 + index * 10)).toISOString()
const subject = { reference: 'Patient/alice' }

const encounter = (index: number): Json => ({
  resourceType: 'Encounter',
  id: `e-${index}`,
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject,
  period: { start: day(index * 10) },
  location: [{ location: { reference: `Location/l-${index % 3}` } }],
})
const observation = (index: number): Json => ({
  resourceType: 'Observation',
  id: `o-${index}`,
  identifier: [{ system: 'urn:o', value: `${index}` }],
  status: 'final',
  category: [{ coding: [{ code: index % 3 === 0 ? 'laboratory' : 'vital-signs' }] }],
  code: { coding: [{ code: `code-${index % 20}` }], text: `Test ${index % 20}` },
  subject,
  encounter: { reference: `Encounter/e-${index % 6}` },
  performer: [{ reference: `Practitioner/p-${index}` }],
  effectiveDateTime: day(index),
  valueQuantity: { value: index, system: 'http://unitsofmeasure.org', code: 'g' },
})
const report = (index: number): Json => ({
  resourceType: 'DiagnosticReport',
  id: `r-${index}`,
  status: 'final',
  code: { coding: [{ code: 'report' }] },
  subject,
  effectiveDateTime: day(index * 10),
  performer: [{ reference: `Practitioner/p-${index}` }],
  result: numbers(10).map(n => ({ reference: `Observation/o-${index * 10 + n}` })),
})
await store(engine, [
  { resourceType: 'Patient', id: 'alice' },
  ...numbers(3).map(index => ({ resourceType: 'Location', id: `l-${index}`, name: `Clinic ${index}` })),
  ...numbers(RESULTS).map(index => ({
    resourceType: 'Practitioner',
    id: `p-${index}`,
    name: [{ family: index % 10 === 0 ? `Archer${index}` : `Brown${index}`, given: ['Pat'] }],
  })),
  ...numbers(6).map(encounter),
  ...numbers(RESULTS).map(observation),
  ...numbers(6).map(report),
])

/** The same for many others: their texts are the same, the names of their resources are not. */
async function copy(table: string): Promise<void> {
  const { rows } = await s.pool.query<{ name: string }>(
    `select quote_ident(column_name) as name from information_schema.columns
     where table_name = $1 and column_name not in ('id', 'patient', 'keys')`,
    [table],
  )
  const same = rows.map(({ name }) => name).join(', ')
  await s.pool.query(
    `insert into ${table} (id, patient, keys, ${same})
     select id || '-' || n, 'other-' || n,
       array(select case when exists (select from token_text where tok = key) then key else key # n end from unnest(keys) key),
       ${same}
     from ${table}, generate_series(1, ${OTHERS}) n
     where patient = 'alice' order by md5(id || n)`,
  )
}
for (const table of ['observation', 'encounter', 'diagnostic_report']) await copy(table)
await s.pool.query(
  `insert into search_quantity (type, param, id, patient, low, high, system, code, canon, canon_low, canon_high, pairs)
   select type, param, id || '-' || n, 'other-' || n, low, high, system, code, canon, canon_low, canon_high, pairs
   from search_quantity, generate_series(1, ${OTHERS}) n where patient = 'alice' order by md5(id || n)`,
)
// What other laboratories call their tests.
await s.pool.query(
  `insert into token_text (tok, param, words) select n, 'code:text', 'other ' || n from generate_series(1, 5000) n`,
)
await s.pool.query(
  `insert into person (id, email, email_folded, name)
   select 'other-' || n, n || '@example.org', n || '@example.org', 'Other' from generate_series(1, 2000) n`,
)
await s.pool.query(
  `insert into person_actor (person, actor) select 'other-' || n, 'Patient/other-' || n from generate_series(1, 2000) n`,
)

const TABLES = ['observation', 'encounter', 'diagnostic_report', 'practitioner', 'location']

/** Whether vacuum has seen that all rows may be seen by everybody, which it does not while somebody else looks at them. */
async function isSettled(): Promise<boolean> {
  const { rows } = await s.pool.query<{ settled: boolean }>(
    'select bool_and(relallvisible >= relpages) as settled from pg_class where relname = any($1)',
    [[...TABLES, 'person_actor', 'search_quantity']],
  )
  return rows[0]?.settled === true
}

const MOST_TRIES = 100
for (let tries = 0; tries === 0 || (tries < MOST_TRIES && !(await isSettled())); tries++)
  await s.pool.query('vacuum analyze')

/** The pages of all statements of a request that look at resources. */
async function pagesFor(search: string): Promise<number> {
  let status = 0
  const statements = await statementsOf(s.pool, TABLES, async () => {
    status = (await alice(search)).status
  })
  if (status !== 200) throw new Error(`${search}: ${status}`)
  let pages = 0
  for (const statement of statements) pages += await pagesOf(s.pool, statement)
  return pages
}

/**
 * A list reads its page, a way down its index and who may see it. What goes along references looks at her rows and at what
 * they name, each once: not once for each result.
 */
const MOST: Record<string, number> = {
  '/Observation?patient=alice': 20,
  '/Observation?patient=alice&category=laboratory&_sort=-date&_count=20': 20,
  '/Observation?patient=alice&code=code-7&date=ge2020&_sort=-date': 20,
  '/Observation?patient=alice&code:text=test 7': 20,
  '/Observation?patient=alice&identifier=urn:o|7': 20,
  '/Observation?patient=alice&value-quantity=gt57|http://unitsofmeasure.org|g': 20,
  '/Observation?patient=alice&_sort=-value-quantity&_count=5': 30,
  '/Observation?patient=alice&encounter=Encounter/e-1': 30,
  '/Observation?patient=alice&performer.family=Archer': 80,
  '/Observation?patient=alice&encounter.location.name=Clinic 1': 30,
  '/DiagnosticReport?result.code=code-7': 20,
  '/Encounter?_has:Observation:encounter:code=code-7': 18,
  '/Observation?_has:DiagnosticReport:result:status=final': 130,
  '/Practitioner?_has:Observation:performer:status=final': 40,
  '/Observation?_id=o-7&_include=Observation:performer&_include=Observation:encounter&_revinclude=DiagnosticReport:result': 30,
  '/DiagnosticReport?patient=alice&_include=*&_count=2': 60,
  '?_type=Observation,DiagnosticReport,Encounter&_count=5': 20,
  '/Observation?patient=alice&_summary=count': 20,
  '/Observation?patient=alice&_lastUpdated=gt2099-01-01': 10,
}

t.test('a patient’s lists and chains read few pages', async t => {
  for (const [search, most] of Object.entries(MOST)) {
    const pages = await pagesFor(search)
    t.ok(pages <= most, `${search} reads ${pages} pages, not more than ${most}`)
  }
})

t.test('her resources are counted along the index of her list, and none is fetched', async t => {
  for (const more of ['', '&category=laboratory', '&code=code-7', '&status=final', '&date=ge2021']) {
    const search = `/Observation?patient=alice${more}&_summary=count`
    const [statement] = await statementsOf(s.pool, TABLES, () => alice(search))
    if (!statement) throw new Error(`${search} asks nothing`)
    const nodes = nodesOf(await explained(s.pool, statement, ''))
    const counted = nodes.find(node => node['Relation Name'] === 'observation')
    t.match(counted, { 'Node Type': 'Index Only Scan', 'Index Name': 'observation_patient' }, search)
  }
})

t.test('who she is in the records, and that her account is open, is told by one look into one index', async t => {
  const [statement] = await statementsOf(s.pool, TABLES, () => alice('/Observation/o-1'))
  if (!statement) throw new Error('Nothing was asked')
  const nodes = nodesOf(await explained(s.pool, statement, ''))
  t.match(nodes.filter(node => node['Relation Name'] === 'person_actor').at(0), {
    'Node Type': 'Index Only Scan',
    'Index Name': 'person_actor_pkey',
  })
  t.notOk(
    nodes.some(node => node['Relation Name'] === 'person'),
    'her account itself is not looked at',
  )
})
