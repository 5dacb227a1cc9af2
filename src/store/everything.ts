import type { Permission } from '../access/permit.ts'
import { timestamp } from '../fhir/dates.ts'
import { mainDateOf } from '../resources/index.ts'
import { type Access, auditFound, lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import { referenceKey } from './hash.ts'
import { SEVERAL_PATIENTS } from './matches.ts'
import { run } from './run.ts'
import { all, join, name, parameter, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'
import { askOnce, type Once, visibleTo } from './visible.ts'

/** The name of one resource of a record, with what orders it: the Patient, what is hers by type and date, what that refers to. */
export type Named = { readonly rank: number; readonly type: string; readonly at: string; readonly id: string }

/** A span of time in milliseconds, open to a side that is infinite. */
export type Span = { readonly low: number; readonly high: number }

/** What of a patient's record is asked for. */
export type Record = {
  readonly patient: string
  /** The types that hold what is hers, the Patient herself among them. */
  readonly own: readonly Permission[]
  /** The shared types that what is hers may refer to. */
  readonly shared: readonly Permission[]
  /** The types that are wanted of all these. */
  readonly types: readonly string[]
  readonly since: number | undefined
  readonly care: Span | undefined
  /** The last name of the page before. */
  readonly after: Named | undefined
  readonly count: number | undefined
}

const EARLIEST = raw(`'-infinity'::timestamptz`)

const moment = (milliseconds: number): Sql => sql`${timestamp(milliseconds)}::timestamptz`

/** The date by which care is dated; when somebody was born is none. */
const careDateOf = ({ definition }: Permission): string | undefined => {
  const main = mainDateOf(definition)
  return main === 'birthdate' ? undefined : main
}

const inTime = (permission: Permission, care: Span | undefined): Sql =>
  care && careDateOf(permission)
    ? sql`(r.date_lo < ${moment(care.high)} and r.date_hi > ${moment(care.low)})`
    : raw('true')

/** Whose it has to be: the Patient herself, hers, or, for those who see such, of her and others. */
function ofPatient({ definition, kind }: Permission, patient: string, her: Sql): Sql {
  const { compartment, severalPatients } = definition
  if (compartment === 'self') return sql`r.id = ${her}`
  const hers = sql`r.patient = ${her}`
  if (kind !== 'everything' || !severalPatients || !Array.isArray(compartment)) return hers
  const keys = compartment.map(param => sql`index_key(${referenceKey(param, `Patient/${patient}`)})`)
  return sql`(${hers} or (r.patient = ${raw(`'${SEVERAL_PATIENTS}'`)} and r.keys && array[${join(keys, ', ')}]))`
}

function ownOf(permission: Permission, { patient, care }: Record, her: Sql, { visible }: Once): Sql {
  const { type, compartment } = permission.definition
  const at = careDateOf(permission) ? raw('r.date_lo') : EARLIEST
  return sql`select ${raw(compartment === 'self' ? '0' : '1')} as rank, ${raw(`'${type}'`)} as type, r.id, ${at} as at, r.upd, r.refs
    from ${name(tableOf(type))} r
    where ${ofPatient(permission, patient, her)} and ${inTime(permission, care)} and ${visible(permission, raw('r'))}`
}

/** A shared resource of nobody in particular: what names a patient is hers, or not for this record. */
const sharedOf = (permission: Permission, { visible }: Once): Sql => {
  const { type } = permission.definition
  return sql`select r.id, r.upd, r.refs from ${name(tableOf(type))} r
    where n.type = ${raw(`'${type}'`)} and r.id = n.id and r.patient = '' and ${visible(permission, raw('r'))}`
}

/** What her resources refer to, and what that refers to in turn: the role, its practitioner and its organisation. */
function linkedOf(shared: readonly Permission[], once: Once): Sql {
  if (shared.length === 0)
    return raw(`linked (type, id, upd, refs) as (select '', '', '-infinity'::timestamptz, '{}'::text[] where false)`)
  const types = shared.map(({ definition }) => definition.type)
  const parts = shared.map(permission => sharedOf(permission, once))
  return sql`linked (type, id, upd, refs) as (
    select '', '', ${EARLIEST}, array(select distinct ref from own, unnest(own.refs) ref)
    union
    select n.type, n.id, t.upd, t.refs
    from linked l
      cross join lateral (select distinct split_part(split_part(ref, '>', 2), '/', 1) as type, split_part(ref, '/', 2) as id
        from unnest(l.refs) ref) n
      cross join lateral (${join(parts, ' union all ')}) t
    where n.type = any(${types}::text[]))`
}

const ORDER = raw(`rank, type collate "C", at desc, id collate "C"`)

function after({ after: last }: Record): Sql {
  if (!last) return raw('true')
  const { rank, type, at, id } = last
  return sql`((rank, type collate "C") > (${rank}::int, ${type}::text) or (rank = ${rank}::int and type = ${type}
    and (at < ${at}::timestamptz or (at = ${at}::timestamptz and id collate "C" > ${id}))))`
}

function statementOf(record: Record, access: Access, now: Date): Sql {
  const { own, shared, types, since, count } = record
  const wanted = all([
    sql`type = any(${types}::text[])`,
    since === undefined ? raw('true') : sql`upd >= ${moment(since)}`,
  ])
  const once = askOnce(now)
  const her = parameter(record.patient, 'text')
  const hers = join(
    own.map(permission => ownOf(permission, record, her, once)),
    ' union all ',
  )
  const linked = linkedOf(shared, once)
  return sql`with recursive ${once.asked()}, own as materialized (${hers}), ${linked},
    named as materialized (
      select rank, type, at, id from own where ${wanted}
      union all select distinct 2, l.type, ${EARLIEST}, l.id from linked l where l.id <> '' and ${wanted}
        and not exists (select from own o where o.type = l.type and o.id = l.id)),
    page as materialized (select * from named where ${after(record)} order by ${ORDER}
      ${count === undefined ? raw('') : sql`limit ${count + 1}::int`}),
    shown as (select * from page order by ${ORDER} ${count === undefined ? raw('') : sql`limit ${count}::int`}),
    ${auditFound(lineOf(access, now), raw(`select type || '/' || id as what from shown`))}
    select f.is_there, f.total, p.rank, p.type, p.at::text, p.id
    from (select exists (select from own where rank = 0) as is_there,
        (select count(*) from named where rank < 2)::int as total) f left join page p on true
    order by ${ORDER}`
}

/** The names of what is in a patient's record, or of one page of it; nothing when there is no such patient. */
export type Names = {
  readonly names: readonly Named[]
  /** How many there are on all pages together, without what they refer to. */
  readonly total: number
  readonly hasMore: boolean
}

/**
 * Names what is in a patient's record (https://hl7.org/fhir/R4/operation-patient-everything.html) and records in the same
 * statement that it is shown: who may see what of each type is decided as for a search of that type.
 */
export async function nameEverything(
  db: Queryable,
  record: Record,
  access: Access,
  now: Date,
): Promise<Names | undefined> {
  const rows = await run<[boolean, number, number | null, string, string, string]>(db, statementOf(record, access, now))
  const [first] = rows
  if (!first?.[0]) return undefined
  const named = rows.flatMap(([, , rank, type, at, id]) => (rank === null ? [] : [{ rank, type, at, id }]))
  const { count = named.length } = record
  return { names: named.slice(0, count), total: first[1], hasMore: named.length > count }
}

/** A resource as it is sent. */
export type Text = { readonly type: string; readonly id: string; readonly content: string }

/**
 * The texts of some resources, in the order of their names. Each is judged again: between the naming and the sending of a
 * long record a Consent may end or a resource be withdrawn; then it is not among them.
 */
export async function textsOf(
  db: Queryable,
  permissions: ReadonlyMap<string, Permission>,
  names: readonly { readonly type: string; readonly id: string }[],
  now: Date,
): Promise<readonly Text[]> {
  const once = askOnce(now)
  const parts = [...new Set(names.map(({ type }) => type))].flatMap(type => {
    const permission = permissions.get(type)
    if (!permission) return []
    const ids = names.filter(each => each.type === type).map(({ id }) => id)
    return sql`select ${raw(`'${type}'`)} as type, r.id, r.content from ${name(tableOf(type))} r
      where r.id = any(${ids}::text[]) and ${once.visible(permission, raw('r'))}`
  })
  if (parts.length === 0) return []
  const found = new Map<string, Text>()
  const statement = sql`with ${once.asked()} ${join(parts, ' union all ')}`
  for (const [type, id, content] of await run<[string, string, string]>(db, statement))
    found.set(`${type}/${id}`, { type, id, content })
  return names.flatMap(({ type, id }) => found.get(`${type}/${id}`) ?? [])
}

/** What an engine that walks through all records asks for, a type at a time. */
export type Walk = {
  readonly permission: Permission
  readonly since: number | undefined
  readonly care: Span | undefined
  readonly after: string
  readonly count: number
}

/** The next ids of a type that belong to any patient's record, or, of a shared type, to nobody's. */
export async function idsAfter(db: Queryable, walk: Walk, now: Date): Promise<readonly string[]> {
  const { permission, since, care, count } = walk
  const { type, compartment } = permission.definition
  const whose = Array.isArray(compartment) ? raw(`r.patient <> ''`) : raw('true')
  const changed = since === undefined ? raw('true') : sql`r.upd >= ${moment(since)}`
  const rows = await run<[string]>(
    db,
    sql`select r.id from ${name(tableOf(type))} r
      where r.id > ${walk.after} and ${whose} and ${changed} and ${inTime(permission, care)}
        and ${visibleTo(permission, raw('r'), now)} order by r.id limit ${count}::int`,
  )
  return rows.map(([id]) => id)
}
