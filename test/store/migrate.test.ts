import { readdirSync } from 'node:fs'
import pg from 'pg'
import t from 'tap'
import { definitions } from '../../src/resources/index.ts'
import { migrate } from '../../src/store/migrate.ts'
import { tableOf } from '../../src/store/tables.ts'
import { emptyDatabase } from '../support/database.ts'

const NAMES = readdirSync(new URL('../../migrations/', import.meta.url))
  .flatMap(file => /^(.*)\.up\.sql$/.exec(file)?.[1] ?? [])
  .sort()

// Everything that a migration can make, but for what knex keeps for itself.
const CATALOGUE = `
  select 'relation' as kind, relname as name from pg_class where relnamespace = 'public'::regnamespace
  union all
  select 'function', oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace
  union all
  select 'type', oid::regtype::text from pg_type where typnamespace = 'public'::regnamespace and typrelid = 0 and typelem = 0
  union all
  select 'constraint', conname from pg_constraint where connamespace = 'public'::regnamespace
  order by 1, 2`

async function empty(): Promise<{ url: string; catalogue(): Promise<string[]> }> {
  const { url, drop } = await emptyDatabase({ migrated: false })
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(async () => {
    await client.end()
    await drop()
  })
  const catalogue = async () => {
    const { rows } = await client.query<{ kind: string; name: string }>(CATALOGUE)
    return rows.map(row => `${row.kind} ${row.name}`).filter(name => !/\bmigration(_|$)|_migration$/.test(name))
  }
  return { url, catalogue }
}

t.test('each migration is a pair, and its way back leaves what was there before', async t => {
  const { url, catalogue } = await empty()
  const before: string[][] = []
  for (const name of NAMES) {
    before.push(await catalogue())
    t.same(await migrate(url, 'up'), [name])
    t.not((await catalogue()).length, 0)
  }
  for (const name of NAMES.toReversed()) {
    t.same(await migrate(url, 'down'), [name])
    t.same(await catalogue(), before.pop(), `${name} and back`)
  }
})

t.test(
  'the lists of a database from before know where a date ends, the release, and the last change, once it is brought up to date',
  async t => {
    const { url } = await empty()
    await migrate(url)
    const client = new pg.Client(url)
    await client.connect()
    t.teardown(() => client.end())
    const lists = async () =>
      (await client.query("select indexdef from pg_indexes where indexname ~ '_patient$' order by 1")).rows.map(
        ({ indexdef }) => String(indexdef),
      )
    const now = await lists()
    t.ok(
      now.some(each => each.includes('observation_patient') && each.endsWith('status_cc, date_hi, release_at, upd)')),
    )
    while (!(await migrate(url, 'down')).includes('0073-dates-end-in-lists'));
    await client.query(
      'create index observation_patient on observation (patient, date_lo desc, id, code_cc, category_cc)',
    )
    await client.query(`insert into observation (id, patient, ver, upd, method, keys, refs, content)
    values ('one', 'alice', 1, now(), 'PUT', '{}', '{}', '{}')`)
    await migrate(url)
    t.same(await lists(), now)
    t.equal((await client.query("select from observation where patient = 'alice'")).rowCount, 1)
    while (!(await migrate(url, 'down')).includes('0082-lists-know-release'));
    await client.query('create index observation_patient on observation (patient, date_lo desc, id, code_cc, date_hi)')
    await migrate(url)
    t.same(await lists(), now)
  },
)

t.test('what a Consent of nobody gave is gone once a database from before is brought up to date', async t => {
  const { url } = await empty()
  await migrate(url)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  const give = (patient: string) =>
    client.query(`insert into reach values ('RelatedPerson/bob', $1, '{*}', '-infinity', 'infinity', $1)`, [patient])
  while (!(await migrate(url, 'down')).includes('0081-reach-of-a-patient'));
  for (const patient of ['alice', '', '#several']) await give(patient)
  await migrate(url)
  t.same((await client.query('select patient from reach')).rows, [{ patient: 'alice' }])
  for (const patient of ['', '#several']) await t.rejects(give(patient), { message: /reach_patient/ })
})

