import { boundary } from '../fhir/dates.ts'
import { foldString } from '../fhir/extract.ts'
import type { Clause } from '../fhir/query.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Prefix, Value } from '../fhir/search-value.ts'
import { canonicalUnit, UCUM } from '../fhir/ucum.ts'
import { contains, isOfRecord, type Of, of, startsWith } from './matches-key.ts'
import type { Rows } from './rows.ts'
import { all, any, join, name, raw, type Sql, sql } from './sql.ts'

const instant = (milliseconds: number): Sql => sql`${boundary(milliseconds)}::timestamptz`

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

/**
 * Rows of a side table that belong to this resource and hold one of the values. Those of one patient's record are looked up
 * together. They are parts of which one must hold: where few hold, each is found by an index of its own; where many do, each
 * row that is met is asked, which the planner is not free to turn round.
 */
export function beside(
  table: string,
  param: string,
  { row, permission, among }: Rows,
  parts: readonly Sql[],
  isFew?: boolean,
): Sql {
  const from = (condition: Sql) => sql`from ${name(table)} s
    where s.type = ${permission.definition.type} and s.param = ${param} and ${condition}`
  if (isOfRecord(permission) && !among)
    return sql`${row}.id = any(array(select s.id ${from(all([sql`s.patient = ${permission.patient}`, any(parts)]))}))`
  if (isFew && parts.length > 1) {
    const united = parts.map(part => sql`select s.id ${from(part)}`)
    return sql`exists (select from (${join(united, ' union all ')}) u where u.id = ${row}.id)`
  }
  const known = among ? [sql`s.id = any(${among})`] : []
  const own = from(all([sql`s.id = ${row}.id`, ...known, any(parts)]))
  return isFew === false ? sql`exists (select ${own} offset 0)` : sql`exists (select ${own})`
}

/** Whether there is a main date; what has none has the widest span of all. */
export const hasMainDate = ({ row }: Rows): Sql => sql`(${row}.date_lo > '-infinity' or ${row}.date_hi < 'infinity')`

/** A millisecond less than a moment, to compare the beginning of a millisecond with where its end has to be. */
const before = (milliseconds: number): Sql => instant(milliseconds - 1)

/**
 * When a version was stored: a moment that is known to the millisecond, which is its span. Each comparison is one of the
 * column itself, for an index to begin at: a feed reads from where it was on.
 */
export const updates = (clause: Clause, { row, now }: Rows): Sql => {
  const upd = sql`${row}.upd`
  const conditions = of(clause, 'date').map(value => {
    const { low, high } = value.prefix === 'ap' ? around(value, now) : value
    const inside = sql`(${upd} >= ${instant(low)} and ${upd} <= ${before(high)})`
    const comparisons: Record<Prefix, () => Sql> = {
      eq: () => inside,
      ne: () => sql`not ${inside}`,
      gt: () => sql`${upd} > ${before(high)}`,
      lt: () => sql`${upd} < ${instant(low)}`,
      ge: () => sql`${upd} >= ${instant(low)}`,
      le: () => sql`${upd} <= ${before(high)}`,
      sa: () => sql`${upd} >= ${instant(high)}`,
      eb: () => sql`${upd} <= ${before(low)}`,
      ap: () => sql`(${upd} < ${instant(high)} and ${upd} > ${before(low)})`,
    }
    return comparisons[value.prefix]()
  })
  return any(conditions)
}

/**
 * What a comparison of two alternatives implies of one end alone, as an index can be asked it: without it every row of a
 * patient would have to be fetched to see where its date ends.
 */
function implied({ prefix, low, high }: Of<'date'>, { row }: Rows): readonly Sql[] {
  if (prefix === 'ge') return [sql`${row}.date_hi > ${instant(low)}`]
  return prefix === 'le' ? [sql`${row}.date_lo < ${instant(high)}`] : []
}

/** A date that is the main one of its type, https://hl7.org/fhir/R4/search.html#date */
export function mainDates(clause: Clause, rows: Rows): Sql {
  const { row, now } = rows
  const conditions = of(clause, 'date').map(value =>
    all([...implied(value, rows), compareDate(value, sql`${row}.date_lo`, sql`${row}.date_hi`, now)]),
  )
  return all([hasMainDate(rows), any(conditions)])
}

/** https://hl7.org/fhir/R4/search.html#string */
function string({ text }: Of<'string'>, modifier: string | undefined): Sql {
  const [column, folded] = [raw('s.folded'), foldString(text)]
  // Its folded form is what the index knows.
  if (modifier === 'exact') return all([startsWith(column, folded), sql`s.exact = ${text}`])
  return modifier === 'contains' ? contains(column, folded) : startsWith(column, folded)
}

