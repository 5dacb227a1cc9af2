import type { Permission } from '../access/permit.ts'
import type { Query } from '../fhir/query.ts'
import type { SortKey } from '../fhir/result-params.ts'
import { mainDateOf } from '../resources/index.ts'
import { type RowValue, sortValueOf, valueBeside } from './sort-value.ts'
import { all, join, raw, type Sql, sql } from './sql.ts'

/** A part of the order: an expression that is never null, and its type to read it back from a cursor. */
export type Key = { readonly expression: Sql; readonly descending: boolean; readonly cast: string }

/** How the rows `r` of a type are ordered: the keys, and what has to be joined to them so that they can be computed. */
export type Order = { readonly keys: readonly Key[]; readonly joins: Sql }

const ID: Omit<Key, 'descending'> = { expression: raw('r.id'), cast: 'text' }
const MAIN = raw('r.date_lo')
// Without a date a row has the widest span of all: it belongs at the end, whichever way the others run.
const MAIN_ASCENDING = raw(
  `(case when r.date_lo = '-infinity' and r.date_hi = 'infinity' then 'infinity'::timestamptz else r.date_lo end)`,
)

/** Whether all that can match is one patient's, or of few that are named. */
export const isOnePatients = ({ clauses }: Query, { kind, definition }: Permission): boolean =>
  (kind === 'patient' && Array.isArray(definition.compartment)) ||
  clauses.some(({ declared }) => typeof declared === 'object' && declared.stored === 'patient')

/** Whether each row that matches has a main date, because one is asked for: then the column is the order both ways. */
export const haveMainDate = ({ clauses }: Query): boolean =>
  clauses.some(
    ({ declared, modifier }) =>
      modifier === undefined && typeof declared === 'object' && declared.type === 'date' && declared.stored === 'main',
  )

/** A part of the order of rows, and what has to be joined to them for it, by alias. */
type Part = { readonly keys: readonly Key[]; readonly joins: RowValue['joins'] }

const simple = (key: Key): Part => ({ keys: [key], joins: new Map() })

function byDate({ param, descending }: SortKey, permission: Permission, query: Query): Part {
  if (param === mainDateOf(permission.definition)) {
    const expression = descending || haveMainDate(query) ? MAIN : MAIN_ASCENDING
    return simple({ expression, descending, cast: 'timestamptz' })
  }
  const { expression, joins } = valueBeside('search_date', 'date_lo', permission, param, descending)
  const last = raw(descending ? `'-infinity'` : `'infinity'`)
  const dated = sql`coalesce(${expression}, ${last}::timestamptz)`
  return { keys: [{ expression: dated, descending, cast: 'timestamptz' }], joins }
}

const ZERO = { text: `''`, float8: `'0'::float8` } as const

/** The keys of one parameter; what has no value comes last, whichever way the others run. */
function partOf(sort: SortKey, permission: Permission, query: Query, at: string): Part {
  const { param, descending } = sort
  if (param === '_id') return simple({ ...ID, descending })
  if (param === '_lastUpdated') return simple({ expression: raw('r.upd'), descending, cast: 'timestamptz' })
  if (permission.definition.search[param]?.type === 'date') return byDate(sort, permission, query)
  const { expression, joins, cast } = sortValueOf(permission, param, descending)
  const value =
    cast === 'text' ? sql`coalesce(${raw(at)}.v, '') collate "C"` : sql`coalesce(${raw(at)}.v, ${raw(ZERO[cast])})`
  // Computed once for each row: without the offset it would be put in wherever it is used.
  const computed = sql` cross join lateral (select ${expression} as v offset 0) ${raw(at)}`
  return {
    keys: [
      { expression: sql`(${raw(at)}.v is null)`, descending: false, cast: 'boolean' },
      { expression: value, descending, cast },
    ],
    joins: new Map([...joins, [at, computed]]),
  }
}

/** What was asked for, else a patient's list by its main date, newest first, else the last changed first. */
function sortOf(query: Query, permission: Permission, isAlone: boolean): readonly SortKey[] {
  if (query.sort.length > 0) return query.sort
  const main = mainDateOf(permission.definition)
  if (isAlone && main !== undefined && isOnePatients(query, permission)) return [{ param: main, descending: true }]
  return [{ param: '_lastUpdated', descending: true }]
}

/**
 * The order of a search in one type, or, not alone, in one of several: https://hl7.org/fhir/R4/search.html#sort. The id, and
 * then the type, break ties, so that no two rows are equal.
 */
export function orderOf(query: Query, permission: Permission, isAlone: boolean): Order {
  const sort = sortOf(query, permission, isAlone)
  const parts = sort.map((each, index) => partOf(each, permission, query, `s${index}`))
  const keys = parts.flatMap(part => part.keys)
  const first = keys[0]
  // In the direction in which the index of the order runs: that of a patient's list has the newest date and the least id,
  // or read from its end the oldest date and the greatest. Several types have one direction, and not all such an index.
  const isByMain = isAlone && first?.expression === MAIN
  if (sort.at(-1)?.param !== '_id')
    keys.push({ ...ID, descending: first !== undefined && (isByMain ? !first.descending : first.descending) })
  if (!isAlone)
    keys.push({ expression: raw(`'${permission.definition.type}'::text collate "C"`), descending: false, cast: 'text' })
  // What two parts need is joined once.
  const joins = new Map(parts.flatMap(part => [...part.joins]))
  return { keys, joins: join([...joins.values()], '') }
}

/** The rows that come after the cursor in the order: `a < x or (a = x and b > y)`, with a bound that an index can use. */
export function after(keys: readonly Key[], cursor: readonly string[]): Sql {
  const compared = keys.map((key, index) => ({ ...key, value: sql`${cursor[index] ?? ''}::${raw(key.cast)}` }))
  const steps = compared.map(({ expression, descending, value }, index) => {
    const equal = compared.slice(0, index).map(before => sql`${before.expression} = ${before.value}`)
    return all([...equal, sql`${expression} ${raw(descending ? '<' : '>')} ${value}`])
  })
  const first = compared[0]
  const bound = first ? sql`${first.expression} ${raw(first.descending ? '<=' : '>=')} ${first.value}` : raw('true')
  return sql`(${bound} and (${join(steps, ' or ')}))`
}

/** The order of the rows; `hidden` keeps the planner from walking along an index of the order. */
export const orderBy = (keys: readonly Key[], hidden: boolean): Sql =>
  join(
    keys.map(({ expression, descending, cast }) => {
      // An expression that no index offers makes the planner find the few matches first, and sort them.
      const made = hidden ? raw({ text: ` || ''`, timestamptz: ` + interval '0'` }[cast] ?? '') : raw('')
      return sql`${expression}${made} ${raw(descending ? 'desc' : 'asc')}`
    }),
    ', ',
  )

const column = (index: number): string => `k${index}`

/** The keys as columns `k0`, `k1` … */
export const keyColumns = (keys: readonly Key[]): Sql =>
  join(
    keys.map(({ expression }, index) => sql`${expression} as ${raw(column(index))}`),
    ', ',
  )

/** The order of rows that have the keys as columns. */
export const orderByColumns = (keys: readonly Key[]): Sql =>
  raw(keys.map(({ descending }, index) => `${column(index)} ${descending ? 'desc' : 'asc'}`).join(', '))

/** The columns of the keys as the texts that a cursor is made of. */
export const cursorColumns = (keys: readonly Key[]): Sql =>
  raw(keys.map((_, index) => `${column(index)}::text`).join(', '))
