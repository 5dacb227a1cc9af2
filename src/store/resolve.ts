import type { Permission } from '../access/permit.ts'
import type { Clause } from '../fhir/query.ts'
import type { Definition } from '../resources/definition.ts'
import type { Queryable } from './db.ts'
import { indexKey, tokenKeys } from './hash.ts'
import { matches } from './matches.ts'
import { run } from './run.ts'
import { all, name, raw, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/** So many identities of one type a transaction locks singly: the database has room for some ten thousand locks in all. */
const MOST_LOCKS = 2000

/**
 * Takes locks on the identities that a transaction is about to create or look up, by type, in one order: of two that name the
 * same one, the second waits and then finds what the first has made. One that names very many locks all of the type instead.
 */
export async function lockIdentities(
  db: Queryable,
  identities: ReadonlyMap<string, ReadonlySet<string>>,
  most: number = MOST_LOCKS,
): Promise<void> {
  const locks = [...identities].flatMap(([type, named]) => {
    const isMany = named.size > most
    const each = isMany ? [] : [...named].map(identity => ({ key: indexKey(identity), alone: true }))
    return [{ key: indexKey(`identities of ${type}`), alone: isMany }, ...each]
  })
  if (locks.length === 0) return
  const sorted = locks.sort((a, b) => (BigInt(a.key) < BigInt(b.key) ? -1 : 1))
  await run(
    db,
    sql`select case when k.alone then pg_advisory_xact_lock(k.key) else pg_advisory_xact_lock_shared(k.key) end
      from unnest(${sorted.map(({ key }) => key)}::bigint[], ${sorted.map(({ alone }) => alone)}::boolean[])
        with ordinality as k(key, alone, n) order by n`,
  )
}

/** The ids that criteria match, so many at the most: who needs one needs to know of two. */
export async function findIds(
  db: Queryable,
  permission: Permission,
  clauses: readonly Clause[],
  now: Date,
  most: number,
): Promise<readonly string[]> {
  const conditions = [visibleTo(permission, raw('r'), now), ...clauses.map(clause => matches(clause, permission, now))]
  const table = name(tableOf(permission.definition.type))
  const rows = await run<[string]>(db, sql`select r.id from ${table} r where ${all(conditions)} limit ${most}::int`)
  return rows.map(([id]) => id)
}

/** An identifier of https://hl7.org/fhir/R4/datatypes.html#Identifier as it is looked up; no system is ''. */
export type Identity = { readonly system: string; readonly value: string }

const written = ({ system, value }: Identity): string => `${system}|${value}`

/**
 * The resources of one type that carry identifiers, by `system|value`: all of a set in one statement. Linking what a
 * client writes to what it names shows it an id and nothing else, so it needs no permission of its own.
 */
export async function findByIdentifier(
  db: Queryable,
  definition: Definition,
  asked: readonly Identity[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  // Asked for twice, one resource would be found twice, and be taken for two.
  const identities = [...new Map(asked.map(each => [written(each), each])).values()]
  const keys = identities.map(({ system, value }) => indexKey(tokenKeys.exact('identifier', system, value)))
  const rows = await run<[number, string]>(
    db,
    sql`select k.n::int, r.id from unnest(${keys}::bigint[]) with ordinality as k(key, n)
      join ${name(tableOf(definition.type))} r on r.keys @> array[k.key]`,
  )
  const found = new Map<string, string[]>()
  for (const [n, id] of rows) {
    const identity = identities[n - 1]
    if (!identity) continue
    const ids = found.get(written(identity))
    if (ids) ids.push(id)
    else found.set(written(identity), [id])
  }
  return found
}
