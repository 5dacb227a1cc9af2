import type { Permission } from '../access/permit.ts'
import { searchParametersOf } from '../fhir/model.ts'
import { compile, type Route } from '../fhir/path.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Definition } from '../resources/definition.ts'
import { isOfRecord } from './matches-key.ts'
import { join, name, raw, type Sql, sql } from './sql.ts'
import { setColumn } from './tables.ts'

/** An expression on a row `r` that is null where it has no value, and what has to be joined to the row for it, by alias. */
export type RowValue = { readonly expression: Sql; readonly joins: ReadonlyMap<string, Sql> }

/** What a resource is sorted by, and its type. */
export type SortValue = RowValue & { readonly cast: 'text' | 'float8' }

/** What is longer is sorted by its beginning: the last value of a page stands in the address of the next. */
const MOST_SORTED = 300

const NONE: ReadonlyMap<string, Sql> = new Map()

const text = (expression: Sql, joins = NONE): SortValue => ({
  expression: sql`left((${expression}), ${raw(String(MOST_SORTED))}) collate "C"`,
  joins,
  cast: 'text',
})

/** Of several values the least counts when it ascends, the greatest when it descends. */
const pick = (descending: boolean): Sql => raw(descending ? 'max' : 'min')

/**
 * The least or the greatest value of a parameter in a side table. Those of one patient's record are looked up together, of
 * everybody's each row's by itself.
 */
export function valueBeside(
  table: string,
  column: string,
  permission: Permission,
  param: string,
  descending: boolean,
): RowValue {
  const value = sql`${pick(descending)}(s.${raw(column)})`
  const from = sql`from ${name(table)} s where s.type = ${permission.definition.type} and s.param = ${param}`
  if (!isOfRecord(permission)) return { expression: sql`(select ${value} ${from} and s.id = r.id)`, joins: NONE }
  const alias = `${descending ? 'most' : 'least'} ${param}`
  const values = sql`(select s.id, ${value} as v ${from} and s.patient = ${permission.patient} group by s.id)`
  const joined = sql` left join ${values} ${name(alias)} on ${name(alias)}.id = r.id`
  return { expression: sql`${name(alias)}.v`, joins: new Map([[alias, joined]]) }
}

/** The dictionary keeps a set as lines of `system|code` in their order. */
const interned = (param: string, descending: boolean): Sql =>
  sql`select split_part(d.doc, E'\n', ${raw(descending ? '-1' : '1')}) from token_set d
    where d.cc = r.${name(setColumn(param))}`

const referenced = (param: string, descending: boolean): Sql =>
  sql`select ${pick(descending)}(substr(ref, ${param.length + 2}::int) collate "C") from unnest(r.refs) ref
    where starts_with(ref, ${`${param}>`})`

const TEXT_OF: Readonly<Record<string, string>> = {
  Identifier: `coalesce(x ->> 'system', '') || '|' || (x ->> 'value')`,
  Coding: `coalesce(x ->> 'system', '') || '|' || (x ->> 'code')`,
  ContactPoint: `x ->> 'value'`,
}

const WHERE = /\.where\((\w+)='([\w-]+)'\)$/

/** The path of a route in PostgreSQL's language, which reads lists and single values alike. */
function jsonPath({ steps }: Route, expression: string): string {
  const [, member, value] = WHERE.exec(expression) ?? []
  const path = steps.map(step => `."${step.member}"[*]`).join('')
  return `$${path}${member === undefined ? '' : ` ? (@."${member}" == "${value}")`}`
}

/**
 * What is indexed by hashes alone has no order there: it is read out of the text of the resource. Only the rows that match
 * are read, so it costs what the answer is large.
 */
function inContent({ type }: Definition, param: string, descending: boolean): Sql {
  const expression = searchParametersOf(type).get(param)?.expression ?? ''
  const parts = compile(expression, type).routes.map(route => {
    const path = raw(`'${jsonPath(route, expression)}'`)
    return sql`select ${raw(TEXT_OF[route.type] ?? `x #>> '{}'`)} as v from jsonb_path_query(r.content::jsonb, ${path}) x`
  })
  return sql`select ${pick(descending)}(v collate "C") from (${join(parts, ' union all ')}) found`
}

function ofUnion(permission: Permission, of: readonly string[], descending: boolean): SortValue {
  const parts = of.map(param => sortValueOf(permission, param, descending))
  const expressions = parts.map(({ expression }) => expression)
  return {
    expression: sql`${raw(descending ? 'greatest' : 'least')}(${join(expressions, ', ')})`,
    joins: new Map(parts.flatMap(({ joins }) => [...joins])),
    cast: parts[0]?.cast ?? 'text',
  }
}

type Make = (permission: Permission, param: string, descending: boolean, declared: SearchParam) => SortValue

const coded: Make = ({ definition }, param, descending, { stored }) =>
  text(stored === 'interned' ? interned(param, descending) : inContent(definition, param, descending))

const MAKE: Readonly<Record<string, Make>> = {
  token: coded,
  uri: coded,
  string: (permission, param, descending) => {
    const { expression, joins } = valueBeside('search_string', 'folded', permission, param, descending)
    return text(expression, joins)
  },
  quantity: (permission, param, descending) => ({
    ...valueBeside('search_quantity', 'low', permission, param, descending),
    cast: 'float8',
  }),
  reference: (_, param, descending) => text(referenced(param, descending)),
}

/**
 * What a resource is sorted by for any parameter that is no date (https://hl7.org/fhir/R4/search.html#sort): a string as it
 * is compared, a token as `system|code`, a reference as `Type/id`, a quantity as its number whatever its unit.
 */
export function sortValueOf(permission: Permission, param: string, descending: boolean): SortValue {
  const { type, search } = permission.definition
  const declared = search[param]
  if (declared?.stored === 'either') return ofUnion(permission, declared.of ?? [], descending)
  const make = declared && MAKE[declared.type]
  if (!make) throw new Error(`${type} cannot be sorted by ${param}`)
  return make(permission, param, descending, declared)
}
