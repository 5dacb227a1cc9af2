import type { Queryable } from './db.ts'
import { indexKey, tokenKeys } from './hash.ts'
import type { Identity } from './resolve.ts'
import { run } from './run.ts'
import { sql } from './sql.ts'
import type { Version } from './write.ts'

/** The key by which a Patient's identifier is found; what waits for her is kept under the same. */
export const arrivalKey = ({ system, value }: Identity): string =>
  indexKey(tokenKeys.exact('identifier', system, value))

const sorted = (keys: readonly string[]): string[] =>
  [...new Set(keys)].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))

/**
 * Keeps a Patient who arrives and a resource that looks for her apart until one of them is committed: otherwise neither
 * would see the other. Those who only look do not wait for each other.
 */
export async function lockArrivals(
  db: Queryable,
  arriving: readonly string[],
  looking: readonly string[],
): Promise<void> {
  const others = looking.filter(key => !arriving.includes(key))
  if (arriving.length === 0 && others.length === 0) return
  await run(
    db,
    sql`select case when k.arrives then pg_advisory_xact_lock(k.key) else pg_advisory_xact_lock_shared(k.key) end
      from (select key, true as arrives from unnest(${sorted(arriving)}::bigint[]) a(key)
        union all select key, false from unnest(${sorted(others)}::bigint[]) l(key) order by key) k`,
  )
}

/** Notes which of the written versions wait for a Patient, and forgets what their former versions waited for. */
export async function noteWaiting(db: Queryable, versions: readonly Version[]): Promise<void> {
  const replaced = versions.filter(version => version.replaces)
  const types = replaced.map(version => version.definition.type)
  if (replaced.length > 0)
    await run(
      db,
      sql`delete from waiting w using unnest(${types}::text[], ${replaced.map(version => version.id)}::text[]) as g(type, id)
        where w.type = g.type and w.id = g.id`,
    )
  const rows = versions.flatMap(({ definition, id, row }) =>
    [...row.awaits].map(key => ({ type: definition.type, id, key })),
  )
  if (rows.length === 0) return
  await run(
    db,
    sql`insert into waiting (key, type, id) select * from unnest(${rows.map(row => row.key)}::bigint[],
      ${rows.map(row => row.type)}::text[], ${rows.map(row => row.id)}::text[]) on conflict do nothing`,
  )
}

/** A resource that waited for one of the Patients that have just been written. */
export type Awaiting = { readonly type: string; readonly id: string }

/** What waits for any of these keys, in the order of its names. */
export async function awaiting(db: Queryable, keys: readonly string[]): Promise<readonly Awaiting[]> {
  const rows = await run<[string, string]>(
    db,
    sql`select distinct type, id from waiting where key = any(${keys}::bigint[]) order by type, id`,
  )
  return rows.map(([type, id]) => ({ type, id }))
}
