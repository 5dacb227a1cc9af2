import { isWhole, type Permission } from '../access/permit.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { name, raw, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/** Whether there is any resource of a type that the permission lets its holder see. */
export async function existsAny(db: Queryable, permission: Permission, now: Date): Promise<boolean> {
  const table = name(tableOf(permission.definition.type))
  const rows = await run<[boolean]>(
    db,
    sql`select exists (select from ${table} r where ${visibleTo(permission, raw('r'), now)})`,
  )
  return rows[0]?.[0] === true
}

/** Whether there is a resource of this id in the record of a patient, for the server's own checks. */
export async function existsFor(db: Queryable, permission: Permission, id: string, patient: string): Promise<boolean> {
  if (permission.kind !== 'everything') throw new Error('Only the server asks this, for nobody in particular')
  const table = name(tableOf(permission.definition.type))
  const rows = await run<[boolean]>(
    db,
    sql`select exists (select from ${table} r where r.id = ${id} and r.patient = ${patient})`,
  )
  return rows[0]?.[0] === true
}

/** Those of some resources of a type that the permission is about, as they are at this moment. */
export async function visibleAmong(
  db: Queryable,
  permission: Permission,
  ids: readonly string[],
  now: Date,
): Promise<ReadonlySet<string>> {
  // Who may see all is asked about nothing: it would cost each write a statement.
  if (ids.length === 0 || isWhole(permission)) return new Set(ids)
  const table = name(tableOf(permission.definition.type))
  const rows = await run<[string]>(
    db,
    sql`select r.id from ${table} r where r.id = any(${ids}::text[]) and ${visibleTo(permission, raw('r'), now)}`,
  )
  return new Set(rows.map(([id]) => id))
}
