import type { Permission } from '../access/permit.ts'
import { foldString } from '../fhir/extract.ts'
import type { Clause } from '../fhir/query.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Prefix, Value } from '../fhir/search-value.ts'
import { indexKey, referenceKey, tokenKeys, uriKey } from './hash.ts'
import { all, any, name, raw, type Sql, sql } from './sql.ts'
import { setColumn } from './tables.ts'

type Of<K extends Value['kind']> = Extract<Value, { kind: K }>

const of = <K extends Value['kind']>(clause: Clause, kind: K): Of<K>[] =>
  clause.values.filter((value): value is Of<K> => value.kind === kind)

const not = (condition: Sql): Sql => sql`not coalesce(${condition}, false)`

const keyOf = (param: string, { system, code }: { system: string | undefined; code: string | undefined }): string => {
  if (code === undefined) return tokenKeys.system(param, system ?? '')
  return system === undefined ? tokenKeys.code(param, code) : tokenKeys.exact(param, system, code)
}

/** The rows whose array has any of these keys. */
const hasKey = (keys: readonly string[]): Sql => sql`r.keys && ${keys.map(indexKey)}::bigint[]`

/** The rows whose interned set has any of these keys; the dictionary is asked inside the same statement. */
const inSet = (param: string, keys: readonly string[]): Sql =>
  sql`r.${name(setColumn(param))} = any(array(select cc from token where tok = any(${keys.map(indexKey)}::bigint[])))`

function keyed(clause: Clause, declared: SearchParam, keys: readonly string[]): Sql {
  return declared.stored === 'interned' ? inSet(clause.param, keys) : hasKey(keys)
}

function tokens(clause: Clause, declared: SearchParam): Sql {
  const found = keyed(
    clause,
    declared,
    of(clause, 'token').map(value => keyOf(clause.param, value)),
  )
  return clause.modifier === 'not' ? not(found) : found
}

const uris = (clause: Clause, declared: SearchParam): Sql =>
  keyed(
    clause,
    declared,
    of(clause, 'uri').map(({ uri }) => uriKey(clause.param, uri)),
  )

const instant = (milliseconds: number): Sql => {
  if (milliseconds === Infinity) return raw(`'infinity'::timestamptz`)
  return sql`${new Date(milliseconds).toISOString()}::timestamptz`
}

/** How far `ap` reaches to both sides: a tenth of the distance from now, and at least the value's own width. */
const around = ({ low, high }: { low: number; high: number }, now: Date): { low: number; high: number } => {
  const margin = Math.max(Math.abs(now.getTime() - low) / 10, (high - low) / 2)
  return { low: low - margin, high: high + margin }
}

/**
 * The prefixes on spans: the value and what is stored are both half-open ranges.
 * https://hl7.org/fhir/R4/search.html#prefix
 */
function compare(prefix: Prefix, low: Sql, high: Sql, from: Sql, to: Sql): Sql {
  const inside = sql`(${low} >= ${from} and ${low} < ${to} and ${high} <= ${to})`
  const comparisons: Record<Prefix, () => Sql> = {
    eq: () => inside,
    ne: () => sql`not ${inside}`,
    gt: () => sql`${high} > ${to}`,
    lt: () => sql`${low} < ${from}`,
    ge: () => sql`(${high} > ${to} or ${inside})`,
    le: () => sql`(${low} < ${from} or ${inside})`,
    sa: () => sql`${low} >= ${to}`,
    eb: () => sql`${high} <= ${from}`,
    ap: () => sql`(${low} < ${to} and ${high} > ${from})`,
  }
  return comparisons[prefix]()
}

function compareDate(value: Of<'date'>, low: Sql, high: Sql, now: Date): Sql {
  const span = value.prefix === 'ap' ? around(value, now) : value
  return compare(value.prefix, low, high, instant(span.low), instant(span.high))
}

/** Rows of a side table that belong to this resource and hold one of the values. */
const beside = (table: string, definition: string, param: string, condition: Sql): Sql =>
  sql`exists (select from ${name(table)} s where s.type = ${definition} and s.param = ${param} and s.id = r.id and ${condition})`

const HAS_MAIN_DATE = raw(`(r.date_lo > '-infinity' or r.date_hi < 'infinity')`)

function dates(clause: Clause, declared: SearchParam, type: string, now: Date): Sql {
  const values = of(clause, 'date')
  if (declared.stored === 'main')
    return all([HAS_MAIN_DATE, any(values.map(value => compareDate(value, raw('r.date_lo'), raw('r.date_hi'), now)))])
  const conditions = values.map(value => compareDate(value, raw('s.date_lo'), raw('s.date_hi'), now))
  return beside('search_date', type, clause.param, any(conditions))
}

const like = (text: string): string => text.replace(/[\\%_]/g, '\\$&')

function strings(clause: Clause, type: string): Sql {
  const conditions = of(clause, 'string').map(({ text }) => {
    if (clause.modifier === 'exact') return sql`s.exact = ${text}`
    const folded = like(foldString(text))
    return sql`s.folded like ${clause.modifier === 'contains' ? `%${folded}%` : `${folded}%`}`
  })
  return beside('search_string', type, clause.param, any(conditions))
}

function quantities(clause: Clause, type: string): Sql {
  const conditions = of(clause, 'quantity').map(value => {
    const units: Sql[] = []
    if (value.system !== undefined) units.push(sql`s.system = ${value.system}`)
    if (value.code !== undefined)
      units.push(sql`(s.code = ${value.code} or (s.code is null and s.unit = ${value.code}))`)
    return all([compareNumber(value), ...units])
  })
  return beside('search_quantity', type, clause.param, any(conditions))
}

