import { isWhole, type Permission } from '../access/permit.ts'
import { any, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import type { Beforehand, Judge } from './visible.ts'

/**
 * Whether what a version `v` is of may be seen as it is now, or as it was last when it was deleted: what was taken from a
 * patient takes its past along, and its deletion does not give that back. https://hl7.org/fhir/R4/http.html#history
 */
export function isSeenNow(permission: Permission, v: Sql, judge: Judge): Sql {
  if (isWhole(permission)) return raw('true')
  const { type } = permission.definition
  const [current, past] = [name(tableOf(type)), name(`${tableOf(type)}_history`)]
  return sql`not exists (select from ${current} r where r.id = ${v}.id and not ${judge(permission, raw('r'))})
    and not exists (select from ${past} d where d.id = ${v}.id and ${isEnd(type, raw('d'))}
      and not ${judge(permission, raw('d'))})`
}

/** Whether a row `h` of a history is the deletion that its resource ended with. */
const isEnd = (type: string, h: Sql): Sql => {
  const table = tableOf(type)
  return sql`(${h}.method = 'DELETE' and not exists (select from ${name(table)} c where c.id = ${h}.id)
    and not exists (select from ${name(`${table}_history`)} l where l.id = ${h}.id and l.ver > ${h}.ver))`
}

/** Whether a replaced version `h` may be shown to who does not see everything: that of a result and of its files may not. */
function isShownWhenReplaced({ definition }: Permission, h: Sql, isOfResult: Beforehand['isOfResult']): Sql {
  if (definition.currentOnly) return raw('false')
  return definition.compartment === 'referrers' ? sql`not ${isOfResult(h)}` : raw('true')
}

/**
 * The versions of a type, as rows of these columns, that a permission may be asked about: all of them, but of what is
 * corrected rather than continued the one that holds, and its deletion.
 */
export function versionsFrom(permission: Permission, columns: Sql, isOfResult: Beforehand['isOfResult']): Sql {
  const { type } = permission.definition
  const history = sql`select ${columns} from ${name(`${tableOf(type)}_history`)} h`
  const h = raw('h')
  const replaced =
    permission.kind === 'everything'
      ? history
      : sql`${history} where ${any([isShownWhenReplaced(permission, h, isOfResult), isEnd(type, h)])}`
  return sql`(select ${columns} from ${name(tableOf(type))} union all ${replaced})`
}
