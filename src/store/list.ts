import type { Everything, OnePatient, Permission } from '../access/permit.ts'
import type { MatchEntry } from '../fhir/bundle.ts'
import type { Query } from '../fhir/query.ts'
import type { Stored } from '../fhir/search.ts'
import { mainDateOf } from '../resources/index.ts'
import { closedBy, lineOf, record } from './audit.ts'
import type { Queryable } from './db.ts'
import { matches } from './matches.ts'
import { identifiesFew, isOfRecord } from './matches-key.ts'
import { narrowed } from './narrow.ts'
import { after, haveMainDate, isOnePatients, type Key, keyColumns, orderBy, orderOf } from './order.ts'
import { asksRowsOnly, type Cursor, isSelective, type Search } from './search.ts'
import { isNarrow } from './shortlist.ts'
import { all, compile, join, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { ASKER, runTogether } from './together.ts'
import { canShare, visible } from './visible.ts'

/** Who may ask for lists that share a statement. */
type Sharing = Permission & (OnePatient | Everything)

/** A search that is one of the lists that apps and engines ask for all the time. */
export type ListSearch = Search & {
  readonly branches: readonly [{ permission: Sharing; query: Query }]
}

const FROM_THE_ROW: readonly Stored[] = ['main', 'interned', 'keys', 'patient']

/**
 * Whether the rows are found along one index, whatever else is asked: that of her list or, for an engine, that of what it
 * names by an id, an identifier, or of a patient.
 */
const isShort = (permission: Permission, query: Query): permission is Sharing =>
  permission.kind === 'everything' ? isNarrow(query) || query.clauses.some(identifiesFew) : isOfRecord(permission)

/**
 * Whether a search is one of the lists that are asked for all the time: one patient's resources in the order of an index, or
 * the few that an engine names, by what stands in their rows. However many are asked for, they are planned as one.
 */
export function isList(search: Search): search is ListSearch {
  const [{ permission, query }] = search.branches
  const { lists, words } = search.narrowing
  return (
    isShort(permission, query) &&
    canShare(permission) &&
    asksRowsOnly(search) &&
    lists.length + words.length === 0 &&
    query.sort.every(({ param }) => param === '_id' || param === mainDateOf(permission.definition)) &&
    query.clauses.every(
      ({ declared, links }) => !links && (typeof declared !== 'object' || FROM_THE_ROW.includes(declared.stored)),
    )
  )
}

/** What is the same in every list of a kind. */
type Fixed = {
  readonly from: Sql
  readonly columns: Sql
  readonly names: Sql
  readonly order: Sql
  readonly lasts: Sql
  readonly keys: readonly Key[]
}

const fixed = new Map<string, Fixed>()

/** A piece as text that serves every list of its kind, so it must not have a value of one. */
function constant(piece: Sql): Sql {
  const { text, values } = compile(piece)
  if (values.length > 0) throw new Error(`What is the same in every list has a parameter: ${text}`)
  return raw(text)
}

/** Put together once: it is half of the work of every list. */
function fixedOf(permission: Sharing, query: Query): Fixed {
  const { definition } = permission
  const whose = permission.kind === 'patient' ? permission.topic : isOnePatients(query, permission)
  const sort = query.sort.map(({ param, descending }) => `${param} ${descending}`)
  const kind = [definition.type, permission.kind, whose, isSelective(query), haveMainDate(query), ...sort].join(' ')
  const known = fixed.get(kind)
  if (known) return known
  const { keys } = orderOf(query, permission, true)
  const names = keys.map((_, index) => raw(`k${index}`))
  const made: Fixed = {
    from: constant(sql`${name(tableOf(definition.type))} r where ${visible(permission, raw('r'), () => ASKER)}`),
    columns: constant(keyColumns(keys)),
    names: join(names, ', '),
    order: constant(orderBy(keys, isSelective(query))),
    lasts: constant(
      join(
        names.map(key => sql`max(${key}::text) filter (where isLast)`),
        ', ',
      ),
    ),
    keys,
  }
  fixed.set(kind, made)
  return made
}

/** One page of a list: its entries, from the first id to the last text as they stand in the Bundle, and what is next. */
export type ListPage = {
  readonly entries: string
  readonly total: number | undefined
  readonly next: Cursor | undefined
}

/** How many were found with one more than the page has, the entries, their ids, and the sort values of the last. */
type Row = [number, string | null, string | null, ...(string | null)[]]

function listStatement({ branches, narrowing, cursor, now }: ListSearch, entry: MatchEntry): Sql {
  const [{ permission, query }] = branches
  const { count } = query
  const { from, columns, names, order, lasts, keys } = fixedOf(permission, query)
  const conditions = [
    ...query.clauses.map(clause => matches(clause, permission, now)),
    ...narrowed(permission.definition.type, narrowing, now),
    ...(cursor?.after ? [after(keys, cursor.after)] : []),
  ]
  return sql`select count(*)::int as found,
      string_agg(id || ${entry.between}::text || content, ${`${entry.after},${entry.before}`}::text) filter (where isShown) as entries,
      string_agg(id, ',') filter (where isShown) as ids, ${lasts}
    from (select *, at <= ${count}::int as isShown, at = ${count}::int as isLast from (
      select id, content, ${names}, row_number() over () as at from (
        select r.id, r.content, ${columns} from ${from} and ${all(conditions)}
        order by ${order} limit ${count + 1}::int) p) numbered) page`
}

/**
 * One page of a list (https://hl7.org/fhir/R4/search.html), put together by PostgreSQL: taking it apart into rows
 * and putting these together again would cost as much as finding them. It comes back once it is recorded what was found.
 */
export async function findList(db: Queryable, search: ListSearch, entry: MatchEntry): Promise<ListPage> {
  const { cursor, access, now } = search
  const [{ query, permission }] = search.branches
  const [row] = await runTogether<Row>(db, permission, now, listStatement(search, entry))
  const [found, joined, ids, ...last] = row ?? [0, null, null]
  const { type } = permission.definition
  const named = ids === null ? '' : `"${type}/${ids.replaceAll(',', `","${type}/`)}"`
  await record(db, closedBy(lineOf(access, now), `{"ids":[${named}]}`))
  return {
    entries: joined ?? '',
    total: cursor === undefined && found <= query.count ? found : undefined,
    next: found > query.count ? { after: last.map(value => value ?? '') } : undefined,
  }
}
