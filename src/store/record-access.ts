import type { Pool, PoolClient } from 'pg'
import { isInRecords } from '../resources/definition.ts'
import { definitionOf } from '../resources/index.ts'
import { type AccessLine, type Act, readLine } from './audit-line.ts'
import { inTransaction, type Queryable } from './db.ts'
import { run } from './run.ts'
import { name, raw, sql } from './sql.ts'
import { tableOf } from './tables.ts'

// A row may hold two hundred lines: more of them at once would keep requests waiting.
const MOST_ROWS = 100

/** What to do while another process reads: wait for it, or leave it to that one. */
export type WhenBusy = 'wait' | 'leave'
const LOCK: Readonly<Record<WhenBusy, string>> = { wait: '', leave: 'skip locked' }

type RawRow = [tx: string, id: string, lines: string]

/**
 * The transaction before which all have ended that write to this database. Asked of this database alone: another one on the
 * same server may leave a transaction open for hours.
 */
async function settledBefore(db: PoolClient): Promise<string> {
  const [[newest] = ['0']] = await run<[string]>(db, sql`select pg_snapshot_xmax(pg_current_snapshot())::text`)
  // pg_stat_activity has the lower half of an id; what is under way is less than half its range behind the newest.
  const [[oldest] = [null]] = await run<[string | null]>(
    db,
    sql`select min(${newest}::bigint - behind)::text from pg_stat_activity,
        lateral mod(mod(${newest}::bigint - backend_xid::text::bigint, 4294967296) + 4294967296, 4294967296) as behind
      where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid() and behind < 2147483648`,
  )
  return oldest ?? newest
}

/** The next rows of the audit record, in the order of their transactions: one that appears later is never passed over. */
async function nextRows(db: PoolClient, whenBusy: WhenBusy): Promise<RawRow[]> {
  const settled = await settledBefore(db)
  const read = await run<[string, string]>(
    db,
    sql`select tx::text, id::text from audit_read for update ${raw(LOCK[whenBusy])}`,
  )
  const [tx, id] = read[0] ?? []
  if (tx === undefined || id === undefined) return []
  return run<RawRow>(
    db,
    // Ordered by the columns themselves: what is selected is text, by which 10 comes before 9.
    sql`select a.tx::text, a.id::text, a.lines from audit_raw a
      where (a.tx, a.id) > (${tx}::xid8, ${id}::bigint) and a.tx < ${settled}::xid8
      order by a.tx, a.id limit ${MOST_ROWS}::int`,
  )
}

const typeOf = (item: string): string => item.slice(0, item.indexOf('/'))

/** Whose a resource is, and from when on that patient may know of it. */
type Owned = { readonly patient: string; readonly shownFrom: string }

// Before all time.
const ALREADY = '-infinity'

/**
 * Whose an item is as far as its line says so, which spares a look-up for nearly all that patients' apps read: what a token
 * that reaches one record showed of a compartment is of that record, and was released.
 */
function ownerByLine({ patient, isOnlyHers }: AccessLine, type: string): Owned | undefined {
  if (patient === undefined || !isOnlyHers) return undefined
  const definition = definitionOf(type)
  return definition && isInRecords(definition) ? { patient, shownFrom: ALREADY } : undefined
}

/** What is seen through others only (a Binary) has no owner of its own: it is the patient's in whose name it was seen. */
function seenThroughOthers({ patient }: AccessLine, type: string): Owned | undefined {
  const isSeen = patient !== undefined && definitionOf(type)?.compartment === 'referrers'
  return isSeen ? { patient, shownFrom: ALREADY } : undefined
}

type Run = { readonly type: string; readonly items: readonly string[] }

/** The items in pieces of one type: a page of results is one, whatever its length. */
function runsOf(items: readonly string[]): Run[] {
  const runs: Run[] = []
  for (let from = 0, to = 1; from < items.length; from = to++) {
    const type = typeOf(items[from] ?? '')
    while (to < items.length && items[to]?.startsWith(type) && items[to]?.charAt(type.length) === '/') to++
    runs.push({ type, items: items.slice(from, to) })
  }
  return runs
}

/** `Observation/1`, without the version. */
const withoutVersion = (item: string): string => item.split('/', 2).join('/')

