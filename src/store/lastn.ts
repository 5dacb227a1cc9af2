import type { Permission } from '../access/permit.ts'
import type { Clause } from '../fhir/query.ts'
import { type Access, auditFound, lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import { matches } from './matches.ts'
import { run } from './run.ts'
import type { Found } from './search.ts'
import { all, name, raw, sql } from './sql.ts'
import { setColumn, tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/** What the newest of each code are asked of. */
export type LastOfEach = {
  readonly permission: Permission
  readonly clauses: readonly Clause[]
  /** How many of each code. */
  readonly most: number
}

/**
 * The newest resources of each code, by one statement: what has the same interned set of codes is of one group. What has
 * a text instead of codes is grouped by that, the one case in which stored texts are read.
 * https://hl7.org/fhir/R4/observation-operation-lastn.html
 */
export async function lastOfEach(
  db: Queryable,
  { permission, clauses, most }: LastOfEach,
  access: Access,
  now: Date,
): Promise<readonly Found[]> {
  const { type } = permission.definition
  const condition = all([
    visibleTo(permission, raw('r'), now),
    ...clauses.map(clause => matches(clause, permission, now)),
  ])
  const code = name(setColumn('code'))
  const rows = await run<[string, string]>(
    db,
    sql`with grouped as (
        select r.id, r.date_lo, r.content, coalesce(r.${code},
          index_key(coalesce('text ' || (r.content::json #>> '{code,text}'), 'no code'))) as code
        from ${name(tableOf(type))} r where ${condition}),
      ranked as (
        select id, content, code, date_lo, row_number() over (partition by code order by date_lo desc, id) as n,
          max(date_lo) over (partition by code) as newest from grouped),
      shown as materialized (select * from ranked where n <= ${most}::int),
      ${auditFound(lineOf(access, now), sql`select ${`${type}/`} || id as what from shown`)}
      select id, content from shown order by newest desc, code, n`,
  )
  return rows.map(([id, content]) => ({ type, id, content }))
}
