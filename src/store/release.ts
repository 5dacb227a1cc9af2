import type { Json, ResourceOf, ResourceType } from '../fhir/types.ts'
import type { Queryable } from './db.ts'
import { indexKey, referenceKey, tokenKeys } from './hash.ts'
import {
  carriedBy,
  carriedKey,
  heldBy,
  type Inheritance,
  inheritances,
  keysNamedIn,
  membersIn,
  namedBy,
  namingKey,
} from './inheritance.ts'
import { run } from './run.ts'
import { name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import type { Version } from './write.ts'

/** What holders hold: ids, and identifiers by the key under which who carries one is found. */
type Names = { readonly ids: readonly string[]; readonly carried: readonly string[] }

/** What resources hold, by what they hold it for. */
export type Held = ReadonlyMap<Inheritance, Names>

/** A resource as what refers to it names it. */
export type Settled = { readonly type: string; readonly id: string }

/** What the current versions of some resources hold: asked before they go, for it may then be freed. */
export async function heldBefore(
  db: Queryable,
  resources: readonly { readonly type: string; readonly id: string }[],
): Promise<Held> {
  const held = new Map<Inheritance, Names>()
  for (const inheritance of inheritances) {
    const idsOf = (wanted: string) => resources.filter(({ type }) => type === wanted).map(({ id }) => id)
    const members = await membersOf(db, inheritance, idsOf(inheritance.type))
    const ids = idsOf(inheritance.holder)
    const rows =
      ids.length === 0
        ? []
        : await run<[string[], string | null]>(
            db,
            sql`select refs, case when keys @> array[${namingKey(inheritance)}::bigint] then content end
              from ${name(tableOf(inheritance.holder))} where id = any(${ids}::text[])`,
          )
    held.set(inheritance, {
      ids: [...members, ...rows.flatMap(([refs]) => heldBy(inheritance, refs))],
      carried: rows.flatMap(([, content]) => (content === null ? [] : keysNamedIn(inheritance, content))),
    })
  }
  return held
}

/** What stored resources hold of their own type. */
async function membersOf(db: Queryable, { type, members }: Inheritance, ids: readonly string[]): Promise<string[]> {
  if (members === undefined || ids.length === 0) return []
  const prefix = `${members}>${type}/`
  const rows = await run<[string]>(
    db,
    sql`select distinct substr(ref, ${prefix.length + 1}::int) from ${name(tableOf(type))} r, unnest(r.refs) ref
      where r.id = any(${ids}::text[]) and starts_with(ref, ${prefix})`,
  )
  return rows.map(([id]) => id)
}

/** Few enough locks for any number of entries, and so many that who writes other identifiers seldom waits. */
const SLOTS = 256
const slotOf = (key: string): string =>
  indexKey(`held by identifier ${BigInt.asUintN(64, BigInt(key)) % BigInt(SLOTS)}`)

/** A resource that is about to be written, or to be deleted. */
type Coming = Pick<Version, 'definition' | 'id'> & { readonly method: string; readonly resource?: Json | undefined }

const isWithheld = ({ definition, resource }: Coming, now: Date): boolean => {
  const release = resource && definition.release?.(resource as unknown as ResourceOf<ResourceType>, now)
  return release === 'never' || (release instanceof Date && release > now)
}

/** The keys of the identifiers by which resources that are withheld until now hold others. */
async function keysHeldBefore(
  db: Queryable,
  inheritance: Inheritance,
  ids: readonly string[],
  now: Date,
): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await run<[string]>(
    db,
    sql`select content from ${name(tableOf(inheritance.holder))}
      where id = any(${ids}::text[]) and keys @> array[${namingKey(inheritance)}::bigint]
        and release_at > ${now.toISOString()}::timestamptz`,
  )
  return rows.flatMap(([content]) => keysNamedIn(inheritance, content))
}

