import type { Queryable } from './db.ts'
import { query } from './run.ts'
import { sha256 } from './tokens.ts'

/** What a hospital system launches an app with. `parameters` is in the words of the token response. */
export type Launch = {
  clientId: string
  /** The system client that made the handle. */
  madeBy: string
  patient: string
  /** The person it was made for, as `Patient/x` or `RelatedPerson/y`; without it, whoever reaches the patient. */
  fhirUser: string | undefined
  parameters: Readonly<Record<string, unknown>>
}

/** Keeps a launch under its handle for so many seconds. */
export async function saveLaunch(db: Queryable, handle: string, launch: Launch, seconds: number): Promise<void> {
  const { clientId, madeBy, patient, fhirUser, parameters } = launch
  await query(db, {
    text: `insert into launch (id_hash, client_id, made_by, patient, fhir_user, parameters, expires_at)
      values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))`,
    values: [sha256(handle), clientId, madeBy, patient, fhirUser ?? null, parameters, seconds],
  })
}

type LaunchRow = {
  client_id: string
  made_by: string
  patient: string
  fhir_user: string | null
  parameters: Record<string, unknown>
  expired: boolean
}

/** Finds a launch that was not used yet, and says whether it is too late to begin with it. */
export async function findLaunch(db: Queryable, handle: string): Promise<(Launch & { expired: boolean }) | undefined> {
  const { rows } = await query<LaunchRow>(db, {
    text: `select client_id, made_by, patient, fhir_user, parameters, expires_at <= now() as expired
      from launch where id_hash = $1 and used_at is null`,
    values: [sha256(handle)],
  })
  const row = rows[0]
  if (!row) return undefined
  const { client_id: clientId, made_by: madeBy, fhir_user, ...rest } = row
  return { ...rest, clientId, madeBy, fhirUser: fhir_user ?? undefined }
}

/** Uses a launch up. @returns false for all but the first of any number of callers */
export async function useLaunch(db: Queryable, handle: string): Promise<boolean> {
  const { rowCount } = await query(db, {
    text: 'update launch set used_at = now() where id_hash = $1 and used_at is null',
    values: [sha256(handle)],
  })
  return rowCount === 1
}
