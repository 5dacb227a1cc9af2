import type { Definition } from '../resources/definition.ts'
import { definitionOf, definitions } from '../resources/index.ts'
import type { Queryable } from './db.ts'
import { indexKey, referenceKey } from './hash.ts'
import { SEVERAL_PATIENTS } from './matches.ts'
import type { Settled } from './release.ts'
import { NAMES_STRANGER } from './row-patient.ts'
import { run } from './run.ts'
import { join, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import type { Version } from './write.ts'

/** A resource as what refers to it names it. */
type Name = { readonly type: string; readonly id: string }

type Follower = { readonly definition: Definition; readonly param: string }

/** The types whose resources are whose their targets are, and the parameter that names these: a Provenance's `target`. */
const followers: readonly Follower[] = [...definitions.values()].flatMap(definition =>
  definition.follows === undefined ? [] : [{ definition, param: definition.follows }],
)

const written = ({ type, id }: Name): string => `${type}/${id}`

/** What the write may have given to another patient or released: what was there, was named by its client, or was held. */
const touchedBy = (versions: readonly Version[], released: readonly Settled[]): Name[] => [
  ...versions
    .filter(({ replaces, method }) => replaces || method === 'PUT')
    .map(({ definition, id }) => ({ type: definition.type, id })),
  ...released,
]

/** A pair of a follower and one of its targets. */
type Following = { readonly follower: string; readonly type: string; readonly target: string }

/** Followers, those among them that name a Patient who is not known here, and whom they follow. */
type Followed = {
  readonly ids: readonly string[]
  readonly withStrangers: readonly string[]
  readonly following: readonly Following[]
}

/** The followers that were written or that follow something that was, and whom they follow. */
async function followingOf(
  db: Queryable,
  { definition, param }: Follower,
  ids: readonly string[],
  touched: readonly Name[],
): Promise<Followed> {
  const keys = touched.map(each => indexKey(referenceKey(param, written(each))))
  if (ids.length === 0 && keys.length === 0) return { ids: [], withStrangers: [], following: [] }
  const table = name(tableOf(definition.type))
  const rows = await run<[string, string[], boolean]>(
    db,
    sql`select r.id, r.refs, r.keys @> ${[NAMES_STRANGER]}::bigint[] from ${table} r
      where r.id in (select id from unnest(${ids}::text[]) as w(id)
        union select f.id from ${table} f where f.keys && ${keys}::bigint[])
      order by r.id for update`,
  )
  const prefix = `${param}>`
  return {
    ids: rows.map(([id]) => id),
    withStrangers: rows.flatMap(([id, , namesStranger]) => (namesStranger ? [id] : [])),
    following: rows.flatMap(([follower, refs]) =>
      refs.flatMap(ref => {
        const [type = '', target = ''] = ref.startsWith(prefix) ? ref.slice(prefix.length).split('/') : []
        return definitionOf(type) ? [{ follower, type, target }] : []
      }),
    ),
  }
}

/** Whoever writes a target at the same time is waited for, and waits: otherwise neither would see the other. */
async function lockTargets(db: Queryable, following: readonly Following[]): Promise<void> {
  const keys = [...new Set(following.map(({ type, target }) => indexKey(`${type}/${target}`)))]
  if (keys.length === 0) return
  const sorted = keys.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  await run(
    db,
    sql`select pg_advisory_xact_lock_shared(key) from unnest(${sorted}::bigint[]) with ordinality as k(key, n) order by n`,
  )
}

/**
 * Whose the targets of one type are, as they are now or as they were when they were deleted; of what has a patient and was
 * never there that is not known.
 */
function ownersAmong(type: string): Sql {
  const table = tableOf(type)
  const isOnes = Array.isArray(definitionOf(type)?.compartment)
  const last = sql`select h.patient, h.release_at from ${name(`${table}_history`)} h where h.id = n.target order by h.ver desc limit 1`
  return sql`select n.id, coalesce(t.patient, d.patient) collate "default", coalesce(t.release_at, d.release_at)
    from named n left join ${name(table)} t on t.id = n.target
      left join lateral (${last}) d on t.id is null
    where n.type = ${type} and ${isOnes ? raw('true') : raw('coalesce(t.patient, d.patient) is not null')}`
}

async function settle(
  db: Queryable,
  { definition }: Follower,
  { ids, withStrangers, following }: Followed,
): Promise<void> {
  const { type } = definition
  const parts = [...new Set(following.map(each => each.type))].sort().map(ownersAmong)
  const owners = [
    // A Patient whom it names makes it hers also before she is there.
    sql`select n.id, n.target, '-infinity'::timestamptz from named n where n.type = 'Patient'`,
    sql`select id, null, '-infinity'::timestamptz from unnest(${withStrangers}::text[]) as w(id)`,
    ...parts,
  ]
  const beside = ['search_string', 'search_date', 'search_quantity'].map(
    table => sql`${raw(`in_${table}`)} as (update ${name(table)} s set patient = m.patient from moved m
      where s.type = ${type} and s.id = m.id)`,
  )
  await run(
    db,
    sql`with named as materialized (select * from unnest(${following.map(each => each.follower)}::text[],
        ${following.map(each => each.type)}::text[], ${following.map(each => each.target)}::text[]) as n(id, type, target)),
      owners (id, patient, release_at) as (${join(owners, ' union all ')}),
      settled as materialized (
        select f.id, max(o.release_at) as latest, case
          when count(nullif(o.patient, '')) = 0 then ''
          when count(distinct nullif(o.patient, '')) = 1 and count(*) = count(o.patient) then min(nullif(o.patient, ''))
          else ${SEVERAL_PATIENTS} end as patient
        from unnest(${ids}::text[]) as f(id) left join owners o on o.id = f.id group by f.id),
      moved as (
        update ${name(tableOf(type))} r set patient = s.patient, release_at = greatest(r.release_own, s.latest)
        from settled s where r.id = s.id
          and (r.patient, r.release_at) is distinct from (s.patient, greatest(r.release_own, s.latest))
        returning r.id, r.patient),
      ${join(beside, ', ')}
      select from moved`,
  )
}

/**
 * Gives what follows others to whom these belong, not before they are released: a Provenance is in the record of the
 * resource that it is about, in that of none when it is about several patients' (docs/decisions), one of them unknown here or
 * what was hers deleted. Settled for what was
 * written, and for what is about something that was.
 */
export async function settleFollowers(
  db: Queryable,
  versions: readonly Version[],
  released: readonly Settled[],
): Promise<void> {
  for (const follower of followers) {
    const own = versions.filter(({ definition }) => definition.type === follower.definition.type).map(({ id }) => id)
    const followed = await followingOf(db, follower, own, touchedBy(versions, released))
    if (followed.ids.length === 0) continue
    await lockTargets(db, followed.following)
    await settle(db, follower, followed)
  }
}
