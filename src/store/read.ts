import type { Permission } from '../access/permit.ts'
import type { Access } from './audit.ts'
import { lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import { gather, type Limits } from './gather.ts'
import { isSeenNow, versionsFrom } from './past.ts'
import { run, runText } from './run.ts'
import { compile, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { askBeforehand, type Beforehand, canShare, judgedColumns, visible } from './visible.ts'

/** A stored version: its JSON as it is sent, or nothing for a version that says "deleted". */
export type Stored = { id: string; version: number; updated: Date; content: string | undefined; method: string }

/** One question: this id, by this permission, and the audit line to write with it. */
type Question = {
  readonly id: string
  readonly permission: Permission
  readonly line: string
  readonly now: Date
}

type Row = [number, string, number, number, string, string]

const stored = (id: string, version: number, updated: number, method: string, content: string | null): Stored => ({
  id,
  version,
  updated: new Date(updated),
  content: content ?? undefined,
  method,
})

/**
 * The statement that answers a batch of reads of one type and writes their audit lines. `q` holds the questions;
 * the predicate is visible() with the columns of `q` in place of parameters.
 */
function batchText(permission: Permission): string {
  const asker = { person: raw('q.person'), patient: raw('q.patient'), now: raw('$5::timestamptz') }
  const table = name(tableOf(permission.definition.type))
  return compile(sql`
    with q as materialized (
      select * from unnest($1::text[], $2::text[], $3::text[], string_to_array($4, E'\n')) with ordinality
        as u(id, person, patient, line, n)),
    hit as materialized (
      select q.n, r.ver, r.upd, r.method, r.content from q join ${table} r on r.id = q.id
      where ${visible(permission, raw('r'), () => asker)}),
    audited as (insert into audit_raw (lines)
      select string_agg(q.line || ',{"version":' || coalesce(hit.ver::text, 'null') || '}]', E'\n')
      from q left join hit using (n) where $5::timestamptz is not null) -- an engine's text has no other use of it
    select n::int, ver, round(date_part('epoch', upd) * 1000), method, content from hit`).text
}

/**
 * Reads by id that arrive in the same turn of the event loop, or while earlier ones are under way, go to the database as
 * one statement, which also writes their audit lines: fewer system calls and fewer flushes than one statement each
 * (docs/decisions).
 */
export type Loader = (permission: Permission, id: string, access: Access, now: Date) => Promise<Stored | undefined>

const texts = new Map<string, string>()
const LIMITS: Limits = { most: 100, many: 32, batches: 3, patience: 1 }

/** Questions of one kind are answered by the same statement. */
const kindOf = (permission: Permission): string =>
  `${permission.definition.type} ${permission.kind} ${permission.kind === 'patient' ? permission.topic : ''}`

async function answer(db: Queryable, kind: string, batch: readonly Question[]): Promise<(Stored | undefined)[]> {
  const last = batch.at(-1)
  if (!last) return []
  const text = texts.get(kind) ?? batchText(last.permission)
  texts.set(kind, text)
  const people = batch.map(({ permission }) =>
    permission.kind === 'patient' ? permission : { person: '', patient: '' },
  )
  const rows = await runText<[number, number, number, string, string]>(db, text, [
    batch.map(question => question.id),
    people.map(each => each.person),
    people.map(each => each.patient),
    // No line has a line break: one text has nothing to be escaped, an array of them has every quotation mark.
    batch.map(question => question.line).join('\n'),
    // The time of the latest: nobody is judged by a time before she asked.
    last.now.toISOString(),
  ])
  const found = new Map(rows.map(row => [row[0], row]))
  return batch.map(({ id }, index) => {
    const row = found.get(index + 1)
    return row && stored(id, row[1], row[2], row[3], row[4])
  })
}

/** A loader on a pool; one per process. */
export function loader(db: Queryable): Loader {
  const ask = gather<Question, Stored | undefined>((kind, batch) => answer(db, kind, batch), LIMITS)
  return (permission, id, access, now) => {
    if (!canShare(permission)) return readOne(db, permission, id, access, now)
    return ask(kindOf(permission), { id, permission, line: lineOf(access, now), now })
  }
}

/** One read by a statement of its own: inside a transaction, and where one predicate does not serve all askers. */
export async function readOne(
  db: Queryable,
  permission: Permission,
  id: string,
  access: Access,
  now: Date,
): Promise<Stored | undefined> {
  const { judge, asked, isAsked } = askBeforehand(permission, id, now)
  const rows = await run<Row>(
    db,
    sql`with ${asked}hit as materialized (
        select r.id, r.ver, r.upd, r.method, r.content from ${name(tableOf(permission.definition.type))} r
        where r.id = ${id} and ${judge(permission, raw('r'))}),
      audited as (insert into audit_raw (lines)
        select ${lineOf(access, now)}::text || ',{"version":' || coalesce((select ver::text from hit), 'null') || '}]'
        where ${isAsked})
      select 1, id, ver, (extract(epoch from upd) * 1000)::float8, method, content from hit`,
  )
  const row = rows[0]
  return row && stored(row[1], row[2], row[3], row[4], row[5])
}

const versionsOf = (permission: Permission, id: string, { judge, isOfResult }: Beforehand): Sql => {
  const columns = raw(`id, ver, upd, method, content, ${judgedColumns(permission)}`)
  // Old versions are judged as they were, and the resource as it is.
  return sql`
    select v.id, v.ver, v.upd, v.method, v.content from ${versionsFrom(permission, columns, isOfResult)} v
    where v.id = ${id} and ${judge(permission, raw('v'))} and ${isSeenNow(permission, raw('v'), judge)}`
}

/** One version of one resource, which may say "deleted". https://hl7.org/fhir/R4/http.html#vread */
export async function readVersion(
  db: Queryable,
  permission: Permission,
  id: string,
  version: number,
  access: Access,
  now: Date,
): Promise<Stored | undefined> {
  const first = askBeforehand(permission, id, now)
  const { asked, isAsked } = first
  const rows = await run<Row>(
    db,
    sql`with ${asked}hit as materialized (
        select * from (${versionsOf(permission, id, first)}) h where ver = ${version}::int),
      audited as (insert into audit_raw (lines)
        select ${lineOf(access, now)}::text || ',{"versions":' || coalesce(json_agg(ver)::text, '[]') || '}]' from hit
        having ${isAsked})
      select 1, id, ver, (extract(epoch from upd) * 1000)::float8, method, content from hit`,
  )
  const row = rows[0]
  return row && stored(row[1], row[2], row[3], row[4], row[5])
}

/** Whether an id that is not there was deleted, as far as this permission lets one know. */
export async function wasDeleted(db: Queryable, permission: Permission, id: string, now: Date): Promise<boolean> {
  const table = tableOf(permission.definition.type)
  const { judge, asked, isAsked } = askBeforehand(permission, id, now)
  const [[found] = [false]] = await run<[boolean, boolean]>(
    db,
    sql`with ${asked}gone as materialized (
        select from ${name(`${table}_history`)} h where h.id = ${id} and h.method = 'DELETE'
          and ${judge(permission, raw('h'))} and ${isSeenNow(permission, raw('h'), judge)}
          and not exists (select from ${name(table)} r where r.id = ${id}) limit 1)
      select exists (select from gone), ${isAsked}`,
  )
  return found
}