t.test('the days of Consents from before begin and end in London once the database is brought up to date', async t => {
  const { url } = await empty()
  await migrate(url)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  while (!(await migrate(url, 'down')).includes('0087-days-of-the-trust'));
  const periods = {
    summer: [{ start: '2026-06-01', end: '2026-08-31' }, '2026-06-01T00:00:00Z', '2026-09-01T00:00:00Z'],
    winter: [{ start: '2026-01', end: '2026' }, '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    times: [
      { start: '2026-06-01T09:00:00Z', end: '2026-08-31T09:00:00Z' },
      '2026-06-01T09:00:00Z',
      '2026-08-31T09:00:01Z',
    ],
    open: [undefined, '-infinity', 'infinity'],
  }
  for (const [id, [period, begins, ends]] of Object.entries(periods)) {
    await client.query(
      `insert into consent (id, patient, ver, upd, method, keys, refs, content) values ($1, 'alice', 1, now(), 'PUT', '{}', '{}', $2)`,
      [id, JSON.stringify({ provision: { period } })],
    )
    await client.query(`insert into reach values ($1, 'alice', '{*}', $2, $3, 'Consent/' || $1)`, [id, begins, ends])
  }
  const kept = async () =>
    (await client.query(`select actor, begins::text, ends::text from reach order by actor`)).rows.map(row =>
      Object.values(row).join(' '),
    )
  await client.query("set time zone 'UTC'")
  const before = await kept()
  await migrate(url)
  t.same(await kept(), [
    'open -infinity infinity',
    'summer 2026-05-31 23:00:00+00 2026-08-31 23:00:00+00',
    'times 2026-06-01 09:00:00+00 2026-08-31 09:00:01+00',
    'winter 2026-01-01 00:00:00+00 2027-01-01 00:00:00+00',
  ])
  while (!(await migrate(url, 'down')).includes('0087-days-of-the-trust'));
  t.same(await kept(), before)
})

t.test('the values of a panel from before are held back with it once the database is brought up to date', async t => {
  const { url } = await empty()
  await migrate(url)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(() => client.end())
  while (!(await migrate(url, 'down')).includes('0088-panels-from-before'));
  const members = {
    panel: ['group', 'value', 'late'],
    group: ['deep', 'panel'],
    open: ['free'],
    soon: ['value', 'near'],
  }
  const releases = { panel: '9999-01-01', late: 'infinity', soon: '9998-01-01', open: '2020-01-01' }
  const refs = (ids: readonly string[]) => ids.map(id => `has-member>Observation/${id}`)
  for (const id of ['panel', 'group', 'value', 'late', 'deep', 'open', 'free', 'soon', 'near'])
    await client.query(
      `insert into observation (id, ver, upd, method, keys, refs, content, release_at) values ($1, 1, now(), 'PUT', '{}', $2, '{}', $3)`,
      [id, refs(Reflect.get(members, id) ?? []), Reflect.get(releases, id) ?? '-infinity'],
    )
  for (const target of ['deep', 'free'])
    await client.query(
      `insert into provenance (id, ver, upd, method, keys, refs, content)
      values ('of-' || $1, 1, now(), 'PUT', array[index_key('target>Observation/' || $1)], '{}', '{}')`,
      [target],
    )
  await migrate(url)
  const kept = async (table: string) =>
    (await client.query(`select id, release_at::date::text as day from ${table} order by 1`)).rows.map(
      ({ id, day }) => `${id} ${day}`,
    )
  t.same(await kept('observation'), [
    'deep 9999-01-01',
    'free -infinity',
    'group 9999-01-01',
    'late infinity',
    'near 9998-01-01',
    'open 2020-01-01',
    'panel 9999-01-01',
    'soon 9998-01-01',
    'value 9999-01-01',
  ])
  t.same(await kept('provenance'), ['of-deep 9999-01-01', 'of-free -infinity'])
})

t.test('processes that migrate at the same time wait for each other, and the second finds nothing to do', async t => {
  const { url, catalogue } = await empty()
  const ran = await Promise.all([migrate(url), migrate(url), migrate(url)])
  t.same(ran.flat(), NAMES)
  const relations = await catalogue()
  for (const type of definitions.keys()) t.ok(relations.includes(`relation ${tableOf(type)}`), type)
})

t.test('a lock that a killed process left does not stop the next', async t => {
  const { url } = await empty()
  await migrate(url)
  const client = new pg.Client(url)
  await client.connect()
  await client.query('update migration_lock set is_locked = 1')
  await client.end()
  t.same(await migrate(url), [])
})