const idsByType = (items: Iterable<string>): Map<string, string[]> => {
  const found = new Map<string, string[]>()
  for (const item of new Set(items)) {
    const type = typeOf(item)
    if (!definitionOf(type)) continue
    const ids = found.get(type) ?? []
    ids.push(item.slice(type.length + 1))
    found.set(type, ids)
  }
  return found
}

/** The items of which their lines do not say whose they are. */
const toLookUp = (lines: readonly AccessLine[]): string[] =>
  lines.flatMap(line =>
    runsOf(line.items).flatMap(({ type, items }) => (ownerByLine(line, type) ? [] : items.map(withoutVersion))),
  )

/** Whose the resources are, by `Type/id`: as they are now, or were when they were deleted. Nobody's are left out. */
async function ownersOf(db: Queryable, items: Iterable<string>): Promise<Map<string, Owned>> {
  const owners = new Map<string, Owned>()
  for (const [type, ids] of idsByType(items)) {
    const table = tableOf(type)
    const rows = await run<[string, string, string]>(
      db,
      sql`select id, patient, release_at::text from ${name(table)} where id = any(${ids}::text[])
        union all
        select * from (select distinct on (h.id) h.id, h.patient, h.release_at::text from ${name(`${table}_history`)} h
          where h.id = any(${ids}::text[]) and not exists (select from ${name(table)} r where r.id = h.id)
          order by h.id, h.ver desc) as gone`,
    )
    for (const [id, patient, shownFrom] of rows) if (patient !== '') owners.set(`${type}/${id}`, { patient, shownFrom })
  }
  return owners
}

type Sum = Omit<RecordAccess, 'hour' | 'first' | 'last'> & Owned & { hour: string; first: string; last: string }

// No id, type or moment has this character in it; the names of apps do not matter, for they stand alone.
const BETWEEN = '\n'
const toTheHour = (at: string): string => `${at.slice(0, 13)}:00:00.000Z`

function addTo(sums: Map<string, Sum>, line: AccessLine, type: string, owned: Owned, items: number): void {
  const { at, actor, person, client, act } = line
  const { patient, shownFrom } = owned
  const hour = toTheHour(at)
  const key = [patient, hour, actor, person, client, act, type, shownFrom].join(BETWEEN)
  const known = sums.get(key)
  if (!known) {
    sums.set(key, { patient, shownFrom, hour, actor, person, client, act, type, items, first: at, last: at })
    return
  }
  known.items += items
  if (at < known.first) known.first = at
  if (at > known.last) known.last = at
}

function sumUp(lines: readonly AccessLine[], owners: ReadonlyMap<string, Owned>): Sum[] {
  const sums = new Map<string, Sum>()
  for (const line of lines)
    for (const { type, items } of runsOf(line.items)) {
      const hers = ownerByLine(line, type)
      if (hers) addTo(sums, line, type, hers, items.length)
      else
        for (const item of items) {
          const owned = owners.get(withoutVersion(item)) ?? seenThroughOthers(line, type)
          if (owned) addTo(sums, line, type, owned, 1)
        }
    }
  // In one order, so that two that write the same rows wait for each other instead of locking each other out.
  return [...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum)
}

async function add(db: Queryable, sums: readonly Sum[]): Promise<void> {
  if (sums.length === 0) return
  const column = <Name extends keyof Sum>(of: Name) => sums.map(sum => sum[of])
  // What is shown by now is one row, whenever it was released.
  await run(
    db,
    sql`insert into record_access as r
        (patient, hour, actor, person, client, act, type, shown_from, items, first_at, last_at)
      select patient, hour, actor, person, client, act, type, shown, sum(items), min(first_at), max(last_at)
      from unnest(${column('patient')}::text[], ${column('hour')}::timestamptz[], ${column('actor')}::text[],
        ${column('person')}::text[], ${column('client')}::text[], ${column('act')}::text[], ${column('type')}::text[],
        ${column('shownFrom')}::timestamptz[], ${column('items')}::int[], ${column('first')}::timestamptz[],
        ${column('last')}::timestamptz[])
        as u(patient, hour, actor, person, client, act, type, shown_from, items, first_at, last_at),
        lateral (select case when shown_from <= first_at then '-infinity' else shown_from end as shown) as s
      group by patient, hour, actor, person, client, act, type, shown
      on conflict (patient, hour, actor, person, client, act, type, shown_from) do update set
        items = r.items + excluded.items, first_at = least(r.first_at, excluded.first_at),
        last_at = greatest(r.last_at, excluded.last_at)`,
  )
}