/** Numbers: eq and ne by the precision that was written, the others by the number itself. */
function compareNumber({ prefix, exact, low, high }: Of<'quantity'>): Sql {
  const at = sql`${exact}::float8`
  const inside = sql`(s.low >= ${low}::float8 and s.low < ${high}::float8)`
  const margin = Math.abs(exact) / 10
  const comparisons: Record<Prefix, () => Sql> = {
    eq: () => inside,
    ne: () => sql`not ${inside}`,
    gt: () => sql`s.high > ${at}`,
    lt: () => sql`s.low < ${at}`,
    ge: () => sql`s.high >= ${at}`,
    le: () => sql`s.low <= ${at}`,
    sa: () => sql`s.low > ${at}`,
    eb: () => sql`s.high < ${at}`,
    ap: () => sql`(s.low <= ${exact + margin}::float8 and s.high >= ${exact - margin}::float8)`,
  }
  return comparisons[prefix]()
}

const PATIENT = 'Patient/'

/** Resources that name several patients carry this instead of one; no id can be spelled like it. */
export const SEVERAL_PATIENTS = '#several'

function references(clause: Clause, declared: SearchParam, permission: Permission): Sql {
  if (clause.modifier === 'identifier') return byIdentifier(clause, declared)
  const targets = of(clause, 'reference').flatMap(value => value.targets)
  const keyOfTarget = (target: string) => referenceKey(clause.param, target)
  if (declared.stored !== 'patient') return hasKey(targets.map(keyOfTarget))
  const patients = targets.filter(target => target.startsWith(PATIENT)).map(target => target.slice(PATIENT.length))
  const others = targets.filter(target => !target.startsWith(PATIENT))
  const conditions: Sql[] = []
  const only = patients[0]
  if (only !== undefined && patients.length === 1) conditions.push(sql`r.patient = ${only}`)
  else if (only !== undefined) conditions.push(sql`r.patient = any(${patients}::text[])`)
  if (others.length > 0) conditions.push(hasKey(others.map(keyOfTarget)))
  if (permission.kind === 'everything' && permission.definition.severalPatients)
    conditions.push(sql`(r.patient = ${raw(`'${SEVERAL_PATIENTS}'`)} and ${hasKey(targets.map(keyOfTarget))})`)
  return any(conditions)
}

/** By the identifier of the one referred to: as the reference says it, or as the Patient it names carries it. */
function byIdentifier(clause: Clause, declared: SearchParam): Sql {
  const values = of(clause, 'token')
  const said = hasKey(values.map(value => keyOf(`${clause.param}:identifier`, value)))
  if (declared.stored !== 'patient') return said
  const carried = values.map(value => indexKey(keyOf('identifier', value)))
  return any([said, sql`r.patient = any(array(select p.id from patient p where p.keys && ${carried}::bigint[]))`])
}

const STORES = { string: 'search_string', date: 'search_date', quantity: 'search_quantity' } as const

/** Whether there is any value of the parameter. */
function present(clause: Clause, declared: SearchParam, type: string): Sql {
  if (declared.stored === 'main') return HAS_MAIN_DATE
  if (declared.stored === 'interned') return sql`r.${name(setColumn(clause.param))} is not null`
  if (declared.type === 'reference')
    return sql`exists (select from unnest(r.refs) x where starts_with(x, ${`${clause.param}>`}))`
  if (declared.type === 'token' || declared.type === 'uri') return hasKey([tokenKeys.present(clause.param)])
  return beside(STORES[declared.type], type, clause.param, raw('true'))
}

/** The clause said of each of the parameters that a union is made of. */
const partsOf = (clause: Clause, union: SearchParam, { definition }: Permission): [Clause, SearchParam][] =>
  (union.of ?? []).flatMap(param => {
    const declared = definition.search[param]
    return declared ? [[{ ...clause, param, declared }, declared]] : []
  })

function missing(clause: Clause, declared: SearchParam, permission: Permission): Sql {
  const { type } = permission.definition
  const parts = declared.stored === 'either' ? partsOf(clause, declared, permission) : [[clause, declared] as const]
  const found = any(parts.map(([part, each]) => present(part, each, type)))
  return any(of(clause, 'missing').map(value => (value.missing ? not(found) : found)))
}

/** The parts of a parameter that is the union of others; `:not` of a union is the complement of all. */
function union(clause: Clause, declared: SearchParam, permission: Permission, now: Date): Sql {
  const plain = { ...clause, modifier: undefined }
  const parts = partsOf(plain, declared, permission).map(([part]) => matches(part, permission, now))
  return clause.modifier === 'not' ? not(any(parts)) : any(parts)
}

/**
 * The SQL of one condition on the rows `r` of a type: a predicate with its values as parameters.
 * https://hl7.org/fhir/R4/search.html
 */
export function matches(clause: Clause, permission: Permission, now: Date): Sql {
  const { declared } = clause
  const { type } = permission.definition
  if (declared === 'id') return sql`r.id = any(${of(clause, 'id').map(({ id }) => id)}::text[])`
  if (declared === 'lastUpdated')
    return any(of(clause, 'date').map(value => compareDate(value, raw('r.upd'), raw(`(r.upd + interval '1 ms')`), now)))
  if (clause.modifier === 'missing') return missing(clause, declared, permission)
  if (declared.stored === 'either') return union(clause, declared, permission, now)
  const kinds: Record<SearchParam['type'], () => Sql> = {
    token: () => tokens(clause, declared),
    uri: () => uris(clause, declared),
    date: () => dates(clause, declared, type, now),
    string: () => strings(clause, type),
    quantity: () => quantities(clause, type),
    reference: () => references(clause, declared, permission),
  }
  return kinds[declared.type]()
}
