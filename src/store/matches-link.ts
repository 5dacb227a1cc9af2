import type { OnePatient, Permission } from '../access/permit.ts'
import { FhirError } from '../fhir/outcome.ts'
import type { Clause, Link } from '../fhir/query.ts'
import { referenceKey } from './hash.ts'
import { isOfRecord, refersTo, SEVERAL_PATIENTS } from './matches-key.ts'
import type { Rows } from './rows.ts'
import { all, any, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'

/** Makes the SQL of a clause on rows; given, because clauses and links contain each other. */
export type Condition = (clause: Clause, rows: Rows) => Sql

/** The rows at the other end of a link that the asker may see and that match. */
export type End = { readonly rows: Rows; readonly table: Sql; readonly wanted: Sql }

/** The rows at the other end of a link: whether the asker may see them, and what they must match. */
export function endOf(link: Link, permission: Permission, from: Rows, condition: Condition): End {
  const { now, judge, depth } = from
  const row = raw(`l${depth + 1}`)
  // Of what is everybody's only what hers refers to is asked about, not each row that matches.
  const isNamed = link.direction === 'to' && isOfRecord(from.permission) && !isOfRecord(permission)
  const among = isNamed ? { among: sql`(select ids from named${raw(String(depth))})::text[]` } : {}
  const rows = { row, permission, now, judge, depth: depth + 1, ...among }
  const wanted = all([judge(permission, row), condition(link.clause, rows)])
  return { rows, table: sql`${name(tableOf(link.type))} ${row}`, wanted }
}

/**
 * Along a reference of what is in one patient's record: where it leads to is found once and not for each row, of what is
 * in her record among that, of what is everybody's among what hers refers to.
 */
function alongHers(link: Link, rows: Rows, permission: Permission & OnePatient, end: End): Sql {
  const { definition, patient } = permission
  const other = end.rows.row
  if (link.type === 'Patient' && definition.search[link.param]?.stored === 'patient')
    return sql`exists (select from ${end.table} where ${other}.id = ${patient}::text and ${end.wanted})`
  const prefix = referenceKey(link.param, `${link.type}/`)
  const ends = sql`select (${prefix} || ${other}.id) collate "default" from ${end.table} where`
  const { among } = end.rows
  if (!among) return sql`${rows.row}.refs && array(${ends} ${end.wanted})`
  const hers = raw('h')
  const named = sql`select substr(ref, ${prefix.length + 1}::int) from ${name(tableOf(definition.type))} ${hers}, unnest(${hers}.refs) ref
    where ${rows.judge(permission, hers)} and starts_with(ref, ${prefix})`
  return sql`${rows.row}.refs && array(
    with named${raw(String(rows.depth))} as materialized (select array(${named}) as ids)
    ${ends} ${other}.id = any(${among}) and ${end.wanted})`
}

/** Along a reference of the row: to the patient of its column, or to what its references name. */
function along(link: Link, rows: Rows, end: End, isFew: boolean | undefined): Sql {
  const { row, permission } = rows
  if (isOfRecord(permission)) return alongHers(link, rows, permission, end)
  const { definition } = permission
  const other = end.rows.row
  const prefix = referenceKey(link.param, `${link.type}/`)
  // Of all resources, where much matches, each row that is met is asked: the planner would begin at the other end.
  const asked = permission.kind === 'everything' && !isFew ? raw(' offset 0') : raw('')
  const named = sql`exists (select from unnest(${row}.refs) ref join ${end.table} on ${other}.id = substr(ref, ${prefix.length + 1}::int)
    where starts_with(ref, ${prefix}) and ${end.wanted}${asked})`
  if (link.type !== 'Patient' || definition.search[link.param]?.stored !== 'patient') return named
  const owner = sql`exists (select from ${end.table} where ${other}.id = ${row}.patient and ${end.wanted}${asked})`
  if (permission.kind !== 'everything' || !definition.severalPatients) return owner
  return any([owner, sql`(${row}.patient = ${SEVERAL_PATIENTS} and ${named})`])
}

/** Back along a reference that names the row. */
function back(link: Link, { row, permission }: Rows, end: End): Sql {
  const other = end.rows.row
  const { definition, kind } = end.rows.permission
  const prefix = referenceKey(link.param, `${permission.definition.type}/`)
  const names = sql`${other}.keys @> array[index_key(${prefix} || ${row}.id)]`
  // Whatever else is asked of them must not make the planner look for that first, once for each row.
  const named = sql`exists (select from (select * from ${end.table} where ${names} offset 0) ${other} where ${end.wanted})`
  if (permission.definition.type === 'Patient' && definition.search[link.param]?.stored === 'patient') {
    const owned = sql`exists (select from ${end.table} where ${other}.patient = ${row}.id and ${end.wanted})`
    return definition.severalPatients && kind === 'everything' ? any([owned, named]) : owned
  }
  if (kind !== 'patient' || !Array.isArray(definition.compartment)) return named
  // One patient's resources are few: what they name is listed once, and goes to the index of the rows as one list.
  return sql`${row}.id = any(array(select substr(ref, ${prefix.length + 1}::int) from ${end.table}, unnest(${other}.refs) ref
    where starts_with(ref, ${prefix}) and ${end.wanted}))`
}

/** Each row is asked whether it names one of them, as it comes: what is written so is no condition that an index finds. */
function namesOne(link: Link, ids: readonly string[], { row, permission }: Rows): Sql {
  const { definition } = permission
  const named = sql`exists (select from unnest(${row}.refs) ref
    where ref = any(${ids.map(id => referenceKey(link.param, `${link.type}/${id}`))}::text[]))`
  if (link.type !== 'Patient' || definition.search[link.param]?.stored !== 'patient') return named
  const owner = sql`(${row}.patient || '') = any(${ids}::text[])`
  return definition.severalPatients ? any([owner, sql`(${row}.patient = ${SEVERAL_PATIENTS} and ${named})`]) : owner
}

/** A link of which the ids at its other end are known: the rows that name one of them, looked for or met on the way. */
function known(link: Link, ids: readonly string[], rows: Rows): Sql {
  if (link.direction === 'from') return sql`${rows.row}.id = any(${ids}::text[])`
  const declared = rows.permission.definition.search[link.param]
  if (ids.length === 0 || !declared) return raw('false')
  if (link.isMany) return namesOne(link, ids, rows)
  return refersTo(
    link.param,
    declared,
    rows,
    ids.map(id => `${link.type}/${id}`),
  )
}

/**
 * The links of a clause with the permission for each. A type that the request does not name and that is not within the
 * scopes brings nothing, unless nothing is.
 * @throws FhirError 403
 */
export function permitted(clause: Clause, permission: Permission): [Link, Permission][] {
  const refused: FhirError[] = []
  const found = (clause.links ?? []).flatMap((link): [Link, Permission][] => {
    try {
      return [[link, permission.permissionOf(link.type)]]
    } catch (error) {
      if (!(error instanceof FhirError) || link.isNamed) throw error
      refused.push(error)
      return []
    }
  })
  // By an identifier a resource is also found that says it itself, which needs no scope for another type.
  if (found.length === 0 && refused[0] && clause.modifier !== 'identifier') throw refused[0]
  return found
}

/**
 * Chains and `_has` (https://hl7.org/fhir/R4/search.html#chaining): one of the links must lead to a resource that matches
 * and that the asker may see herself, so that nobody learns by them of what is not hers.
 */
export function links(clause: Clause, rows: Rows, condition: Condition): Sql {
  return any(
    permitted(clause, rows.permission).map(([link, permission]) => {
      if (link.ids) return known(link, link.ids, rows)
      const end = endOf(link, permission, rows, condition)
      return link.direction === 'to' ? along(link, rows, end, clause.isFew) : back(link, rows, end)
    }),
  )
}
