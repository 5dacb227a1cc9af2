import type { Permission } from '../access/permit.ts'
import type { Query } from '../fhir/query.ts'
import { mainDateOf } from '../resources/index.ts'
import { type Access, auditFound, lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import { isFeed, settledBefore } from './feed.ts'
import { type Included, included } from './include.ts'
import { matches } from './matches.ts'
import { run } from './run.ts'
import { all, join, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/** One resource of a page: its JSON as it is sent. */
export type Found = { readonly type: string; readonly id: string; readonly content: string }

/** One page of a search, in order, and what the next page needs. */
export type Page = {
  readonly matches: readonly Found[]
  readonly included: readonly Found[]
  /** Where the next page begins: the sort values and the id of the last match; absent on the last page. */
  readonly next: readonly string[] | undefined
  readonly total: number | undefined
}

/** How a page is ordered: an expression that is never null, as text for the cursor, and its type to read it back. */
type Key = { readonly expression: Sql; readonly descending: boolean; readonly cast: string }

const id = (descending: boolean): Key => ({ expression: raw('r.id'), descending, cast: 'text' })

/**
 * Parameters that few resources match. Their matches are sorted rather than looked for along an index of the order,
 * which a planner that overrates them would walk to its end.
 */
const isSelective = (query: Query): boolean =>
  query.clauses.some(({ declared, modifier }) => {
    if (modifier === 'missing' || modifier === 'not') return false
    return declared === 'id' || (declared !== 'lastUpdated' && ['keys', 'side', 'either'].includes(declared.stored))
  })

const isOnePatients = (query: Query, permission: Permission): boolean =>
  (permission.kind === 'patient' && Array.isArray(permission.definition.compartment)) ||
  query.clauses.some(({ declared }) => typeof declared === 'object' && declared.stored === 'patient')

function keyOf(param: string, descending: boolean, permission: Permission): Key {
  const { definition } = permission
  if (param === '_id') return id(descending)
  if (param === '_lastUpdated') return { expression: raw('r.upd'), descending, cast: 'timestamptz' }
  if (param === mainDateOf(definition)) return { expression: raw('r.date_lo'), descending, cast: 'timestamptz' }
  const pick = raw(descending ? 'max' : 'min')
  const where = sql`s.type = ${definition.type} and s.param = ${param} and s.id = r.id`
  if (definition.search[param]?.type === 'date')
    return {
      expression: sql`coalesce((select ${pick}(s.date_lo) from search_date s where ${where}), ${raw(descending ? "'-infinity'" : "'infinity'")}::timestamptz)`,
      descending,
      cast: 'timestamptz',
    }
  return {
    expression: sql`coalesce((select ${pick}(s.folded) from search_string s where ${where}), '') collate "C"`,
    descending,
    cast: 'text',
  }
}

/**
 * The order of the page. What was asked for, else a patient's list by its main date, newest first, else the last
 * changed first; the id breaks ties, in the direction that the index of the order runs.
 */
function orderOf(query: Query, permission: Permission): Key[] {
  const keys = query.sort.map(({ param, descending }) => keyOf(param, descending, permission))
  const main = mainDateOf(permission.definition)
  if (keys.length === 0 && isOnePatients(query, permission) && main) keys.push(keyOf(main, true, permission))
  if (keys.length === 0) keys.push(keyOf('_lastUpdated', true, permission))
  const last = query.sort.at(-1)
  if (last?.param === '_id') return keys
  const first = keys[0]
  const byDate = first?.expression.strings[0] === 'r.date_lo'
  return [...keys, id(first ? (byDate ? !first.descending : first.descending) : false)]
}

/** The rows that come after the cursor in the order: `a < x or (a = x and b > y)`, with a bound that an index can use. */
function after(keys: readonly Key[], cursor: readonly string[]): Sql {
  const compared = keys.map((key, index) => ({ ...key, value: sql`${cursor[index] ?? ''}::${raw(key.cast)}` }))
  const steps = compared.map(({ expression, descending, value }, index) => {
    const equal = compared.slice(0, index).map(before => sql`${before.expression} = ${before.value}`)
    return all([...equal, sql`${expression} ${raw(descending ? '<' : '>')} ${value}`])
  })
  const first = compared[0]
  const bound = first ? sql`${first.expression} ${raw(first.descending ? '<=' : '>=')} ${first.value}` : raw('true')
  return sql`(${bound} and (${join(steps, ' or ')}))`
}

const orderBy = (keys: readonly Key[], selective: boolean): Sql =>
  join(
    keys.map(({ expression, descending, cast }) => {
      // An expression that no index offers makes the planner find the few matches first, and sort them.
      const hidden = selective ? raw(cast === 'text' ? ` || ''` : ` + interval '0'`) : raw('')
      return sql`${expression}${hidden} ${raw(descending ? 'desc' : 'asc')}`
    }),
    ', ',
  )

type Row = [string, string, string | null, ...(string | null)[]]

/** What a search asks of the store. */
export type Search = {
  readonly query: Query
  readonly permission: Permission
  readonly cursor: readonly string[] | undefined
  readonly includes: readonly Included[]
  readonly access: Access
  readonly now: Date
}

function conditionOf({ query, permission, now }: Search, settled: string | undefined): Sql {
  return all([
    visibleTo(permission, raw('r'), now),
    ...query.clauses.map(clause => matches(clause, permission, now)),
    settled === undefined ? raw('true') : sql`r.upd < ${settled}::timestamptz`,
  ])
}

/** How many match: `_summary=count`, `_total`. https://hl7.org/fhir/R4/search.html#total */
export async function count(db: Queryable, search: Search): Promise<number> {
  const table = name(tableOf(search.permission.definition.type))
  const rows = await run<[string]>(
    db,
    sql`with counted as materialized (select count(*) as total from ${table} r where ${conditionOf(search, undefined)}),
      audited as (insert into audit_raw (lines)
        select ${lineOf(search.access, search.now)}::text || ',{"count":' || total || '}]' from counted)
      select total from counted`,
  )
  return Number(rows[0]?.[0] ?? 0)
}

/**
 * The statement of one page: matches, what they include, the total when it was asked for, and the audit line. Of a feed
 * only what is older than `settled` is shown.
 */
export function pageStatement(search: Search, settled: string | undefined): Sql {
  const { query, permission, cursor, includes, access, now } = search
  const { type } = permission.definition
  const table = name(tableOf(type))
  const keys = orderOf(query, permission)
  const condition = conditionOf(search, settled)
  const columns = join(
    keys.map((key, index) => sql`(${key.expression})::text as k${raw(String(index))}`),
    ', ',
  )
  const key = (index: number) => raw(`k${index}`)
  const wanted =
    query.total === 'none' ? raw('null::text') : sql`(select count(*) from ${table} r where ${condition})::text`
  const parts = includes.map(each => included(each, now))
  const blanks = raw(keys.map(() => ', null').join(''))
  return sql`with page as materialized (
      select r.id, r.content, r.refs, ${columns} from ${table} r
      where ${condition} and ${cursor ? after(keys, cursor) : raw('true')}
      order by ${orderBy(keys, isSelective(query))} limit ${query.count + 1}::int),
    shown as (select * from page limit ${query.count}::int),
    ${parts.length > 0 ? sql`more as materialized (${join(parts, ' union all ')}),` : raw('')}
    ${auditFound(lineOf(access, now), sql`select ${`${type}/`} || id as what from shown ${parts.length > 0 ? raw(`union all select type || '/' || id from more`) : raw('')}`)}
    select 'match' as kind, id, content, ${join(
      keys.map((_, index) => key(index)),
      ', ',
    )} from page
    ${parts.length > 0 ? sql`union all select type, id, content ${blanks} from more` : raw('')}
    union all select 'total', ${wanted}, null ${blanks} ${query.total === 'none' ? raw('where false') : raw('')}`
}

/**
 * One page of a search by one statement (https://hl7.org/fhir/R4/search.html), that of a feed by two more: who may see
 * what, what matches, what is included and the audit of all that is decided by PostgreSQL; the stored text comes back
 * untouched.
 */
export async function findPage(db: Queryable, search: Search): Promise<Page> {
  const { query, permission, cursor } = search
  const settled = isFeed(query) ? await settledBefore(db) : undefined
  const rows = await run<Row>(db, pageStatement(search, settled))
  const found = rows.filter(([kind]) => kind === 'match')
  const shown = found.slice(0, query.count)
  const last = shown.at(-1)
  const isLast = found.length <= query.count
  const asked = rows.find(([kind]) => kind === 'total')?.[1]
  const known = cursor === undefined && isLast ? shown.length : undefined
  return {
    matches: shown.map(([, id, content]) => ({ type: permission.definition.type, id, content: content ?? '' })),
    included: rows.flatMap(([kind, id, content]) =>
      kind === 'match' || kind === 'total' ? [] : [{ type: kind, id, content: content ?? '' }],
    ),
    next: isLast || !last ? undefined : last.slice(3).map(value => value ?? ''),
    total: asked === undefined ? known : Number(asked),
  }
}
