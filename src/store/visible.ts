import type { OnePatient, Permission } from '../access/permit.ts'
import type { Definition, Topic } from '../resources/definition.ts'
import { all, any, name, raw, type Sql, sql } from './sql.ts'
import { tableOf } from './tables.ts'

/** Who asks for whom, as SQL: parameters of one request, or columns of a batch of requests. */
export type Asker = { readonly person: Sql; readonly patient: Sql; readonly now: Sql }

/** The asker of one request, as parameters. */
export const askerOf = (reach: OnePatient, now: Date): Asker => ({
  person: sql`${reach.person}::text`,
  patient: sql`${reach.patient}::text`,
  now: sql`${now.toISOString()}::timestamptz`,
})

/**
 * Whether the person reaches the patient at this moment, for this topic: as herself, or by a Consent that is
 * active now. Asked with every statement and never remembered, so that ending a Consent ends the access.
 */
function reaches({ person, patient, now }: Asker, topic: Topic): Sql {
  const topics = topic === 'shared' ? raw('true') : sql`g.topics && array['*', ${raw(`'${topic}'`)}]`
  return sql`exists (
    select from person_actor a join person p on p.id = a.person and p.state = 'active'
    where a.person = ${person} and (a.actor = 'Patient/' || ${patient} or exists (
      select from reach g where g.actor = a.actor and g.patient = ${patient}
        and g.begins <= ${now} and ${now} < g.ends and ${topics})))`
}

/** A resource of another type that refers to this one and is visible itself: how a Binary is reached. */
function referredTo(row: Sql, asker: Asker, referrer: Definition): Sql {
  const binary = sql`array[index_key('attachment>Binary/' || ${row}.id)]`
  return sql`(exists (select from ${name(tableOf(referrer.type))} f where f.keys @> ${binary}
    and f.patient = ${asker.patient} and f.release_at <= ${asker.now}) and ${reaches(asker, referrer.topic)})`
}

/** Whose row it must be: hers; for a shared type hers or nobody's; for a Binary hers who sees what refers to it. */
function belongs(row: Sql, asker: Asker, definition: Definition, reach: Pick<OnePatient, 'through'>): Sql {
  if (definition.compartment === 'none') return raw('false')
  if (definition.compartment === 'referrers')
    return sql`(${row}.patient in ('', ${asker.patient})
      and ${any(reach.through.map(referrer => referredTo(row, asker, referrer)))})`
  if (definition.compartment === 'shared') return sql`${row}.patient in ('', ${asker.patient})`
  return sql`${row}.patient = ${asker.patient}`
}

/**
 * The confidentiality boundary: the one predicate that says which rows of a type (current or in history) a
 * permission lets its holder see. Every read, search, include and history is built on it.
 */
export function visible(permission: Permission, row: Sql, asker: Asker | undefined): Sql {
  if (permission.kind === 'everything') return raw('true')
  if (!asker) return raw('false')
  const { definition, topic } = permission
  return all([
    belongs(row, asker, definition, permission),
    sql`${row}.release_at <= ${asker.now}`,
    reaches(asker, topic),
  ])
}

/** The same for one request, whose person, patient and time are parameters. */
export const visibleTo = (permission: Permission, row: Sql, now: Date): Sql =>
  visible(permission, row, permission.kind === 'everything' ? undefined : askerOf(permission, now))
