import type { Permission } from '../access/permit.ts'
import { timestamp } from '../fhir/dates.ts'
import { type Access, auditFound, lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import { settledBefore } from './feed.ts'
import { isSeenNow, versionsFrom } from './past.ts'
import { run } from './run.ts'
import { all, join, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { askAsFound, askBeforehand, type Beforehand, judgedColumns } from './visible.ts'

/** One version in a history; without content it says "deleted". */
export type Version = {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly updated: Date
  readonly method: string
  /** Whether there was nothing before it: no version, or one that says "deleted". */
  readonly isNew: boolean
  readonly content: string | undefined
}

/** A span of time in milliseconds, half open. */
export type Span = { readonly low: number; readonly high: number }

/** What of the past is asked for, https://hl7.org/fhir/R4/http.html#history */
export type Past = {
  /** The types, or the one type of which one resource is asked for. */
  readonly permissions: readonly Permission[]
  readonly id: string | undefined
  /** Versions that were made at this time or later. */
  readonly since: number | undefined
  /** Versions that were current at some moment of this span. */
  readonly at: Span | undefined
  readonly count: number
  /** The last version of the page before. */
  readonly after: readonly string[] | undefined
}

/** A history as its statement asks it: of several resources what is older than `settled`, and of each what may be seen. */
type Asked = Past & Beforehand & { readonly settled: string | undefined }

/** What is asked beforehand where it is of one resource, and of one type. */
const beforehand = ({ permissions: [permission, ...others], id }: Past, now: Date): Beforehand =>
  permission && others.length === 0 ? askBeforehand(permission, id, now) : askAsFound(now)

/** A page of a history, newest first, and what the next one needs. */
export type HistoryPage = { readonly versions: readonly Version[]; readonly next: readonly string[] | undefined }

const moment = (milliseconds: number): Sql => sql`${timestamp(milliseconds)}::timestamptz`

/** It was made before the end, and its successor not before the beginning. A deletion is no state that lasts. */
function wasCurrent(table: string, { low, high }: Span): Sql {
  const replaced = [table, `${table}_history`].map(
    each =>
      sql`exists (select from ${name(each)} n where n.id = v.id and n.ver = v.ver + 1 and n.upd <= ${moment(low)})`,
  )
  return sql`(v.upd < ${moment(high)} and not (${join(replaced, ' or ')})
    and (v.method <> 'DELETE' or v.upd >= ${moment(low)}))`
}

/** The versions of one type. Old ones are judged as they were, and the resource as it is. */
function versionsOf(permission: Permission, past: Asked): Sql {
  const { id, count } = past
  const { type } = permission.definition
  const restored = sql`exists (select from ${name(`${tableOf(type)}_history`)} d
    where d.id = v.id and d.ver = v.ver - 1 and d.method = 'DELETE')`
  return sql`(select ${literalOf(type)} as type, v.id, v.ver, v.upd, v.method,
      v.ver = 1 or ${restored} as is_new, v.content
    from ${conditionOf(permission, past)} order by ${orderOf(id)} limit ${count + 1}::int)`
}

const literalOf = (type: string): Sql => raw(`'${type}'::text collate "C"`)

/** The versions `v` of one type that are asked for, in a clause that stands behind `from`. */
function conditionOf(permission: Permission, past: Asked): Sql {
  const { id, since, at, after, settled, judge, isOfResult } = past
  const { type } = permission.definition
  const table = tableOf(type)
  const columns = raw(`id, ver, upd, method, content, ${judgedColumns(permission)}`)
  const conditions = [
    judge(permission, raw('v')),
    isSeenNow(permission, raw('v'), judge),
    ...(id === undefined ? [] : [sql`v.id = ${id}`]),
    ...(settled === undefined ? [] : [sql`v.upd < ${settled}::timestamptz`]),
    ...(since === undefined ? [] : [sql`v.upd >= ${moment(since)}`]),
    ...(at === undefined ? [] : [wasCurrent(table, at)]),
    ...(after === undefined ? [] : [beyond(after, literalOf(type), id !== undefined)]),
  ]
  return sql`${versionsFrom(permission, columns, isOfResult)} v
    where ${all(conditions)}`
}

/** The versions of one resource follow their numbers, those of several the time. */
const orderOf = (id: string | undefined): Sql =>
  raw(id === undefined ? 'upd desc, id desc, ver desc, type desc' : 'ver desc')

function beyond([upd = '', id = '', version = '', type = '']: readonly string[], literal: Sql, isOne: boolean): Sql {
  if (isOne) return sql`v.ver < ${version}::int`
  return sql`v.upd <= ${upd}::timestamptz
    and (v.upd, v.id, v.ver, ${literal}) < (${upd}::timestamptz, ${id}::text, ${version}::int, ${type}::text)`
}

type Row = [string, string, number, number, string, string, boolean, string | null]

/**
 * A page of the history of a resource, a type or all types (https://hl7.org/fhir/R4/http.html#history), with its audit line.
 * That of several resources shows what is settled only: who asks again from the last time seen misses nothing.
 */
export async function readHistory(db: Queryable, past: Past, access: Access, now: Date): Promise<HistoryPage> {
  const { permissions, id, count } = past
  const settled = id === undefined ? await settledBefore(db) : undefined
  const first = beforehand(past, now)
  const { asked, isAsked } = first
  const parts = permissions.map(permission => versionsOf(permission, { ...past, ...first, settled }))
  const found = await run<Row>(
    db,
    sql`with ${asked}hit as materialized (
        select * from (${join(parts, ' union all ')}) h
        order by ${orderOf(id)} limit ${count + 1}::int),
      ${auditFound(lineOf(access, now), sql`select type || '/' || id || '/_history/' || ver as what from (select * from hit limit ${count}::int) s`, isAsked)}
      select type, id, ver, round(date_part('epoch', upd) * 1000), upd::text, method, is_new, content from hit`,
  )
  const shown = found.slice(0, count)
  const last = shown.at(-1)
  return {
    versions: shown.map(([type, each, version, updated, , method, isNew, content]) => ({
      type,
      id: each,
      version,
      updated: new Date(updated),
      method,
      isNew,
      content: content ?? undefined,
    })),
    next: found.length > count && last ? [last[4], last[1], String(last[2]), last[0]] : undefined,
  }
}

/** How many versions there are, whatever page is asked for. */
export async function countHistory(db: Queryable, past: Past, now: Date): Promise<number> {
  const { permissions, id } = past
  const settled = id === undefined ? await settledBefore(db) : undefined
  const first = beforehand(past, now)
  const { asked, isAsked } = first
  const whole = { ...past, ...first, after: undefined, settled }
  const parts = permissions.map(permission => sql`(select count(*) as n from ${conditionOf(permission, whole)})`)
  const rows = await run<[string, boolean]>(
    db,
    sql`with ${asked}counts as (${join(parts, ' union all ')}) select sum(n), ${isAsked} from counts`,
  )
  return Number(rows[0]?.[0] ?? 0)
}
