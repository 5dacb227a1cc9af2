import type { OnePatient, Permission } from '../access/permit.ts'
import { foldString } from '../fhir/extract.ts'
import type { Clause } from '../fhir/query.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Code, Value } from '../fhir/search-value.ts'
import { isInRecords } from '../resources/definition.ts'
import { definitionOf } from '../resources/index.ts'
import { indexKey, pairKey, referenceKey, tokenKeys, typedKey, uriKey } from './hash.ts'
import type { Rows } from './rows.ts'
import { all, any, name, type Sql, sql } from './sql.ts'
import { setColumn, tableOf } from './tables.ts'

export type Of<K extends Value['kind']> = Extract<Value, { kind: K }>

/** The values of a clause that are of one kind. */
export const of = <K extends Value['kind']>(clause: Clause, kind: K): Of<K>[] =>
  clause.values.filter((value): value is Of<K> => value.kind === kind)

export const not = (condition: Sql): Sql => sql`not coalesce(${condition}, false)`

const keyOf = (param: string, { system, code }: Code): string => {
  if (code === undefined) return tokenKeys.system(param, system ?? '')
  return system === undefined ? tokenKeys.code(param, code) : tokenKeys.exact(param, system, code)
}

/** The rows whose array has any of these keys. */
export const hasKey = ({ row }: Pick<Rows, 'row'>, keys: readonly string[]): Sql =>
  sql`${row}.keys && ${keys.map(indexKey)}::bigint[]`

/** The interned sets that hold one of the codes of a clause. */
export const setsOf = (clause: Clause): Sql =>
  sql`select distinct cc::text from token where tok = any(${list(of(clause, 'token').map(code => keyOf(clause.param, code)))})`

/** Whether all that may be seen of a type is in one patient's record. */
export const isOfRecord = (permission: Permission): permission is Permission & OnePatient =>
  permission.kind === 'patient' && isInRecords(permission.definition)

/**
 * The same within one patient's record, for keys that few resources of anybody have: they are looked for by themselves, and
 * taken from where they were found. The planner cannot tell them from frequent ones, and would rather fetch all of hers.
 */
const hasRareKey = (rows: Rows, keys: readonly string[]): Sql =>
  isOfRecord(rows.permission)
    ? sql`${rows.row}.ctid = any(array(select f.ctid from ${name(tableOf(rows.permission.definition.type))} f
        where f.keys && ${keys.map(indexKey)}::bigint[]))`
    : hasKey(rows, keys)

const MANY_KEYS = 20

/**
 * The same for keys of which there may be hundreds: each is looked for in the index, where the planner might compare
 * every row with all of them.
 */
const hasOneOf = (rows: Rows, keys: readonly string[]): Sql => {
  if (keys.length <= MANY_KEYS) return hasKey(rows, keys)
  const table = name(tableOf(rows.permission.definition.type))
  return sql`${rows.row}.id = any(array(select f.id from unnest(${keys.map(indexKey)}::bigint[]) as k(key)
    join ${table} f on f.keys @> array[k.key]))`
}

/** The rows that have any of the keys, in their array or in an interned set; the dictionary is asked inside the same statement. */
function keyed(clause: Clause, { stored }: SearchParam, rows: Pick<Rows, 'row'>, keys: Sql): Sql {
  if (stored !== 'interned') return sql`${rows.row}.keys && ${keys}`
  const column = name(setColumn(clause.param))
  if (clause.set !== undefined) return sql`${rows.row}.${column} = ${clause.set}::bigint`
  return sql`${rows.row}.${column} = any(array(select cc from token where tok = any(${keys})))`
}

const list = (keys: readonly string[]): Sql => sql`${keys.map(indexKey)}::bigint[]`

/** What begins with one of the texts, in the dictionary of texts: the first 200 characters of each are in its index. */
function beginning(param: string, texts: readonly string[]): Sql {
  const conditions = texts.map(text => startsWith(sql`d.words`, text))
  return sql`array(select d.tok from token_text d where d.param = ${param} and ${any(conditions)})`
}

const INDEXED = 200
const LAST = 0x10ffff
const escaped = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

/** The first text after all that begin with this one, in the order of code points; nothing when there is none. */
function afterAll(characters: readonly string[]): string | undefined {
  const at = characters.findLastIndex(character => character.codePointAt(0) !== LAST)
  const code = characters[at]?.codePointAt(0)
  // What lies between the two blocks is no character.
  const next = code === 0xd7ff ? 0xe000 : (code ?? 0) + 1
  return code === undefined ? undefined : characters.slice(0, at).join('') + String.fromCodePoint(next)
}

/**
 * A text that begins with another one, as a range of the index of its first characters: a pattern would be one only where
 * the planner sees it, which it does not in a plan that is made once for all.
 */
export function startsWith(column: Sql, text: string): Sql {
  const characters = [...text]
  const first = characters.slice(0, INDEXED)
  const indexed = sql`left(${column}, ${sql`200`})`
  const end = afterAll(first)
  return all([
    sql`${indexed} ~>=~ ${first.join('')}`,
    ...(end === undefined ? [] : [sql`${indexed} ~<~ ${end}`]),
    ...(characters.length > INDEXED ? [sql`starts_with(${column}, ${text})`] : []),
  ])
}

/** A text that has another one within. */
export const contains = (column: Sql, text: string): Sql => sql`${column} like ${`%${escaped(text)}%`}`

