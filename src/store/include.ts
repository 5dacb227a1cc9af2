import type { Permission } from '../access/permit.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'
import { all, join, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import type { Judge } from './visible.ts'

/**
 * One `_include` or `_revinclude` between two types, with the permission to read the type that it brings along: each
 * candidate is judged by the same predicate as a match. https://hl7.org/fhir/R4/search.html#include
 */
export type Included = {
  readonly permission: Permission
  /** The type that it starts from: that of the matches or, with `iterate`, of what was included; nothing for any. */
  readonly from: string | undefined
  /** The reference parameters that it follows; nothing for any. */
  readonly params: readonly string[] | undefined
  readonly reverse: boolean
  readonly iterate: boolean
}

/** How many resources one page brings along; the others stand on the next. */
export const MOST_INCLUDED = 1000
/** How many may be reached by `:iterate` from one page of matches; beyond it the search has to be narrowed. */
export const MOST_REACHED = 20_000

const literal = (text: string): Sql => raw(`'${text.replaceAll("'", "''")}'`)
const list = (pieces: readonly Sql[]): Sql => sql`array[${join(pieces, ', ')}]`
const tableIn = ({ permission }: Included): Sql => name(tableOf(permission.definition.type))

/** Whether resources of a type are also referred to by their url: https://hl7.org/fhir/R4/references.html#canonical */
function isCanonical(type: string): boolean {
  const { url, version } = definitionOf(type)?.search ?? {}
  return url?.stored === 'keys' && version !== undefined
}

const startsFrom = ({ from }: Included): Sql => (from === undefined ? raw('true') : sql`f.type = ${literal(from)}`)
const patternsOf = ({ params = ['%'] }: Included, target: string): Sql =>
  list(params.map(param => literal(`${param}>${target}`)))

/** The ids that the references of `f` name; `refs` holds them as `param>Type/id`. */
function named(include: Included, source: Sql): Sql {
  const { type } = include.permission.definition
  return sql`select substr(ref, strpos(ref, '/') + 1) from ${source}, unnest(f.refs) ref
    where ${startsFrom(include)} and ref like any(${patternsOf(include, `${type}/%`)})`
}

/**
 * Whether `ref`, one of the references of a row, names another row by its url: of the version that is named, or of any when
 * none is.
 */
function namesByUrl(include: Included, naming: Sql, named: Sql): Sql {
  const url = sql`${named}.content::json ->> 'url'`
  const version = sql`${named}.content::json ->> 'version'`
  return sql`ref like any(${patternsOf(include, '%:%')})
    and substr(ref, strpos(ref, '>') + 1) in (${url}, (${url}) || '|' || (${version}))
    and (strpos(ref, '|') > 0 or not exists (select from unnest(${naming}.refs) v where starts_with(v, ref || '|')))`
}

/** What `f` names by its url. */
function namedByUrl(include: Included, source: Sql): Sql {
  return sql`select x.id from ${source}, unnest(f.refs) ref join ${tableIn(include)} x
      on x.keys @> array[index_key('url=' || split_part(substr(ref, strpos(ref, '>') + 1), '|', 1))]
    where ${startsFrom(include)} and ${namesByUrl(include, raw('f'), raw('x'))}`
}

const paramsOf = ({ permission, params }: Included): readonly string[] => {
  const { search } = permission.definition
  return params ?? Object.keys(search).filter(param => search[param]?.type === 'reference')
}

/** The ids of those whose references name `f`. */
function naming(include: Included, source: Sql): Sql {
  const keys = paramsOf(include).map(param => sql`index_key(${literal(`${param}>`)} || f.type || '/' || f.id)`)
  return sql`select x.id from ${source} join ${tableIn(include)} x on x.keys && ${list(keys)} where ${startsFrom(include)}`
}

const isPatients = ({ permission }: Included, param: string): boolean =>
  permission.definition.search[param]?.stored === 'patient'

/** The ids of what is the patient's that `f` is: references to her stand in the column, not among the keys. */
function owned(include: Included, source: Sql): Sql {
  const params = paramsOf(include).filter(param => isPatients(include, param))
  const refs = params.map(param => sql`${literal(`${param}>Patient/`)} || f.id`)
  return sql`select x.id from ${source} join ${tableIn(include)} x on x.patient = f.id
    where f.type = 'Patient' and x.refs && ${list(refs)}`
}

/** The ids of those that name `f` by its url. */
function namingUrl(include: Included, type: string, source: Sql): Sql {
  const keys = paramsOf(include).map(param => sql`index_key(${literal(`${param}>`)} || (c.content::json ->> 'url'))`)
  return sql`select x.id from ${source} join ${name(tableOf(type))} c on c.id = f.id
    join ${tableIn(include)} x on x.keys && ${list(keys)} where f.type = ${literal(type)}
      and exists (select from unnest(x.refs) ref where ${namesByUrl(include, raw('x'), raw('c'))})`
}

const leadsToPatient = (include: Included): boolean =>
  (include.from === undefined || include.from === 'Patient') &&
  paramsOf(include).some(param => isPatients(include, param))

/** The ids that one include leads to from the rows `f` of a source. */
function idsOf(include: Included, source: Sql): Sql[] {
  const { permission, reverse, from } = include
  if (!reverse) {
    const byUrl = isCanonical(permission.definition.type) ? [namedByUrl(include, source)] : []
    return [named(include, source), ...byUrl]
  }
  const canonical = (from === undefined ? servedTypes : [from]).filter(isCanonical)
  return [
    naming(include, source),
    ...(leadsToPatient(include) ? [owned(include, source)] : []),
    ...canonical.map(type => namingUrl(include, type, source)),
  ]
}

/**
 * For each type of candidate: which of its rows `r` are led to, and are visible. Their ids go to the index as one list, which
 * it reads in order: what was stored together is found together.
 */
function candidates(includes: readonly Included[], source: Sql, judge: Judge, columns: string): Sql[] {
  const byType = new Map<string, Included[]>()
  for (const include of includes) {
    const { type } = include.permission.definition
    byType.set(type, [...(byType.get(type) ?? []), include])
  }
  return [...byType.values()].flatMap(group => {
    const permission = group[0]?.permission
    if (!permission) return []
    const { type } = permission.definition
    const ids = group.flatMap(include => idsOf(include, source))
    return sql`select ${literal(type)}::text collate "C" as type, ${raw(columns)} from ${name(tableOf(type))} r
      where r.id = any(array(${join(ids, ' union all ')})) and ${judge(permission, raw('r'))}`
  })
}

const NOT_SHOWN = raw('not exists (select from shown where shown.type = m.type and shown.id = m.id)')

/** Where the page before ended, in what it brought along. */
export type IncludeCursor = readonly [type: string, id: string]

const beyond = (cursor: IncludeCursor | undefined): Sql =>
  cursor ? sql`(m.type, m.id) > (${cursor[0]}::text, ${cursor[1]}::text)` : raw('true')

const LIMIT = sql`order by m.type, m.id limit ${MOST_INCLUDED + 1}::int`

/** Without `:iterate`: what the matches lead to, as the part `more` of the search's statement. */
const direct = (parts: readonly Sql[], cursor: IncludeCursor | undefined): Sql =>
  sql`more as materialized (select m.type, m.id, m.content from (${join(parts, ' union all ')}) m
    where ${all([NOT_SHOWN, beyond(cursor)])} ${LIMIT})`

/** What is led to step by step. A row is reached once, so circles end; what is reached too often ends at a limit. */
function iterated(includes: readonly Included[], judge: Judge, cursor: IncludeCursor | undefined): Sql {
  const columns = 'r.id, r.refs'
  const begin = candidates(includes, raw('shown f'), judge, columns)
  const source = raw('(select reached.type, reached.id, reached.refs) f')
  const steps = candidates(
    includes.filter(({ iterate }) => iterate),
    source,
    judge,
    columns,
  )
  const types = new Set(includes.map(({ permission }) => permission.definition.type))
  const texts = [...types].map(
    type => sql`select m.type, m.id, r.content from chosen m join ${name(tableOf(type))} r on r.id = m.id
      where m.type = ${literal(type)}`,
  )
  return sql`reached (type, id, refs) as (select * from (${join(begin, ' union all ')}) b
      union select x.* from reached cross join lateral (${join(steps, ' union all ')}) x),
    bounded as materialized (select type, id from reached limit ${MOST_REACHED + 1}::int),
    chosen as materialized (select m.type, m.id from bounded m where ${all([NOT_SHOWN, beyond(cursor)])} ${LIMIT}),
    more as materialized (select * from (${join(texts, ' union all ')}) t order by type, id)`
}

/**
 * The parts of a search's statement that make `more`: the type, id and content of what the page's matches (`shown`) bring
 * along, one more than a page may bring, from the cursor on. Nothing when nothing is included.
 */
export function includedParts(
  includes: readonly Included[],
  cursor: IncludeCursor | undefined,
  judge: Judge,
): { readonly parts: Sql; readonly isIterated: boolean } | undefined {
  if (includes.length === 0) return undefined
  const isIterated = includes.some(({ iterate }) => iterate)
  const parts = isIterated
    ? iterated(includes, judge, cursor)
    : direct(candidates(includes, raw('shown f'), judge, 'r.id, r.content'), cursor)
  return { parts, isIterated }
}
