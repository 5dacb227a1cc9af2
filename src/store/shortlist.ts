import type { Permission } from '../access/permit.ts'
import type { Clause, Link, Query } from '../fhir/query.ts'
import type { Stored } from '../fhir/search.ts'
import type { Queryable } from './db.ts'
import { referenceKey } from './hash.ts'
import { condition, matches } from './matches.ts'
import { endOf, permitted } from './matches-link.ts'
import { sideRows } from './matches-value.ts'
import { run } from './run.ts'
import { name, raw, sql } from './sql.ts'
import { tableOf } from './tables.ts'

// Where few rows match, they are looked for and sorted; where many do, the first of them are soon met by going through
// all in their order. PostgreSQL would have to know in advance which it is, and its guesses are bad.

/** So many rows are looked for and sorted. */
const MOST_ROWS = 2000
/** So many rows are looked for by what they refer to, and so many ids at the least and at the most are asked for. */
const MOST_REFERRING = 10_000
const IDS = { least: 50, most: 5000 } as const

/** The rows that name others by a parameter bring the ids of these; of the others themselves the id is what is wanted. */
async function idsOf(db: Queryable, link: Link, permission: Permission, outer: Permission, now: Date) {
  const { rows, table, wanted } = endOf(
    link,
    permission,
    { row: raw('r'), permission: outer, now, depth: 0 },
    condition,
  )
  if (link.direction === 'to') {
    // How many rows refer to each, on the average, is known well enough from the sizes of the two tables.
    const [source, target] = [tableOf(outer.definition.type), tableOf(link.type)]
    const found = await run<[string | null, number]>(
      db,
      sql`with bound as materialized (select greatest(${IDS.least}::float8, least(${IDS.most}::float8,
            ${MOST_REFERRING}::float8 * greatest(t.reltuples, 1) / greatest(s.reltuples, 1)))::int as most
          from pg_class s, pg_class t where s.oid = ${source}::regclass and t.oid = ${target}::regclass)
        select null, most from bound union all
        (select ${rows.row}.id, 0 from ${table} where ${wanted} limit (select most + 1 from bound))`,
    )
    const most = found.find(([id]) => id === null)?.[1] ?? 0
    return found.length - 1 > most ? undefined : found.flatMap(([id]) => id ?? [])
  }
  const prefix = referenceKey(link.param, `${outer.definition.type}/`)
  const found = await run<[string | null, string]>(
    db,
    sql`with referrer as materialized (
        select ${rows.row}.refs from ${table} where ${wanted} limit ${MOST_ROWS + 1}::int)
      select null, count(*)::text from referrer union all
      select distinct substr(ref, ${prefix.length + 1}::int), null from referrer, unnest(referrer.refs) ref
      where starts_with(ref, ${prefix})`,
  )
  const many = found.some(([id, count]) => id === null && Number(count) > MOST_ROWS)
  return many ? undefined : found.flatMap(([id]) => id ?? [])
}

async function listed(db: Queryable, clause: Clause, permission: Permission, now: Date): Promise<Clause> {
  if (!clause.links) return clause
  const links: Link[] = []
  for (const [link, end] of permitted(clause, permission)) {
    const inner = { ...link, clause: await listed(db, link.clause, end, now) }
    const ids = await idsOf(db, inner, end, permission, now)
    links.push(ids ? { ...inner, ids } : inner)
  }
  return { ...clause, links }
}

const PROBED: readonly Stored[] = ['side', 'keys']

/** Whether a clause is one that an index answers, so that it costs little to see whether few rows match it. */
const isProbed = ({ declared, modifier, param, links }: Clause): boolean =>
  typeof declared === 'object' &&
  !['missing', 'not', 'not-in'].includes(modifier ?? '') &&
  !links &&
  (PROBED.includes(declared.stored) || (declared.stored === 'interned' && param === 'code'))

/** Whether few rows match a clause. An identifier is hardly ever anything else. */
async function isFew(db: Queryable, clause: Clause, permission: Permission, now: Date): Promise<boolean> {
  if (clause.param === 'identifier' && clause.modifier === undefined) return true
  const { declared } = clause
  const { type } = permission.definition
  const matching =
    typeof declared === 'object' && declared.stored === 'side'
      ? sideRows(clause, declared, type, now)
      : sql`select from ${name(tableOf(type))} r where ${matches(clause, permission, now)}`
  const found = await run<[string]>(db, sql`select count(*) from (${matching} limit ${MOST_ROWS + 1}::int) f`)
  return Number(found[0]?.[0]) <= MOST_ROWS
}

/** Whether so few rows are asked about that following their references costs less than asking where these begin. */
const isNarrow = ({ clauses }: Query): boolean =>
  clauses.some(
    ({ declared, modifier }) =>
      modifier === undefined && (declared === 'id' || (typeof declared === 'object' && declared.stored === 'patient')),
  )

/**
 * The query with the ids that its chains and `_has` lead to, where these are few, and with what is known of how many rows
 * match the rest. Only for system clients, who may see all of it; what a patient asks is hers, and so little that one
 * statement decides it all.
 */
export async function shortlisted(db: Queryable, query: Query, permission: Permission, now: Date): Promise<Query> {
  if (permission.kind !== 'everything' || isNarrow(query)) return query
  const clauses: Clause[] = []
  for (const clause of query.clauses) {
    // One that few rows match is enough to go by.
    const isAsked = isProbed(clause) && !clauses.some(each => each.isFew)
    const known = isAsked ? { ...clause, isFew: await isFew(db, clause, permission, now) } : clause
    clauses.push(await listed(db, known, permission, now))
  }
  return { ...query, clauses }
}