/** The keys of the identifiers by which withheld resources will hold others, or held them until now. */
async function keysHeld(
  db: Queryable,
  inheritance: Inheritance,
  coming: readonly Coming[],
  now: Date,
): Promise<string[]> {
  const holders = coming.filter(({ definition }) => definition.type === inheritance.holder)
  const changed = holders.filter(({ method }) => method !== 'POST').map(({ id }) => id)
  const named = holders
    .filter(each => isWithheld(each, now))
    .flatMap(({ resource = {} }) => namedBy(inheritance, resource).map(carriedKey))
  return [...named, ...(await keysHeldBefore(db, inheritance, changed, now))]
}

/**
 * Keeps who writes a withheld holder that names by identifier, and who writes what carries one, apart until one of them
 * is committed: otherwise neither would see the other. Those who only carry do not wait for each other, and nobody waits
 * for a holder that is released, for it withholds nothing.
 */
export async function lockNamed(db: Queryable, coming: readonly Coming[], now: Date): Promise<void> {
  const slots = new Map<string, boolean>()
  for (const inheritance of inheritances) {
    for (const { definition, resource } of coming)
      if (resource && definition.type === inheritance.type)
        for (const each of carriedBy(inheritance, resource)) slots.set(slotOf(carriedKey(each)), false)
    for (const key of await keysHeld(db, inheritance, coming, now)) slots.set(slotOf(key), true)
  }
  if (slots.size === 0) return
  const sorted = [...slots].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
  await run(
    db,
    sql`select case when s.alone then pg_advisory_xact_lock(s.key) else pg_advisory_xact_lock_shared(s.key) end
      from unnest(${sorted.map(([key]) => key)}::bigint[], ${sorted.map(([, alone]) => alone)}::boolean[])
        with ordinality as s(key, alone, n) order by n`,
  )
}

/**
 * A result is not shown before its report: what is released with something else takes the later of its own
 * release and that of all that hold it, by reference or by identifier. Settled for what was written, and for what is or
 * was held by it; says what that is.
 */
export async function settleReleases(
  db: Queryable,
  versions: readonly Version[],
  before: Held,
): Promise<readonly Settled[]> {
  const settled: Settled[] = []
  for (const inheritance of inheritances) {
    const { type, holder } = inheritance
    const own = new Map(versions.filter(({ definition }) => definition.type === type).map(each => [each.id, each]))
    const holders = versions.filter(version => version.definition.type === holder)
    const former = before.get(inheritance) ?? { ids: [], carried: [] }
    const panels = [...own.values()].filter(({ row }) => membersIn(inheritance, row.refs).length > 0)
    const ids = [
      ...former.ids,
      ...holders.flatMap(({ row }) => heldBy(inheritance, row.refs)),
      ...panels.flatMap(({ row }) => membersIn(inheritance, row.refs)),
    ]
    const named = holders.flatMap(({ resource }) => namedBy(inheritance, resource).map(carriedKey))
    const held = new Set([...ids, ...(await carriersOf(db, inheritance, [...former.carried, ...named]))])
    const others = [...held].filter(id => !own.has(id)).sort()
    await lock(db, type, others)
    const pairs = [...own.values()].flatMap(each =>
      pairsOf(inheritance, each.id, each.resource, mayBeReferredTo(each) || held.has(each.id)),
    )
    await settle(db, inheritance, [...pairs, ...(await pairsOfStored(db, inheritance, others))])
    const members = await settleMembers(db, inheritance, [...panels.map(({ id }) => id), ...others])
    settled.push(...[...held, ...members].map(id => ({ type, id })))
  }
  return settled
}

/** So many panels within panels are followed: more than there are, and an end for two that hold each other. */
const MOST_LEVELS = 20

/**
 * What has been settled passes its release on to what it holds of its own type, and that to what it holds.
 * @returns the ids of what was reached
 */
async function settleMembers(db: Queryable, inheritance: Inheritance, holding: readonly string[]): Promise<string[]> {
  const reached: string[] = []
  let above = holding
  for (let level = 0; level < MOST_LEVELS && above.length > 0; level++) {
    const below = (await membersOf(db, inheritance, above)).sort()
    await lock(db, inheritance.type, below)
    above = await settle(db, inheritance, await pairsOfStored(db, inheritance, below))
    reached.push(...below)
  }
  return reached
}

