import type { Permission } from '../access/permit.ts'
import type { Clause, Link, Query } from '../fhir/query.ts'
import type { Stored } from '../fhir/search.ts'
import type { Definition } from '../resources/definition.ts'
import type { Queryable } from './db.ts'
import { referenceKey } from './hash.ts'
import { condition, matches } from './matches.ts'
import { setsOf } from './matches-key.ts'
import { type End, endOf, permitted } from './matches-link.ts'
import { sideRows } from './matches-value.ts'
import { run } from './run.ts'
import { all, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { judgeAt } from './visible.ts'

// Where few rows match, they are looked for and sorted; where many do, the first of them are soon met by going through
// all in their order. PostgreSQL would have to know in advance which it is, and its guesses are bad.

/**
 * How many matches in a table are few: looking for so many and sorting them costs about as much as going through the table
 * until a page of them was met, the rarer they are the longer. Both read one page for each row.
 */
const few = (table: string): Sql => sql`(select greatest(${FEW.least}::float8, least(${FEW.most}::float8,
  ${FEW.factor}::float8 * sqrt(greatest(reltuples, 1))))::int from pg_class where oid = ${table}::regclass)`
const FEW = { least: 50, most: 5000, factor: 5 } as const

/**
 * So many ids are asked for at the other end of a link: a part of the rows there, for if there are more, every row that is
 * gone through leads to one soon.
 */
const IDS = { least: 50, most: 5000, part: 70 } as const
/** What looking for what refers to one id costs, in rows that could be gone through instead. */
const LOOKUP = 5

/** So many rows that name others are looked at. */
const MOST_REFERRERS = 2000

/** Where a link leads: the ids, and whether many resources refer to them. */
type Ends = Pick<Link, 'isMany'> & { readonly ids: readonly string[] }

/** The ids of what is wanted of the others. How many rows refer to each is known well enough from the sizes of the tables. */
async function idsThere(
  db: Queryable,
  link: Link,
  { table, wanted, rows }: End,
  outer: string,
): Promise<Ends | undefined> {
  const found = await run<[string | null, number, number]>(
    db,
    sql`with sizes as materialized (
        select greatest(t.reltuples, 1)::float8 as there, greatest(s.reltuples, 1)::float8 as here
        from pg_class s, pg_class t where s.oid = ${outer}::regclass and t.oid = ${tableOf(link.type)}::regclass),
      bound as materialized (select
        greatest(${IDS.least}::float8, least(${IDS.most}::float8, there / ${IDS.part}::float8))::int as most,
        least(${few(outer)} * there / here, sqrt(${LOOKUP}::float8 * there))::float8 as referred from sizes)
      select null, most, referred from bound union all
      (select ${rows.row}.id, 0, 0 from ${table} where ${wanted} limit (select most + 1 from bound))`,
  )
  const [, most = 0, referred = 0] = found.find(([id]) => id === null) ?? []
  const ids = found.flatMap(([id]) => id ?? [])
  return ids.length > most ? undefined : { ids, isMany: ids.length > referred }
}

/** The rows that name others by a parameter bring the ids of these. */
async function idsNamed(
  db: Queryable,
  link: Link,
  { table, wanted, rows }: End,
  outer: Definition,
): Promise<Ends | undefined> {
  const prefix = referenceKey(link.param, `${outer.type}/`)
  const found = await run<[string | null, boolean]>(
    db,
    sql`with referrer as materialized (
        select ${rows.row}.refs from ${table} where ${wanted} limit ${MOST_REFERRERS + 1}::int)
      select null::text, count(*) > ${MOST_REFERRERS}::int from referrer union all
      select distinct substr(ref, ${prefix.length + 1}::int), null::boolean from referrer, unnest(referrer.refs) ref
      where starts_with(ref, ${prefix})`,
  )
  const isMany = found.some(([id, are]) => id === null && are)
  return isMany ? undefined : { ids: found.flatMap(([id]) => id ?? []) }
}

/** What is looked for, not met on the way: the list of what a link leads to is in no order. */
const lookedFor = (clause: Clause): Clause =>
  clause.links
    ? { ...clause, links: clause.links.map(link => ({ ...link, isMany: false, clause: lookedFor(link.clause) })) }
    : clause

function endsOf(
  db: Queryable,
  link: Link,
  permission: Permission,
  outer: Permission,
  now: Date,
): Promise<Ends | undefined> {
  const sought = { ...link, clause: lookedFor(link.clause) }
  const end = endOf(
    sought,
    permission,
    { row: raw('r'), permission: outer, now, judge: judgeAt(now), depth: 0 },
    condition,
  )
  const { definition } = outer
  return link.direction === 'to'
    ? idsThere(db, link, end, tableOf(definition.type))
    : idsNamed(db, link, end, definition)
}

async function listed(db: Queryable, clause: Clause, permission: Permission, now: Date): Promise<Clause> {
  if (!clause.links) return clause
  const links: Link[] = []
  for (const [link, end] of permitted(clause, permission)) {
    const inner = { ...link, clause: await listed(db, link.clause, end, now) }
    // Where much lies behind the next step, much leads there, too.
    const leadsToMuch = inner.clause.links?.some(({ ids }) => ids === undefined) ?? false
    links.push(leadsToMuch ? inner : { ...inner, ...(await endsOf(db, inner, end, permission, now)) })
  }
  return { ...clause, links }
}

/** Whether the rows of a chain are gone through: what it leads to is much, or is named by much. */
const isWalked = ({ links }: Clause): boolean =>
  links?.some(({ direction, ids, isMany }) => direction === 'to' && (isMany || ids === undefined)) ?? false

/** A chain with what is known of its end; gone through only where a page of it is met soon. */
async function chained(
  db: Queryable,
  clause: Clause,
  permission: Permission,
  count: number,
  now: Date,
): Promise<Clause> {
  const known = await listed(db, clause, permission, now)
  if (!isWalked(known)) return known
  if (!(await areRare(db, [known], permission, count, now))) return { ...known, isFew: false }
  return { ...known, links: known.links?.map(link => ({ ...link, isMany: false })) ?? [], isFew: true }
}

const PROBED: readonly Stored[] = ['side', 'keys']

/** Whether a clause is one that an index answers, so that it costs little to see whether few rows match it. */
const isProbed = ({ declared, modifier, param, links }: Clause): boolean =>
  typeof declared === 'object' &&
  !['missing', 'not', 'not-in'].includes(modifier ?? '') &&
  !links &&
  (PROBED.includes(declared.stored) || (declared.stored === 'interned' && param === 'code'))

/** Whether it is made of two parts, each of which may match much, and both little. */
const isOfParts = ({ declared, modifier }: Clause): boolean =>
  typeof declared === 'object' && declared.stored === 'parts' && modifier === undefined

/** Whether there are so few of some rows, of which no more are counted than that. */
async function areFew(db: Queryable, table: string, matching: Sql): Promise<boolean> {
  const found = await run<[boolean]>(
    db,
    sql`with bound as materialized (select ${few(table)} as most)
      select count(*) <= (select most from bound) from (${matching} limit (select most + 1 from bound)) f`,
  )
  return found[0]?.[0] === true
}

/** Whether few rows match a clause. An identifier is hardly ever anything else. */
async function isFew(db: Queryable, clause: Clause, permission: Permission, now: Date): Promise<boolean> {
  if (clause.param === 'identifier' && clause.modifier === undefined) return true
  const { declared } = clause
  const { type } = permission.definition
  const table = tableOf(type)
  return typeof declared === 'object' && declared.stored === 'side'
    ? await areFew(db, table, sideRows(clause, declared, type, now))
    : await areFew(db, table, sql`select from ${name(table)} r where ${matches(clause, permission, now)}`)
}

/**
 * What a composite of two parts says of the first alone, where that is a code whose rows have an order: with one set of codes
 * they are gone through in that order, and the second part is asked of each.
 */
async function firstPart(db: Queryable, clause: Clause, { definition }: Permission): Promise<Clause | undefined> {
  const { declared, values } = clause
  const [value, ...others] = values
  const param = typeof declared === 'object' ? (declared.of?.[0] ?? '') : ''
  const first = definition.search[param]
  if (param !== 'code' || first?.stored !== 'interned' || value?.kind !== 'composite' || others.length > 0)
    return undefined
  const part: Clause = { param, declared: first, modifier: undefined, values: [value.first] }
  const [set, another] = await run<[string]>(db, setsOf(part))
  return set && !another ? { ...part, set: set[0], isFew: false } : undefined
}

/** Whether a page of matches is not met among the last that were changed, as many of them as few are. */
async function areRare(
  db: Queryable,
  clauses: readonly Clause[],
  permission: Permission,
  count: number,
  now: Date,
): Promise<boolean> {
  const table = tableOf(permission.definition.type)
  const [met, ...within] = clauses.map(clause => matches({ ...clause, isFew: false }, permission, now))
  const found = await run<[boolean]>(
    db,
    sql`select count(*) <= ${count}::int from (
      select from (select * from ${name(table)} r where ${all(within)}
        order by r.upd desc, r.id desc limit ${few(table)}) r
      where ${met} limit ${count + 1}::int) f`,
  )
  return found[0]?.[0] === true
}

/** A composite of two parts, with the first of them apart where its rows have an order. */
async function ofParts(
  db: Queryable,
  clause: Clause,
  permission: Permission,
  count: number,
  now: Date,
): Promise<Clause[]> {
  const first = await firstPart(db, clause, permission)
  const clauses = first ? [clause, first] : [clause]
  const isFew = await areRare(db, clauses, permission, count, now)
  return isFew ? [{ ...clause, isFew }] : clauses.map(each => ({ ...each, isFew }))
}

/** Whether so few rows are asked about that following their references costs less than asking where these begin. */
export const isNarrow = ({ clauses }: Query): boolean =>
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
    const isOpen = !clauses.some(each => each.isFew)
    if (isOpen && isProbed(clause)) clauses.push({ ...clause, isFew: await isFew(db, clause, permission, now) })
    else if (isOpen && isOfParts(clause)) clauses.push(...(await ofParts(db, clause, permission, query.count, now)))
    else clauses.push(await chained(db, clause, permission, query.count, now))
  }
  return { ...query, clauses }
}
