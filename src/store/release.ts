import { definitions } from '../resources/index.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { name, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import type { Version } from './write.ts'

/** Ids that may already be referred to: those that were there before, and those that the client chose. */
const mayBeReferredTo = ({ replaces, method }: Version): boolean => replaces || method === 'PUT'

/** The ids of a type that the written versions touch: they are of it, or refer to it by the parameter. */
function touched(versions: readonly Version[], type: string, holder: string, param: string): string[] {
  const prefix = `${param}>${type}/`
  const ids = new Set<string>()
  for (const version of versions) {
    if (version.definition.type === type && mayBeReferredTo(version)) ids.add(version.id)
    if (version.definition.type !== holder) continue
    for (const ref of version.row.refs) if (ref.startsWith(prefix)) ids.add(ref.slice(prefix.length))
  }
  return [...ids].sort()
}

/**
 * A result is not shown before its report: what is released with something else takes the later of its own
 * release and that of all that refer to it.
 */
export async function settleReleases(db: Queryable, versions: readonly Version[]): Promise<void> {
  for (const { type, releasedWith } of definitions.values()) {
    if (!releasedWith) continue
    const ids = touched(versions, type, releasedWith.type, releasedWith.param)
    if (ids.length === 0) continue
    await run(
      db,
      sql`update ${name(tableOf(type))} r set release_at = greatest(r.release_own, held.latest)
        from (select i.id, max(h.release_at) as latest from unnest(${ids}::text[]) as i(id)
          join ${name(tableOf(releasedWith.type))} h
            on h.keys @> array[index_key(${`${releasedWith.param}>${type}/`} || i.id)] group by i.id) held
        where r.id = held.id and r.release_at <> greatest(r.release_own, held.latest)`,
    )
  }
}
