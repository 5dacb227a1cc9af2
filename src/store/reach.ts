import type { Queryable } from './db.ts'
import { SEVERAL_PATIENTS } from './matches-key.ts'
import { run } from './run.ts'
import { sql } from './sql.ts'
import type { Version } from './write.ts'

/**
 * Ends the reach of those who have died, and gives it back where that was wrong: every request asks for it. Who is deleted
 * stays as she was.
 */
async function writeEnds(db: Queryable, versions: readonly Version[]): Promise<void> {
  const patients = versions.filter(version => version.definition.endsReach !== undefined)
  if (patients.length === 0) return
  const actorOf = ({ definition, id }: Version) => `${definition.type}/${id}`
  const ended = patients.filter(({ definition, resource }) => definition.endsReach?.(resource)).map(actorOf)
  await run(
    db,
    sql`with back as (delete from ended_reach where actor = any(${patients.map(actorOf)}::text[])
        and actor <> all(${ended}::text[]))
      insert into ended_reach (actor) select unnest(${ended}::text[]) on conflict do nothing`,
  )
}

/** Whether a resource is one patient's, and she is known. */
const isOnes = ({ row }: Version): boolean => row.patient !== '' && row.patient !== SEVERAL_PATIENTS

/**
 * What Consents give to proxies, as rows that every request asks: replaced whenever such a resource is written. One of which no
 * patient is known gives nothing, for what else is of no patient known is not hers.
 */
export async function writeReach(db: Queryable, versions: readonly Version[]): Promise<void> {
  await writeEnds(db, versions)
  const granting = versions.filter(version => version.definition.grants !== undefined)
  if (granting.length === 0) return
  const consents = granting.map(({ definition, id }) => `${definition.type}/${id}`)
  const rows = granting.filter(isOnes).flatMap(({ definition, id, resource, row }) =>
    (definition.grants?.(resource) ?? []).map(grant => ({
      ...grant,
      patient: row.patient,
      consent: `${definition.type}/${id}`,
    })),
  )
  await run(db, sql`delete from reach where consent = any(${consents}::text[])`)
  if (rows.length === 0) return
  await run(
    db,
    sql`insert into reach (actor, patient, topics, begins, ends, consent)
      select actor, patient, string_to_array(topics, ' '), begins, ends, consent from unnest(
        ${rows.map(row => row.actor)}::text[], ${rows.map(row => row.patient)}::text[], ${rows.map(row => row.topics.join(' '))}::text[],
        ${rows.map(row => row.begins)}::timestamptz[], ${rows.map(row => row.ends)}::timestamptz[], ${rows.map(row => row.consent)}::text[])
        as u(actor, patient, topics, begins, ends, consent)
      on conflict do nothing`,
  )
}
