import { isWhole, type Permission } from '../access/permit.ts'
import { name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/**
 * Whether what a version `v` is of may be seen as it is now, or as it was last when it was deleted: what was taken from a
 * patient takes its past along, and its deletion does not give that back. https://hl7.org/fhir/R4/http.html#history
 */
export function isSeenNow(permission: Permission, v: Sql, now: Date): Sql {
  if (isWhole(permission)) return raw('true')
  const table = tableOf(permission.definition.type)
  const [current, past] = [name(table), name(`${table}_history`)]
  return sql`not exists (select from ${current} r where r.id = ${v}.id and not ${visibleTo(permission, raw('r'), now)})
    and not exists (select from ${past} d where d.id = ${v}.id and d.method = 'DELETE'
      and not exists (select from ${current} c where c.id = d.id)
      and not exists (select from ${past} l where l.id = d.id and l.ver > d.ver)
      and not ${visibleTo(permission, raw('d'), now)})`
}
