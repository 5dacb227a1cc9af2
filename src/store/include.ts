import type { Permission } from '../access/permit.ts'
import { name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/**
 * One `_include` or `_revinclude` on one type of candidate, with the permission to read that type: it is judged by
 * the same predicate as a match.
 */
export type Included = {
  readonly permission: Permission
  /** The type that was searched. */
  readonly searched: string
  readonly param: string
  readonly reverse: boolean
}

/** How many resources one page may bring along; beyond it the search has to be narrowed. */
export const MOST_INCLUDED = 5000

/** The resources that the page's own references name; `refs` holds them as `param>Type/id`. */
function named({ permission, param }: Included): Sql {
  const prefix = `${param}>${permission.definition.type}/`
  return sql`r.id in (select substr(ref, ${prefix.length + 1}::int) from shown, unnest(shown.refs) ref
    where starts_with(ref, ${prefix}))`
}

/** The resources whose references name one of the page. */
function naming({ permission, param, searched }: Included): Sql {
  const { definition } = permission
  const isOwner = searched === 'Patient' && definition.search[param]?.stored === 'patient'
  const owned = isOwner ? sql`r.patient in (select id from shown)` : raw('false')
  const candidates = sql`r.id in (select f.id from shown join ${name(tableOf(definition.type))} f
    on f.keys @> array[index_key(${`${param}>${searched}/`} || shown.id)])`
  return isOwner ? owned : candidates
}

/** The part of the search's statement that selects `type, id, content` of what one include brings along. */
export function included(include: Included, now: Date): Sql {
  const { definition } = include.permission
  const condition = include.reverse ? naming(include) : named(include)
  return sql`(select ${definition.type}::text as type, r.id, r.content from ${name(tableOf(definition.type))} r
    where ${condition} and ${visibleTo(include.permission, raw('r'), now)}
      and not (${definition.type} = ${include.searched} and r.id in (select id from shown))
    limit ${MOST_INCLUDED + 1}::int)`
}
