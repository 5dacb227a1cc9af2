import { isWhole, type Permission } from '../access/permit.ts'
import type { Query } from '../fhir/query.ts'
import type { Stored } from '../fhir/search.ts'
import { type Access, closed, lineOf, record } from './audit.ts'
import type { Queryable } from './db.ts'
import { isFeed, settledBefore } from './feed.ts'
import { type IncludeCursor, type Included, includedParts, MOST_INCLUDED, MOST_REACHED } from './include.ts'
import { matches } from './matches.ts'
import { type Narrowing, narrowed } from './narrow.ts'
import { after, cursorColumns, keyColumns, type Order, orderBy, orderByColumns, orderOf } from './order.ts'
import { run } from './run.ts'
import { shortlisted } from './shortlist.ts'
import { all, join, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { askOnce, type Judge, judgeAt, type Once } from './visible.ts'

/** One resource of a page: its JSON as it is sent. */
export type Found = { readonly type: string; readonly id: string; readonly content: string }

/** Where a page begins: behind a match, or behind an included resource of the page that the matches before made. */
export type Cursor = {
  /** The sort values and the id of the last match of the page before. */
  readonly after: readonly string[] | undefined
  /** Of a page that goes on with what is included: the last of the matches that it belongs to, and what came last. */
  readonly included?: { readonly until: readonly string[]; readonly last: IncludeCursor; readonly hasMore: boolean }
}

/** One page of a search, in order, and what the next page needs. */
export type Page = {
  readonly matches: readonly Found[]
  readonly included: readonly Found[]
  /** Where the next page begins; absent on the last page. */
  readonly next: Cursor | undefined
  readonly total: number | undefined
  /** Whether the includes reach more than may be followed: nothing of them is shown. */
  readonly reachesTooMany: boolean
}

/** The search of one type: what may be seen of it, and what is asked in its own words. */
export type Branch = { readonly permission: Permission; readonly query: Query }

/** What a search asks of the store: of one type, or of several with what they have in common. */
export type Search = {
  readonly branches: readonly [Branch, ...Branch[]]
  readonly narrowing: Narrowing
  readonly cursor: Cursor | undefined
  readonly includes: readonly Included[]
  readonly access: Access
  readonly now: Date
}

/** A search as its statement asks it: of a feed only what is older than `settled`, and of each type what may be seen. */
type Asked = Search & { readonly settled: string | undefined; readonly judge: Judge }

/** The beginning of a statement that asks first whose record is reached; nothing for an engine. */
const withReach = (once: Once, parts: readonly Sql[], isRecursive = false): Sql => {
  const named = [...(once.isAsked() ? [once.asked()] : []), ...parts]
  return named.length === 0 ? raw('') : sql`with ${raw(isRecursive ? 'recursive ' : '')}${join(named, ', ')} `
}

const SELECTIVE: readonly Stored[] = ['keys', 'side', 'either', 'parts', 'pairs', 'linked']

/**
 * Parameters that few resources match. Their matches are sorted rather than looked for along an index of the order,
 * which a planner that overrates them would walk to its end.
 */
export const isSelective = ({ clauses }: Query): boolean =>
  clauses.some(({ declared, modifier, links, isFew }) => {
    if (isFew !== undefined) return isFew
    if (modifier === 'missing' || modifier === 'not' || links?.some(({ ids }) => ids === undefined)) return false
    return declared === 'id' || (declared !== 'lastUpdated' && SELECTIVE.includes(declared.stored))
  })

const settledAt = (settled: string | undefined): Sql =>
  settled === undefined ? raw('true') : sql`r.upd < ${settled}::timestamptz`

const conditionOf = ({ permission, query }: Branch, { narrowing, now, settled, judge }: Asked): Sql =>
  all([
    judge(permission, raw('r')),
    ...query.clauses.map(clause => matches(clause, permission, now, judge)),
    ...narrowed(permission.definition.type, narrowing, now),
    settledAt(settled),
  ])

const tableIn = ({ permission }: Branch): Sql => name(tableOf(permission.definition.type))

/** How many match, over all types. */
const counted = (search: Asked): Sql =>
  join(
    search.branches.map(
      branch => sql`(select count(*) from ${tableIn(branch)} r where ${conditionOf(branch, search)})`,
    ),
    ' + ',
  )

/** The search with the ids that its chains lead to, where these are few. */
async function prepared(db: Queryable, search: Search): Promise<Search> {
  const [first, ...others] = search.branches
  const listed = async ({ permission, query }: Branch): Promise<Branch> => ({
    permission,
    query: await shortlisted(db, query, permission, search.now),
  })
  const branches: [Branch, ...Branch[]] = [await listed(first)]
  for (const branch of others) branches.push(await listed(branch))
  return { ...search, branches }
}

/** How many match: `_summary=count`, `_count=0`. https://hl7.org/fhir/R4/search.html#total */
export async function count(db: Queryable, asked: Search): Promise<number> {
  const search = await prepared(db, asked)
  const once = askOnce(search.now)
  const matching = counted({ ...search, settled: undefined, judge: once.visible })
  const rows = await run<[string]>(db, sql`${withReach(once, [])}select ${matching}`)
  const total = Number(rows[0]?.[0] ?? 0)
  await record(db, closed(lineOf(search.access, search.now), { count: total }))
  return total
}

/** The rows of one type on a page, one more than a page has, with the columns that order them. */
function rowsOf(branch: Branch, order: Order, search: Asked): Sql {
  const { permission, query } = branch
  const { keys, joins } = order
  const { cursor } = search
  const range = [
    cursor?.after ? after(keys, cursor.after) : raw('true'),
    cursor?.included ? sql`not ${after(keys, cursor.included.until)}` : raw('true'),
  ]
  return sql`select ${raw(`'${permission.definition.type}'`)}::text collate "C" as type, r.id, r.content, r.refs,
      ${keyColumns(keys)}
    from ${tableIn(branch)} r${joins}
    where ${conditionOf(branch, search)} and ${all(range)}
    order by ${orderBy(keys, isSelective(query))} limit ${query.count + 1}::int`
}

function pageRows(search: Asked): { rows: Sql; order: Order } {
  const { branches } = search
  const [first] = branches
  const orders = branches.map(({ query, permission }) => orderOf(query, permission, branches.length === 1))
  const order = orders[0] ?? orderOf(first.query, first.permission, true)
  const rows = branches.map((branch, index) => rowsOf(branch, orders[index] ?? order, search))
  if (rows.length === 1) return { rows: rows[0] ?? raw(''), order }
  const united = join(
    rows.map(each => sql`(${each})`),
    ' union all ',
  )
  return {
    rows: sql`select * from (${united}) u order by ${orderByColumns(order.keys)} limit ${first.query.count + 1}::int`,
    order,
  }
}

/** Up to here `_total=estimate` counts; beyond it the planner's estimate is good enough. */
const COUNTED_EXACTLY = 10_000

function totalOf(search: Asked): Sql {
  const [{ query }] = search.branches
  if (query.total === 'accurate' || !isEstimated(search)) return counted(search)
  const limited = search.branches.map(
    branch => sql`(select from ${tableIn(branch)} r where ${conditionOf(branch, search)}
      limit ${COUNTED_EXACTLY + 1}::int)`,
  )
  return sql`(select count(*) from (${join(limited, ' union all ')}) counted)`
}

/** A patient's resources are few, and what the planner believes of everybody's is not hers to know. */
const isEstimated = ({ branches }: Search): boolean =>
  branches[0].query.total === 'estimate' && branches.every(({ permission }) => isWhole(permission))

async function estimate(db: Queryable, search: Search, settled: string | undefined): Promise<number> {
  const asked: Asked = { ...search, settled, judge: judgeAt(search.now) }
  const parts = search.branches.map(
    branch => sql`(select from ${tableIn(branch)} r where ${conditionOf(branch, asked)})`,
  )
  const rows = await run<[[{ Plan: { 'Plan Rows': number } }]]>(
    db,
    sql`explain (format json) ${join(parts, ' union all ')}`,
  )
  return Math.max(rows[0]?.[0][0].Plan['Plan Rows'] ?? 0, COUNTED_EXACTLY + 1)
}

/** Whether nothing more is asked of the page than its rows. */
export const asksRowsOnly = ({ branches, includes }: Search): boolean =>
  branches.length === 1 && includes.length === 0 && branches[0].query.total === 'none'

/**
 * The statement of one page: matches, what they include, and the total when it was asked for. Of a feed only what is older
 * than `settled` is shown.
 */
export function pageStatement(search: Search, settled: string | undefined): Sql {
  const { cursor, includes, now } = search
  const [{ query }] = search.branches
  const once = askOnce(now)
  const asked: Asked = { ...search, settled, judge: once.visible }
  const { rows, order } = pageRows(asked)
  const columns = sql`id, content, ${cursorColumns(order.keys)}`
  // What asks nothing more of the page than its rows gets them as they are found: nothing is kept in between.
  if (asksRowsOnly(search))
    return sql`${withReach(once, [])}select null::text as kind, null::text as type, ${columns} from (${rows}) page`
  const brought = includedParts(includes, cursor?.included?.last, once.visible)
  const blanks = raw(order.keys.map(() => ', null').join(''))
  const extra = [
    ...(brought ? [sql`select 'include', type, id, content ${blanks} from more`] : []),
    ...(brought?.isIterated ? [sql`select 'reached', (select count(*) from bounded)::text, null, null ${blanks}`] : []),
    ...(query.total === 'none' ? [] : [sql`select 'total', (${totalOf(asked)})::text, null, null ${blanks}`]),
  ]
  const parts = [
    sql`page as materialized (${rows})`,
    sql`shown as (select * from page limit ${query.count}::int)`,
    ...(brought ? [brought.parts] : []),
  ]
  return sql`${withReach(once, parts, brought?.isIterated)}select null::text as kind, type, ${columns} from page
    ${extra.length > 0 ? sql`union all ${join(extra, ' union all ')}` : raw('')}`
}

/** What it is (nothing for a match), its type (nothing for that of the search), id and text, and for a match its sort values. */
type Row = [string | null, string | null, string, string | null, ...(string | null)[]]

/** Where the next page begins: with the rest of what is included, else behind the last match. */
function nextOf(search: Search, matched: readonly Row[], brought: readonly Row[]): Cursor | undefined {
  const { cursor } = search
  const [{ query }] = search.branches
  const last = matched.slice(0, query.count).at(-1)
  const until = cursor?.included?.until ?? last?.slice(4).map(value => value ?? '')
  const hasMore = cursor?.included?.hasMore ?? matched.length > query.count
  if (until === undefined) return undefined
  const lastBrought = brought.length > MOST_INCLUDED ? brought[MOST_INCLUDED - 1] : undefined
  if (lastBrought)
    return { after: cursor?.after, included: { until, last: [lastBrought[1] ?? '', lastBrought[2]], hasMore } }
  return hasMore ? { after: until } : undefined
}

/**
 * One page of a search by one statement (https://hl7.org/fhir/R4/search.html), that of a feed by two more: who may see
 * what, what matches and what is included is decided by PostgreSQL; the stored text comes back untouched, and to the
 * caller once it is recorded what was found.
 */
export async function findPage(db: Queryable, wanted: Search): Promise<Page> {
  const search = await prepared(db, wanted)
  const { cursor, access, now } = search
  const [{ query, permission }] = search.branches
  const settled = isFeed(query) ? await settledBefore(db) : undefined
  const rows = await run<Row>(db, pageStatement(search, settled))
  const of = (kind: string | null) => rows.filter(row => row[0] === kind)
  const foundIn = (some: readonly Row[]): Found[] =>
    some.map(([, type, id, content]) => ({ type: type ?? permission.definition.type, id, content: content ?? '' }))
  const matched = of(null)
  const brought = of('include')
  const shown = matched.slice(0, query.count)
  const matches = cursor?.included ? [] : foundIn(shown)
  const included = foundIn(brought.slice(0, MOST_INCLUDED))
  const ids = [...matches, ...included].map(({ type, id }) => `${type}/${id}`)
  await record(db, closed(lineOf(access, now), { ids }))
  const isWhole = cursor === undefined && matched.length <= query.count
  const asked = of('total')[0]?.[1] ?? undefined
  const total = asked === undefined ? (isWhole ? shown.length : undefined) : Number(asked)
  return {
    matches,
    included,
    next: nextOf(search, matched, brought),
    total: isEstimated(search) && Number(total) > COUNTED_EXACTLY ? await estimate(db, search, settled) : total,
    reachesTooMany: Number(of('reached')[0]?.[1] ?? 0) > MOST_REACHED,
  }
}