type Numbers = Pick<Of<'quantity'>, 'prefix' | 'exact' | 'low' | 'high'>
/** The ends of a number that is stored; most numbers are their own ends. */
type Ends = { readonly from: Sql; readonly to: Sql }

/**
 * Numbers, of which one that has a comparator is open to one side: eq and ne by the precision that was written, the others
 * by the number itself. https://hl7.org/fhir/R4/search.html#quantity
 *
 * In parts of which one must hold, each a range of an index: where the upper end counts, the lower one is asked about, and
 * beside it the few that are wider than a point.
 */
function compareNumber(
  { prefix, exact, low, high }: Numbers,
  scale: (value: number) => number,
  { from, to }: Ends,
): Sql[] {
  const number = (value: number) => sql`${scale(value)}::float8`
  const at = number(exact)
  const inside = sql`(${from} >= ${number(low)} and ${from} < ${number(high)} and ${to} < ${number(high)})`
  const isWide = sql`${from} < ${to}`
  const margin = Math.abs(exact) / 10
  const [least, most] = [number(exact - margin), number(exact + margin)]
  const comparisons: Record<Prefix, () => Sql[]> = {
    eq: () => [inside],
    ne: () => [sql`not ${inside}`],
    gt: () => [sql`${from} > ${at}`, sql`(${isWide} and ${to} > ${at})`],
    lt: () => [sql`${from} < ${at}`],
    ge: () => [sql`${from} >= ${at}`, sql`(${isWide} and ${to} >= ${at})`],
    le: () => [sql`${from} <= ${at}`],
    sa: () => [sql`${from} > ${at}`],
    eb: () => [sql`(${from} < ${at} and ${to} < ${at})`],
    ap: () => [
      sql`(${from} >= ${least} and ${from} <= ${most})`,
      sql`(${isWide} and ${to} >= ${least} and ${from} <= ${most})`,
    ],
  }
  return comparisons[prefix]()
}

const same = (value: number): number => value
const GIVEN: Ends = { from: raw('s.low'), to: raw('s.high') }
const CANONICAL: Ends = { from: raw('s.canon_low'), to: raw('s.canon_high') }

/** One quantity, in parts of which one must hold: as it is written, or in whatever unit of UCUM measures the same. */
function quantity(value: Of<'quantity'>): Sql[] {
  const { system, code } = value
  const unit = system === UCUM && code !== undefined ? canonicalUnit(code) : undefined
  if (unit) return compareNumber(value, unit.scale, CANONICAL).map(part => all([sql`s.canon = ${unit.unit}`, part]))
  const units: Sql[] = []
  if (system !== undefined) units.push(sql`s.system = ${system}`)
  if (code !== undefined)
    units.push(system === undefined ? sql`(s.code = ${code} or s.unit = ${code})` : sql`s.code = ${code}`)
  return compareNumber(value, same, GIVEN).map(part => all([part, ...units]))
}

/** The values of a clause as conditions on the rows of the side table that holds them. */
const ofSide = ({ modifier, values }: Clause, now: Date): Sql[] =>
  values.flatMap(value => {
    if (value.kind === 'string') return string(value, modifier)
    if (value.kind === 'date') return compareDate(value, raw('s.date_lo'), raw('s.date_hi'), now)
    return value.kind === 'quantity' ? quantity(value) : []
  })

const STORES: Readonly<Partial<Record<SearchParam['type'], string>>> = {
  string: 'search_string',
  date: 'search_date',
  quantity: 'search_quantity',
}

/** The side table that holds the values of a type of parameter. */
export const storeOf = ({ type }: SearchParam): string => STORES[type] ?? ''

/** A string, date or quantity that stands in the side table of its type. */
export const side = (clause: Clause, declared: SearchParam, rows: Rows): Sql =>
  beside(storeOf(declared), clause.param, rows, ofSide(clause, rows.now), clause.isFew)

/** What a clause finds in its side table, to be counted: each part by itself, for an index to end with the limit. */
export const sideRows = (clause: Clause, declared: SearchParam, type: string, now: Date): Sql =>
  join(
    ofSide(clause, now).map(
      part =>
        sql`select from ${name(storeOf(declared))} s where s.type = ${type} and s.param = ${clause.param} and ${part}`,
    ),
    ' union all ',
  )

/** Quantities that stand beside one of the first values: https://hl7.org/fhir/R4/search.html#composite */
export const quantitiesBeside = (param: string, rows: Rows, value: Value, keys: readonly string[]): Sql =>
  beside(
    'search_quantity',
    param,
    rows,
    value.kind === 'quantity' ? [all([any(quantity(value)), sql`s.pairs && ${keys}::bigint[]`])] : [],
  )
