import { definitions } from '../resources/index.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { name, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import type { Version } from './write.ts'

/** What is released with something else (an Observation), and what holds it by which parameter (a report's `result`). */
type Inheritance = { readonly type: string; readonly holder: string; readonly param: string }

const inheritances: readonly Inheritance[] = [...definitions.values()].flatMap(({ type, releasedWith }) =>
  releasedWith ? [{ type, holder: releasedWith.type, param: releasedWith.param }] : [],
)

/** The ids that resources hold, by what they hold them for. */
export type Held = ReadonlyMap<Inheritance, readonly string[]>

/** The ids that a resource holds by its references, which stand as `result>Observation/1`. */
const heldBy = ({ type, param }: Inheritance, refs: Iterable<string>): string[] => {
  const prefix = `${param}>${type}/`
  return [...refs].flatMap(ref => (ref.startsWith(prefix) ? [ref.slice(prefix.length)] : []))
}

/** What the current versions of some resources hold: asked before they go, for it may then be freed. */
export async function heldBefore(
  db: Queryable,
  resources: readonly { readonly type: string; readonly id: string }[],
): Promise<Held> {
  const held = new Map<Inheritance, readonly string[]>()
  for (const inheritance of inheritances) {
    const ids = resources.filter(({ type }) => type === inheritance.holder).map(({ id }) => id)
    if (ids.length === 0) continue
    const holder = name(tableOf(inheritance.holder))
    const rows = await run<[string[]]>(db, sql`select refs from ${holder} where id = any(${ids}::text[])`)
    held.set(
      inheritance,
      rows.flatMap(([refs]) => heldBy(inheritance, refs)),
    )
  }
  return held
}

/** Ids that may already be referred to: those that were there before, and those that the client chose. */
const mayBeReferredTo = ({ replaces, method }: Version): boolean => replaces || method === 'PUT'

/**
 * A result is not shown before its report: what is released with something else takes the later of its own
 * release and that of all that hold it. Settled for what was written, and for what is or was held by it.
 */
export async function settleReleases(db: Queryable, versions: readonly Version[], before: Held): Promise<void> {
  for (const inheritance of inheritances) {
    const { type, holder } = inheritance
    const written = versions.filter(version => version.definition.type === type)
    const holders = versions.filter(version => version.definition.type === holder)
    const held = [...(before.get(inheritance) ?? []), ...holders.flatMap(({ row }) => heldBy(inheritance, row.refs))]
    const own = new Set(written.map(({ id }) => id))
    await lock(
      db,
      type,
      held.filter(id => !own.has(id)),
    )
    await settle(db, inheritance, [...written.filter(mayBeReferredTo).map(({ id }) => id), ...held])
  }
}

/** One who writes a result and one who writes its report at the same time must see each other: the second waits. */
async function lock(db: Queryable, type: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const sorted = [...new Set(ids)].sort()
  await run(
    db,
    sql`select pg_advisory_xact_lock(index_key(${`${type}/`} || id)) from unnest(${sorted}::text[]) with ordinality as n(id, n) order by n`,
  )
}

async function settle(db: Queryable, { type, holder, param }: Inheritance, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  const sorted = [...new Set(ids)].sort()
  await run(
    db,
    sql`update ${name(tableOf(type))} r set release_at = greatest(r.release_own, held.latest)
      from (select i.id, max(h.release_at) as latest from unnest(${sorted}::text[]) as i(id)
        left join ${name(tableOf(holder))} h
          on h.keys @> array[index_key(${`${param}>${type}/`} || i.id)] group by i.id) held
      where r.id = held.id and r.release_at <> greatest(r.release_own, held.latest)`,
  )
}
