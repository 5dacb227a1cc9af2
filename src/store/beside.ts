import type { Queryable } from './db.ts'
import type { TokenSet } from './row.ts'
import { run } from './run.ts'
import { sql } from './sql.ts'
import type { Version } from './write.ts'

const REMEMBERED = 20_000
/** Sets that a committed transaction is known to have written; forgetting one only costs a statement. */
const written = new Set<string>()

/** Says that a transaction has committed: its sets need not be written again. */
export function rememberSets(versions: readonly Version[]): void {
  if (written.size > REMEMBERED) written.clear()
  for (const { row } of versions) {
    for (const { cc } of row.sets.values()) written.add(cc)
    for (const key of row.texts.keys()) written.add(key)
  }
}

/** Adds the texts that their dictionary does not have yet, in the order of their keys for the same reason. */
async function internTexts(db: Queryable, versions: readonly Version[]): Promise<void> {
  const texts = new Map(versions.flatMap(({ row }) => [...row.texts].filter(([key]) => !written.has(key))))
  if (texts.size === 0) return
  const sorted = [...texts].sort(([a], [b]) => (a < b ? -1 : 1))
  await run(
    db,
    sql`insert into token_text (tok, param, words) select * from unnest(${sorted.map(([key]) => key)}::bigint[],
      ${sorted.map(([, text]) => text.param)}::text[], ${sorted.map(([, text]) => text.words)}::text[]) on conflict do nothing`,
  )
}

/**
 * Adds the sets of codes that the dictionary does not have yet. In the order of their hashes, so that two transactions
 * that bring the same new ones wait for each other and never lock each other out.
 */
export async function internSets(db: Queryable, sets: readonly TokenSet[]): Promise<void> {
  const unknown = new Map(sets.filter(set => !written.has(set.cc)).map(set => [set.cc, set]))
  if (unknown.size === 0) return
  const sorted = [...unknown.values()].sort((a, b) => (a.cc < b.cc ? -1 : 1))
  const pairs = sorted.flatMap(({ cc, keys }) => keys.map(key => [key, cc] as const))
  await run(
    db,
    sql`with fresh as (insert into token_set (cc, doc)
        select * from unnest(${sorted.map(set => set.cc)}::bigint[], ${sorted.map(set => set.doc)}::text[]) on conflict do nothing)
      insert into token (tok, cc)
      select * from unnest(${pairs.map(([key]) => key)}::bigint[], ${pairs.map(([, cc]) => cc)}::bigint[]) on conflict do nothing`,
  )
}

type Beside = { readonly type: string; readonly id: string; readonly patient: string }

const flat = <T>(versions: readonly Version[], pick: (version: Version) => readonly T[]): (T & Beside)[] =>
  versions.flatMap(version =>
    pick(version).map(value => ({
      ...value,
      type: version.definition.type,
      id: version.id,
      patient: version.row.patient,
    })),
  )

const column = <T, K extends keyof T>(rows: readonly T[], key: K): T[K][] => rows.map(row => row[key])

async function clear(db: Queryable, versions: readonly Version[]): Promise<void> {
  const replaced = versions.filter(version => version.replaces)
  if (replaced.length === 0) return
  const types = replaced.map(version => version.definition.type)
  const ids = replaced.map(version => version.id)
  await run(
    db,
    sql`with gone as materialized (select * from unnest(${types}::text[], ${ids}::text[]) as g(type, id)),
      strings as (delete from search_string s using gone g where s.type = g.type and s.id = g.id),
      dates as (delete from search_date s using gone g where s.type = g.type and s.id = g.id)
      delete from search_quantity s using gone g where s.type = g.type and s.id = g.id`,
  )
}

/** Writes the search values that live in the side tables; those of replaced versions go first. */
export async function writeBeside(db: Queryable, versions: readonly Version[]): Promise<void> {
  await clear(db, versions)
  await internTexts(db, versions)
  const strings = flat(versions, version => version.row.strings)
  if (strings.length > 0)
    await run(
      db,
      sql`insert into search_string (type, id, patient, param, folded, exact) select * from unnest(
        ${column(strings, 'type')}::text[], ${column(strings, 'id')}::text[], ${column(strings, 'patient')}::text[],
        ${column(strings, 'param')}::text[], ${column(strings, 'folded')}::text[], ${column(strings, 'exact')}::text[])`,
    )
  const dates = flat(versions, version => version.row.dates)
  if (dates.length > 0)
    await run(
      db,
      sql`insert into search_date (type, id, patient, param, date_lo, date_hi) select * from unnest(
        ${column(dates, 'type')}::text[], ${column(dates, 'id')}::text[], ${column(dates, 'patient')}::text[],
        ${column(dates, 'param')}::text[], ${column(dates, 'lo')}::timestamptz[], ${column(dates, 'hi')}::timestamptz[])`,
    )
  await writeQuantities(db, versions)
}

async function writeQuantities(db: Queryable, versions: readonly Version[]): Promise<void> {
  const rows = flat(versions, version => version.row.quantities)
  if (rows.length === 0) return
  // An array of arrays cannot be unnested: the pairs travel as text.
  const pairs = rows.map(row => row.pairs && `{${row.pairs.join(',')}}`)
  await run(
    db,
    sql`insert into search_quantity
        (type, id, patient, param, low, high, system, code, unit, canon, canon_low, canon_high, pairs)
      select q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13::bigint[] from unnest(
        ${column(rows, 'type')}::text[], ${column(rows, 'id')}::text[], ${column(rows, 'patient')}::text[],
        ${column(rows, 'param')}::text[], ${column(rows, 'low')}::float8[], ${column(rows, 'high')}::float8[],
        ${rows.map(row => row.system ?? null)}::text[], ${rows.map(row => row.code ?? null)}::text[],
        ${rows.map(row => row.unit ?? null)}::text[], ${rows.map(row => row.canon?.unit ?? null)}::text[],
        ${rows.map(row => row.canon?.low ?? null)}::float8[], ${rows.map(row => row.canon?.high ?? null)}::float8[],
        ${pairs.map(each => each ?? null)}::text[])
        as q(q1, q2, q3, q4, q5, q6, q7, q8, q9, q10, q11, q12, q13)`,
  )
}
