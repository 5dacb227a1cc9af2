import { stringifyJson } from '../fhir/json.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { mainDateOf } from '../resources/index.ts'
import { internSets, writeBeside } from './beside.ts'
import type { Queryable } from './db.ts'
import { settleFollowers } from './follow.ts'
import { writeReach } from './reach.ts'
import { heldBefore, settleReleases } from './release.ts'
import type { IndexRow } from './row.ts'
import { run, runText } from './run.ts'
import { join, name, raw, type Sql, sql } from './sql.ts'
import { historyColumns, internedOf, setColumn, tableOf } from './tables.ts'
import { noteWaiting } from './waiting.ts'

/** A version that is about to be stored. */
export type Version = {
  readonly definition: Definition
  readonly id: string
  readonly version: number
  readonly method: 'POST' | 'PUT'
  readonly updated: Date
  readonly content: string
  readonly resource: Json
  readonly row: IndexRow
  /** Whether a current version is there, which goes to history. */
  readonly replaces: boolean
}

/** What is there of an id before a write, locked until the transaction ends. */
export type Current = {
  readonly version: number
  /** Nothing for a resource that was deleted. */
  readonly content: string | undefined
  readonly updated: Date
}

/**
 * The moment of the transaction, from the database and after the transaction has its number: what commits later and
 * is numbered later is also dated later, which a feed relies on.
 */
export async function momentOf(db: Queryable): Promise<Date> {
  const rows = await run<[string, number]>(
    db,
    sql`select pg_current_xact_id()::text, floor(extract(epoch from clock_timestamp()) * 1000)::float8`,
  )
  return new Date(rows[0]?.[1] ?? 0)
}

/** What is there of some ids of one type: locked, so that nobody changes them before this transaction ends. */
export async function lockCurrent(db: Queryable, type: string, ids: readonly string[]): Promise<Map<string, Current>> {
  const table = tableOf(type)
  const sorted = [...new Set(ids)].sort()
  // An id that is not there has no row to lock; the lock on its name keeps two creates of it apart. A statement of its
  // own: what others commit while it waits is seen only by a statement that begins after it.
  await run(
    db,
    sql`select pg_advisory_xact_lock(index_key(${`${type}/`} || id)) from unnest(${sorted}::text[]) with ordinality as n(id, n) order by n`,
  )
  const rows = await run<[string, number, number, string | null]>(
    db,
    sql`with found as materialized (select r.id, r.ver, r.upd, r.content from ${name(table)} r
        where r.id = any(${sorted}::text[]) order by r.id for update)
      select id, ver, (extract(epoch from upd) * 1000)::float8, content from found
      union all
      (select distinct on (h.id) h.id, h.ver, (extract(epoch from h.upd) * 1000)::float8, null::text
      from ${name(`${table}_history`)} h
      where h.id = any(${sorted}::text[]) and not exists (select from found f where f.id = h.id)
      order by h.id, h.ver desc)`,
  )
  return new Map(
    rows.map(([id, version, updated, content]) => [
      id,
      { version, updated: new Date(updated), content: content ?? undefined },
    ]),
  )
}

/** The text of a version as it is stored and sent: `id` and `meta` are the server's, the rest is as it came. */
export function contentOf(resource: Json, id: string, version: number, updated: Date): string {
  const { resourceType, id: _id, meta, ...rest } = resource
  const { versionId: _version, lastUpdated: _updated, ...others } = (meta ?? {}) as Json
  const own = { versionId: String(version), lastUpdated: updated.toISOString(), ...others }
  return stringifyJson({ resourceType, id, meta: own, ...rest })
}

const literal = (items: Iterable<string>): string =>
  `{${[...items].map(item => `"${item.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`

type Column = { readonly name: string; readonly type: string; readonly value: (version: Version) => unknown }

const FIXED: readonly Column[] = [
  { name: 'id', type: 'text', value: version => version.id },
  { name: 'patient', type: 'text', value: version => version.row.patient },
  { name: 'ver', type: 'int', value: version => version.version },
  { name: 'upd', type: 'timestamptz', value: version => version.updated.toISOString() },
  { name: 'release_at', type: 'timestamptz', value: version => version.row.releaseAt },
  { name: 'method', type: 'text', value: version => version.method },
  { name: 'keys', type: 'bigint[]', value: version => `{${[...version.row.keys].join(',')}}` },
  { name: 'refs', type: 'text[]', value: version => literal(version.row.refs) },
  { name: 'content', type: 'text', value: version => version.content },
]

const columnsByType = new Map<string, readonly Column[]>()

function columnsOf(definition: Definition): readonly Column[] {
  const known = columnsByType.get(definition.type)
  if (known) return known
  const columns: Column[] = [...FIXED]
  if (mainDateOf(definition))
    columns.push(
      { name: 'date_lo', type: 'timestamptz', value: version => version.row.dateLo },
      { name: 'date_hi', type: 'timestamptz', value: version => version.row.dateHi },
    )
  if (definition.releasedWith || definition.follows)
    columns.push({ name: 'release_own', type: 'timestamptz', value: version => version.row.releaseAt })
  for (const param of internedOf(definition))
    columns.push({ name: setColumn(param), type: 'bigint', value: version => version.row.sets.get(param)?.cc ?? null })
  columnsByType.set(definition.type, columns)
  return columns
}

