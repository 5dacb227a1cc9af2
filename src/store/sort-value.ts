import { searchParametersOf } from '../fhir/model.ts'
import { compile, type Route } from '../fhir/path.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Definition } from '../resources/definition.ts'
import { join, name, raw, type Sql, sql } from './sql.ts'
import { setColumn } from './tables.ts'

/** What a resource is sorted by: an expression on its row `r` that is null where it has no value, and its type. */
export type SortValue = { readonly expression: Sql; readonly cast: 'text' | 'float8' }

/** What is longer is sorted by its beginning: the last value of a page stands in the address of the next. */
const MOST_SORTED = 300

const text = (expression: Sql): SortValue => ({
  expression: sql`left((${expression}), ${raw(String(MOST_SORTED))}) collate "C"`,
  cast: 'text',
})

/** Of several values the least counts when it ascends, the greatest when it descends. */
const pick = (descending: boolean): Sql => raw(descending ? 'max' : 'min')

const besides = (table: string, definition: Definition, param: string): Sql =>
  sql`from ${name(table)} s where s.type = ${definition.type} and s.param = ${param} and s.id = r.id`

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

function ofUnion(definition: Definition, of: readonly string[], descending: boolean): SortValue {
  const parts = of.map(param => sortValueOf(definition, param, descending))
  const expressions = parts.map(({ expression }) => expression)
  return {
    expression: sql`${raw(descending ? 'greatest' : 'least')}(${join(expressions, ', ')})`,
    cast: parts[0]?.cast ?? 'text',
  }
}

type Make = (definition: Definition, param: string, descending: boolean, declared: SearchParam) => SortValue

const coded: Make = (definition, param, descending, { stored }) =>
  text(stored === 'interned' ? interned(param, descending) : inContent(definition, param, descending))

const MAKE: Readonly<Record<string, Make>> = {
  token: coded,
  uri: coded,
  string: (definition, param, descending) =>
    text(sql`select ${pick(descending)}(s.folded) ${besides('search_string', definition, param)}`),
  quantity: (definition, param, descending) => ({
    expression: sql`(select ${pick(descending)}(s.low) ${besides('search_quantity', definition, param)})`,
    cast: 'float8',
  }),
  reference: (_, param, descending) => text(referenced(param, descending)),
}

/**
 * What a resource is sorted by for any parameter that is no date (https://hl7.org/fhir/R4/search.html#sort): a string as it
 * is compared, a token as `system|code`, a reference as `Type/id`, a quantity as its number whatever its unit.
 */
export function sortValueOf(definition: Definition, param: string, descending: boolean): SortValue {
  const declared = definition.search[param]
  if (declared?.stored === 'either') return ofUnion(definition, declared.of ?? [], descending)
  const make = declared && MAKE[declared.type]
  if (!make) throw new Error(`${definition.type} cannot be sorted by ${param}`)
  return make(definition, param, descending, declared)
}
