import pg from 'pg'
import { definitionOf } from '../src/resources/index.ts'
import { internedOf, tableOf } from '../src/store/tables.ts'

// Makes a large trust out of the records of some patients: each is copied many times by SQL, with ids, references,
// identifiers and their hashes of its own. What was loaded through the front door tells what a row looks like.

/** What is in patients' records, and is copied; what they share is not. */
export const COPIED = [
  'Patient',
  'Encounter',
  'Observation',
  'DiagnosticReport',
  'Appointment',
  'DocumentReference',
  'Communication',
]
const BESIDE: Readonly<Record<string, string>> = {
  search_string: 'folded, exact',
  search_date: 'date_lo, date_hi',
  search_quantity: 'low, high, system, code, unit, canon, canon_low, canon_high, pairs',
}

const NAMES = `(${COPIED.join('|')})/([A-Za-z0-9.-]+)`

/**
 * The rows that are copied, and what of them is different in each copy: the texts of the keys and the references that end
 * with a name of its own, to which the number of the copy is added.
 */
const seedText = (table: string): string => `
  create table seed_${table} as
  select r.*, c.texts,
    array(select key from unnest(r.keys) key where key <> all (array(select index_key(text) from unnest(c.texts) text))) as kept,
    array(select ref from unnest(r.refs) ref where ref !~ '>${NAMES}$') as shared,
    array(select ref from unnest(r.refs) ref where ref ~ '>${NAMES}$') as own
  from "${table}" r cross join lateral (
    select array(
      select text from (
        select ref from unnest(r.refs) ref where ref ~ '>${NAMES}$'
        union all
        select form || (i ->> 'value') from json_array_elements(r.content::json -> 'identifier') i,
          lateral (values ('identifier=' || (i ->> 'system') || '|'), ('identifier~')) f (form)) t (text)
      where index_key(text) = any (r.keys)) as texts) c
  where r.patient like 'bench-%'`

/** The text of a copy: its id and its references have the number of the copy at their end. */
const CONTENT = `regexp_replace(
  replace(s.content, '"id":"' || s.id || '"', '"id":"' || s.id || '-' || k || '"'),
  '"reference":"${NAMES}"', '"reference":"\\1/\\2-' || k || '"', 'g')`

type Indexed = { indexname: string; indexdef: string }

/** Takes the indexes away that a copy would have to keep, and gives what makes them again. */
async function withoutIndexes(db: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<Indexed>(
    `select indexname, indexdef from pg_indexes where tablename = any($1) and indexdef not like '%UNIQUE%'`,
    [tables],
  )
  for (const { indexname } of rows) await db.query(`drop index "${indexname}"`)
  return rows.map(({ indexdef }) => indexdef)
}

/**
 * Where the copies lie: each where chance puts it, as if all records had grown at the same time, row by row; or one record
 * after the other, as they lie when each was sent by itself.
 */
export type Placed = 'chance' | 'together'
const ORDERS: Readonly<Record<Placed, { copies: string; beside: string }>> = {
  chance: { copies: 'md5(id || k)', beside: 'md5(id || k)' },
  together: { copies: 'k, patient, upd, id', beside: 'k, patient, id' },
}

function copyText(type: string, placed: Placed): string {
  const definition = definitionOf(type)
  const interned = definition ? internedOf(definition).map(param => `${param.replaceAll('-', '_')}_cc`) : []
  const own = definition?.releasedWith ? ['release_own'] : []
  const same = ['release_at', 'method', 'date_lo', 'date_hi', ...own, ...interned]
    .map(column => `"${column}"`)
    .join(', ')
  const table = tableOf(type)
  return `
    insert into "${table}" (id, patient, ver, upd, keys, refs, content, ${same})
    select s.id || '-' || k, s.patient || '-' || k, 1,
      timestamptz '2024-01-01' + n * (interval '700 days' / (count(*) over ())),
      s.kept || array(select index_key(text || '-' || k) from unnest(s.texts) text),
      s.shared || array(select ref || '-' || k from unnest(s.own) ref),
      ${CONTENT}, ${same}
    from (select id as seed, k, row_number() over () as n
        from (select id, k from seed_${table}, generate_series(1, $1::int) k order by ${ORDERS[placed].copies}) placed) c
      join seed_${table} s on s.id = c.seed`
}

async function copyType(db: pg.Client, type: string, copies: number, placed: Placed): Promise<void> {
  const table = tableOf(type)
  await db.query(seedText(table))
  await db.query(copyText(type, placed), [copies])
  await db.query(`drop table seed_${table}`)
}

const copyBeside = (table: string, columns: string, placed: Placed): string => `
  insert into ${table} (type, param, patient, id, ${columns})
  select type, param, patient || '-' || k, id || '-' || k, ${columns}
  from ${table}, generate_series(1, $1::int) k where patient like 'bench-%'
  order by ${ORDERS[placed].beside}`

/** Copies each patient's record so many times. */
export async function multiply(
  databaseUrl: string,
  { copies, placed }: { readonly copies: number; readonly placed: Placed },
  say: (what: string) => void,
): Promise<void> {
  const db = new pg.Client({ connectionString: databaseUrl, application_name: 'bench' })
  await db.connect()
  try {
    await db.query(`set synchronous_commit = off; set maintenance_work_mem = '512MB'; set work_mem = '256MB';
      set enable_nestloop = off; set enable_mergejoin = off`)
    const tables = [...COPIED.map(tableOf), ...Object.keys(BESIDE)]
    const indexes = await withoutIndexes(db, tables)
    for (const type of COPIED) {
      await copyType(db, type, copies, placed)
      say(`copied ${type}`)
    }
    for (const [table, columns] of Object.entries(BESIDE)) await db.query(copyBeside(table, columns, placed), [copies])
    say('copied the values of searches')
    for (const index of indexes) await db.query(index)
    say('made the indexes again')
    await db.query('vacuum analyze')
  } finally {
    await db.end()
  }
}
