import type { Queryable } from './db.ts'
import { query } from './run.ts'

/** Who decided about which app, for whose record; without a patient for what is about no record. */
export type Decided = { readonly person: string; readonly clientId: string; readonly patient: string | undefined }

/** What was asked on a consent page, and what was ticked. */
export type Ticked = { readonly asked: readonly string[]; readonly ticked: readonly string[] }

/** Remembers what was ticked. What was not asked this time stays as it was the last time. */
export async function saveChoice(
  db: Queryable,
  { person, clientId, patient }: Decided,
  { asked, ticked }: Ticked,
  now: Date,
): Promise<void> {
  await query(db, {
    text: `insert into consent_choice as c (person, client_id, patient, asked, ticked, decided_at)
      values ($1, $2, $3, $4, $5, $6)
      on conflict (person, client_id, patient) do update set
        asked = array(select unnest(c.asked) union select unnest(excluded.asked)),
        ticked = array(select unnest(c.ticked) except select unnest(excluded.asked)) || excluded.ticked,
        decided_at = excluded.decided_at`,
    values: [person, clientId, patient ?? '', asked, ticked, now],
  })
}

/** What was ticked the last time for this app and record. */
export async function findChoice(db: Queryable, { person, clientId, patient }: Decided): Promise<Ticked | undefined> {
  const { rows } = await query<{ asked: string[]; ticked: string[] }>(db, {
    text: 'select asked, ticked from consent_choice where person = $1 and client_id = $2 and patient = $3',
    values: [person, clientId, patient ?? ''],
  })
  return rows[0]
}

/** Whose record the person opened with this app the last time. */
export async function lastPatient(db: Queryable, person: string, clientId: string): Promise<string | undefined> {
  const { rows } = await query<{ patient: string }>(db, {
    text: `select patient from consent_choice where person = $1 and client_id = $2 and patient <> ''
      order by decided_at desc limit 1`,
    values: [person, clientId],
  })
  return rows[0]?.patient
}