/** https://hl7.org/fhir/R4/search.html#token */
export function tokens(clause: Clause, declared: SearchParam, rows: Pick<Rows, 'row'>): Sql {
  const { param, modifier } = clause
  if (modifier === 'text')
    return sql`${rows.row}.keys && ${beginning(
      `${param}:text`,
      of(clause, 'string').map(({ text }) => foldString(text)),
    )}`
  if (modifier === 'of-type')
    return hasKey(
      rows,
      of(clause, 'typed').map(({ system, code, value }) => typedKey(param, system, code, value)),
    )
  const codes = modifier === 'in' || modifier === 'not-in' ? of(clause, 'set').flatMap(set => set.codes) : []
  const asked = [...of(clause, 'token'), ...codes]
  const keysOf = (some: readonly Code[]) => some.map(code => keyOf(param, code))
  const inSets = keyed(clause, declared, rows, list(keysOf(asked)))
  // What has a system and no code is in no set.
  const systems = declared.stored === 'interned' ? asked.filter(({ code }) => code === undefined) : []
  const found = systems.length > 0 ? any([inSets, hasKey(rows, keysOf(systems))]) : inSets
  return modifier === 'not' || modifier === 'not-in' ? not(found) : found
}

/** Whether a clause asks for some identifiers by their codes: hardly any two resources share one. */
export function identifiesFew(clause: Clause): boolean {
  const { param, declared, modifier } = clause
  const codes = of(clause, 'token')
  return (
    param === 'identifier' &&
    typeof declared === 'object' &&
    declared.stored === 'keys' &&
    modifier === undefined &&
    codes.length <= MANY_KEYS &&
    codes.every(({ code }) => code !== undefined)
  )
}

/** A token that hardly any two resources share, when it is asked for by its code. */
export const identifiers = (clause: Clause, declared: SearchParam, rows: Rows): Sql =>
  identifiesFew(clause)
    ? hasRareKey(
        rows,
        of(clause, 'token').map(code => keyOf(clause.param, code)),
      )
    : tokens(clause, declared, rows)

/** What lies above a url: itself, and what ends before or after one of its slashes. */
function above(url: string): string[] {
  const found = [url]
  const begin = url.indexOf('://') + 3
  for (let at = url.indexOf('/', begin); at >= begin; at = url.indexOf('/', at + 1))
    found.push(url.slice(0, at), url.slice(0, at + 1))
  return [...new Set(found)]
}

/** https://hl7.org/fhir/R4/search.html#uri; a url without a version also finds those that have one. */
export function uris(clause: Clause, declared: SearchParam, rows: Pick<Rows, 'row'>): Sql {
  const { param, modifier } = clause
  const values = of(clause, 'uri').map(({ uri }) => uri)
  if (modifier === 'below') return keyed(clause, declared, rows, beginning(param, values))
  const asked = modifier === 'above' ? values.flatMap(above) : values
  return keyed(clause, declared, rows, list(asked.map(uri => uriKey(param, uri))))
}

const PATIENT = 'Patient/'
const VERSION = '/_history/'

/** Resources that name several patients carry this instead of one; no id can be spelled like it. */
export const SEVERAL_PATIENTS = '#several'

const isRare = (targets: readonly string[]): boolean =>
  targets.length <= MANY_KEYS &&
  targets.every(target => {
    const definition = definitionOf(target.slice(0, target.indexOf('/')))
    return definition !== undefined && isInRecords(definition)
  })

/** The rows that refer to one of these by a parameter. https://hl7.org/fhir/R4/search.html#reference */
export function refersTo(param: string, declared: SearchParam, rows: Rows, targets: readonly string[]): Sql {
  const { row, permission } = rows
  const key = (target: string) => referenceKey(param, target)
  if (declared.stored !== 'patient')
    // What is in somebody's record is named by little else there; a doctor or a laboratory by very much.
    return isRare(targets) ? hasRareKey(rows, targets.map(key)) : hasOneOf(rows, targets.map(key))
  const isPatient = (target: string) => target.startsWith(PATIENT) && !target.includes(VERSION)
  const patients = targets.filter(isPatient).map(target => target.slice(PATIENT.length))
  const others = targets.filter(target => !isPatient(target))
  const conditions: Sql[] = []
  const only = patients[0]
  if (only !== undefined && patients.length === 1) conditions.push(sql`${row}.patient = ${only}`)
  else if (only !== undefined) conditions.push(sql`${row}.patient = any(${patients}::text[])`)
  if (others.length > 0) conditions.push(hasOneOf(rows, others.map(key)))
  if (permission.kind === 'everything' && permission.definition.severalPatients)
    conditions.push(sql`(${row}.patient = ${SEVERAL_PATIENTS} and ${hasOneOf(rows, targets.map(key))})`)
  return any(conditions)
}

/** The rows whose reference says one of the identifiers. */
export const saysIdentifier = (clause: Clause, rows: Rows): Sql =>
  hasKey(
    rows,
    of(clause, 'token').map(value => keyOf(`${clause.param}:identifier`, value)),
  )

/** The texts that a value is hashed by within a pair. */
export function pairTexts(value: Value): string[] {
  if (value.kind === 'token') return [keyOf('', value)]
  if (value.kind === 'reference') return value.targets.map(target => referenceKey('', target))
  throw new Error(`a ${value.kind} is no part of a hashed pair`)
}

/** The hashes of two values of a composite, or of the first of them alone. */
export const pairKeys = (param: string, first: Value, second?: Value): string[] =>
  pairTexts(first).flatMap(one =>
    (second ? pairTexts(second) : ['']).map(other => indexKey(pairKey(param, one, other))),
  )