/** Who carries any of some identifiers. */
async function carriersOf(db: Queryable, { type }: Inheritance, carried: readonly string[]): Promise<string[]> {
  if (carried.length === 0) return []
  const rows = await run<[string]>(
    db,
    sql`select r.id from unnest(${[...new Set(carried)]}::bigint[]) as k(key)
      join ${name(tableOf(type))} r on r.keys @> array[k.key]`,
  )
  return rows.map(([id]) => id)
}

/** One who writes a result and one who writes its report at the same time must see each other: the second waits. */
async function lock(db: Queryable, type: string, sorted: readonly string[]): Promise<void> {
  if (sorted.length === 0) return
  await run(
    db,
    sql`select pg_advisory_xact_lock(index_key(${`${type}/`} || id)) from unnest(${sorted}::text[]) with ordinality as n(id, n) order by n`,
  )
}

/** A resource that may be held, a key that what holds it has, and whether that is the one of an identifier. */
type Pair = readonly [id: string, key: string, isNamed: boolean]

/** Ids that may already be referred to: those that were there before, and those that the client chose. */
const mayBeReferredTo = ({ replaces, method }: Version): boolean => replaces || method === 'PUT'

/** The keys of what holds a resource: by its name, and by each identifier that it carries. */
function pairsOf(inheritance: Inheritance, id: string, resource: Json, isKnown: boolean): Pair[] {
  const { type, param } = inheritance
  return [
    ...(isKnown ? [[id, indexKey(referenceKey(param, `${type}/${id}`)), false] as const] : []),
    ...carriedBy(inheritance, resource).map(
      ({ system = '', value = '' }) =>
        [id, indexKey(tokenKeys.exact(`${param}:identifier`, system, value)), true] as const,
    ),
  ]
}

/** Whether anything is held by an identifier at all: only then is it looked for. */
const isAnyNamed = (
  inheritance: Inheritance,
): Sql => sql`(select exists (select from ${name(tableOf(inheritance.holder))}
  where keys @> array[${namingKey(inheritance)}::bigint]))`

/** The same of what is stored. */
async function pairsOfStored(db: Queryable, inheritance: Inheritance, ids: readonly string[]): Promise<Pair[]> {
  if (ids.length === 0) return []
  const rows = await run<[string, string | null]>(
    db,
    sql`select r.id, case when ${isAnyNamed(inheritance)} then r.content end
      from ${name(tableOf(inheritance.type))} r where r.id = any(${ids}::text[])`,
  )
  return rows.flatMap(([id, content]) =>
    pairsOf(inheritance, id, content === null ? {} : (JSON.parse(content) as Json), true),
  )
}

/** The latest release of what holds the resource of a pair and is of its own type. */
const latestAbove = ({ type, members }: Inheritance): Sql =>
  members === undefined
    ? raw('null::timestamptz')
    : sql`(select max(m.release_at) from ${name(tableOf(type))} m
        where not p.is_named and m.keys @> array[index_key(${`${members}>${type}/`} || p.id)])`

/** @returns the ids of those whose release is another one now */
async function settle(db: Queryable, inheritance: Inheritance, pairs: readonly Pair[]): Promise<string[]> {
  if (pairs.length === 0) return []
  const { type, holder } = inheritance
  const columns = [pairs.map(([id]) => id), pairs.map(([, key]) => key), pairs.map(([, , isNamed]) => isNamed)]
  const rows = await run<[string]>(
    db,
    sql`update ${name(tableOf(type))} r set release_at = greatest(r.release_own, held.latest)
      from (select p.id, greatest(max(h.release_at), max(${latestAbove(inheritance)})) as latest
        from (select id, key, is_named from unnest(${columns[0]}::text[], ${columns[1]}::bigint[], ${columns[2]}::boolean[])
            as u(id, key, is_named) where not is_named or ${isAnyNamed(inheritance)}) p
          left join ${name(tableOf(holder))} h on h.keys @> array[p.key] group by p.id) held
      where r.id = held.id and r.release_at <> greatest(r.release_own, held.latest) returning r.id`,
  )
  return rows.map(([id]) => id)
}
