import type { Permission } from '../access/permit.ts'
import { timestamp } from '../fhir/dates.ts'
import type { Clause } from '../fhir/query.ts'
import { type Access, auditFound, lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import type { Span } from './everything.ts'
import { matches } from './matches.ts'
import { run } from './run.ts'
import type { Found } from './search.ts'
import { all, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/** Which documents are asked for. */
export type Documents = {
  readonly permission: Permission
  readonly clauses: readonly Clause[]
  /** When the care took place that they document. */
  readonly care: Span | undefined
  /** The date and id of the last one of the page before. */
  readonly after: readonly string[] | undefined
  readonly count: number
}

const moment = (milliseconds: number): Sql => sql`${timestamp(milliseconds)}::timestamptz`

/** A document is of the time that its context says; one that says none, of the time when it was made. */
function duringCare({ permission, care }: Documents): Sql {
  if (!care) return raw('true')
  const [low, high] = [moment(care.low), moment(care.high)]
  const period = sql`s.type = ${permission.definition.type} and s.param = 'period' and s.id = r.id`
  return sql`(exists (select from search_date s where ${period} and s.date_lo < ${high} and s.date_hi > ${low})
    or (r.date_lo < ${high} and r.date_hi > ${low} and not exists (select from search_date s where ${period})))`
}

/**
 * One page of a patient's documents, the newest first, and where the next one begins.
 * https://hl7.org/fhir/uv/ipa/OperationDefinition-docref.html
 */
export async function findDocuments(
  db: Queryable,
  documents: Documents,
  access: Access,
  now: Date,
): Promise<{ readonly found: readonly Found[]; readonly next: readonly string[] | undefined }> {
  const { permission, clauses, after, count } = documents
  const { type } = permission.definition
  const [at = '', id = ''] = after ?? []
  const condition = all([
    visibleTo(permission, raw('r'), now),
    ...clauses.map(clause => matches(clause, permission, now)),
    duringCare(documents),
    after ? sql`(r.date_lo < ${at}::timestamptz or (r.date_lo = ${at}::timestamptz and r.id > ${id}))` : raw('true'),
  ])
  const rows = await run<[string, string, string]>(
    db,
    sql`with page as materialized (select r.id, r.content, r.date_lo from ${name(tableOf(type))} r where ${condition}
        order by r.date_lo desc, r.id limit ${count + 1}::int),
      shown as (select * from page order by date_lo desc, id limit ${count}::int),
      ${auditFound(lineOf(access, now), sql`select ${`${type}/`} || id as what from shown`)}
      select id, content, date_lo::text from page order by date_lo desc, id`,
  )
  const shown = rows.slice(0, count)
  const last = shown.at(-1)
  return {
    found: shown.map(([id, content]) => ({ type, id, content })),
    next: rows.length > count && last ? [last[2], last[0]] : undefined,
  }
}