async function noteUses(db: Queryable, lines: readonly AccessLine[]): Promise<void> {
  const uses = new Map<string, { person: string; client: string; patient: string; at: string }>()
  for (const { at, actor, person, client, patient = '', isUse } of lines) {
    if (actor === 'engine' || !isUse) continue
    const key = [person, client, patient].join(BETWEEN)
    const known = uses.get(key)
    if (!known || known.at < at) uses.set(key, { person, client, patient, at })
  }
  const rows = [...uses.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, use]) => use)
  if (rows.length === 0) return
  await run(
    db,
    sql`insert into app_use as u (person, client, patient, last_at)
      select * from unnest(${rows.map(row => row.person)}::text[], ${rows.map(row => row.client)}::text[],
        ${rows.map(row => row.patient)}::text[], ${rows.map(row => row.at)}::timestamptz[])
      on conflict (person, client, patient) do update set last_at = greatest(u.last_at, excluded.last_at)`,
  )
}

/** The lines of rows as far as they can be read: one that somebody spoilt does not hide all that came after it. */
function linesIn(rows: readonly RawRow[], unreadable: (row: string) => void): AccessLine[] {
  return rows.flatMap(([tx, id, text]) =>
    text.split('\n').flatMap(line => {
      try {
        return [readLine(line)]
      } catch {
        // What is wrong with it is in the row, which may name a patient: the log says only where that is.
        unreadable(`${tx}/${id}`)
        return []
      }
    }),
  )
}

/**
 * Reads on in the audit record and sums up who looked at whose record; each row counts once, whatever number of processes
 * does this at the same time. Decision 0065.
 * `unreadable` is told the transaction and the id of each row that has a line that is none.
 * @returns whether there may be more to read
 */
export const readAudit = (pool: Pool, whenBusy: WhenBusy, unreadable: (row: string) => void): Promise<boolean> =>
  inTransaction(pool, async db => {
    const rows = await nextRows(db, whenBusy)
    const last = rows.at(-1)
    if (!last) return false
    const lines = linesIn(rows, unreadable)
    const owners = await ownersOf(db, toLookUp(lines))
    await add(db, sumUp(lines, owners))
    await noteUses(db, lines)
    await run(db, sql`update audit_read set tx = ${last[0]}::xid8, id = ${last[1]}::bigint`)
    return rows.length === MOST_ROWS
  })

/** What somebody did with one kind of thing in a patient's record within one hour. */
export type RecordAccess = {
  readonly hour: string
  readonly actor: string
  readonly person: string
  readonly client: string
  readonly act: Act
  readonly type: string
  items: number
  readonly first: Date
  readonly last: Date
}

type Row = [Date, string, string, string, Act, string, number, Date, Date]

/** Who looked at a patient's record, the latest first, before an hour: as far as she may know by now. */
export async function accessesOf(
  db: Queryable,
  patient: string,
  now: Date,
  { before = 'infinity', most }: { before?: string | undefined; most: number },
): Promise<RecordAccess[]> {
  const rows = await run<Row>(
    db,
    sql`select hour, actor, person, client, act, type, items, first_at, last_at from record_access
      where patient = ${patient} and hour < ${before}::timestamptz and shown_from <= ${now}
      order by hour desc, actor desc, person desc, client desc, act desc, type desc limit ${most}::int`,
  )
  return rows.map(([hour, actor, person, client, act, type, items, first, last]) => {
    const access = { actor, person, client, act, type, items, first, last }
    return { hour: hour.toISOString(), ...access }
  })
}

/** When a person's apps were last used, by app and record; the record is empty for what was about none. */
export async function lastUses(
  db: Queryable,
  person: string,
): Promise<{ client: string; patient: string; at: Date }[]> {
  const rows = await run<[string, string, Date]>(
    db,
    sql`select client, patient, last_at from app_use where person = ${person}`,
  )
  return rows.map(([client, patient, at]) => ({ client, patient, at }))
}