/** An array column cannot be unnested from an array of arrays: it travels as text. */
const unnested = ({ type }: Column): string => (type.endsWith('[]') ? 'text' : type)

function sourceOf(columns: readonly Column[]): string {
  const parameters = columns.map((column, index) => `$${index + 1}::${unnested(column)}[]`).join(', ')
  return `unnest(${parameters}) as u(${columns.map(column => `"${column.name}"`).join(', ')})`
}

const valueOfColumn = (column: Column): string => `u."${column.name}"::${column.type}`

function insertText(definition: Definition): string {
  const columns = columnsOf(definition)
  return `insert into "${tableOf(definition.type)}" (${columns.map(column => `"${column.name}"`).join(', ')})
    select ${columns.map(valueOfColumn).join(', ')} from ${sourceOf(columns)}`
}

const quoted = (columns: readonly string[]): string => columns.map(column => `"${column}"`).join(', ')

function replaceText(definition: Definition): string {
  const columns = columnsOf(definition)
  const table = tableOf(definition.type)
  const moved = quoted(historyColumns(definition))
  const sets = columns
    .filter(column => column.name !== 'id')
    .map(column => `"${column.name}" = ${valueOfColumn(column)}`)
  return `with moved as (
      insert into "${table}_history" (${moved}) select ${moved} from "${table}" where id = any($1::text[]))
    update "${table}" r set tx = pg_current_xact_id(), ${sets.join(', ')} from ${sourceOf(columns)} where r.id = u.id`
}

async function storeOfType(db: Queryable, definition: Definition, versions: readonly Version[]): Promise<void> {
  const columns = columnsOf(definition)
  const store = async (part: readonly Version[], text: string) => {
    if (part.length > 0)
      await runText(
        db,
        text,
        columns.map(column => part.map(column.value)),
      )
  }
  await store(
    versions.filter(version => !version.replaces),
    insertText(definition),
  )
  await store(
    versions.filter(version => version.replaces),
    replaceText(definition),
  )
}

/** The versions by type, in the order of the types' names: every transaction takes its locks in the same order. */
function byType(versions: readonly Version[]): [Definition, Version[]][] {
  const groups = new Map<Definition, Version[]>()
  for (const version of versions) {
    const group = groups.get(version.definition)
    if (group) group.push(version)
    else groups.set(version.definition, [version])
  }
  return [...groups].sort(([a], [b]) => (a.type < b.type ? -1 : 1))
}

/**
 * Stores new versions in sets: one statement per type, whatever their number; what they replace goes to history.
 * Index values, releases and proxies' reach follow in the same transaction.
 */
export async function store(db: Queryable, versions: readonly Version[]): Promise<void> {
  await internSets(
    db,
    versions.flatMap(version => [...version.row.sets.values()]),
  )
  const before = await heldBefore(
    db,
    versions.filter(version => version.replaces).map(({ definition, id }) => ({ type: definition.type, id })),
  )
  for (const [definition, group] of byType(versions)) await storeOfType(db, definition, group)
  await writeBeside(db, versions)
  await settleFollowers(db, versions, await settleReleases(db, versions, before))
  await writeReach(db, versions)
  await noteWaiting(db, versions)
}

/**
 * Deletes resources of one type: the last version goes to history, and a version that says "deleted" after it.
 * https://hl7.org/fhir/R4/http.html#delete
 */
export async function remove(
  db: Queryable,
  definition: Definition,
  ids: readonly string[],
  updated: Date,
): Promise<void> {
  const { type } = definition
  const table = tableOf(type)
  const columns = historyColumns(definition)
  const before = await heldBefore(
    db,
    ids.map(id => ({ type, id })),
  )
  const said: Readonly<Record<string, Sql>> = {
    ver: raw('ver + 1'),
    upd: sql`${updated.toISOString()}::timestamptz`,
    tx: raw('pg_current_xact_id()'),
    method: raw(`'DELETE'`),
    content: raw('null'),
  }
  // A deletion is judged as what was deleted.
  const deletion = join(
    columns.map(column => said[column] ?? name(column)),
    ', ',
  )
  await run(
    db,
    sql`with gone as (delete from ${name(table)} where id = any(${ids}::text[]) returning ${raw(quoted(columns))}),
      beside1 as (delete from search_string where type = ${type} and id = any(${ids}::text[])),
      beside2 as (delete from search_date where type = ${type} and id = any(${ids}::text[])),
      beside3 as (delete from search_quantity where type = ${type} and id = any(${ids}::text[])),
      waited as (delete from waiting where type = ${type} and id = any(${ids}::text[])),
      reached as (delete from reach where consent in (select ${`${type}/`} || id from gone))
      insert into ${name(`${table}_history`)} (${raw(quoted(columns))})
      select ${raw(quoted(columns))} from gone
      union all
      select ${deletion} from gone`,
  )
  await settleFollowers(db, [], await settleReleases(db, [], before))
}
