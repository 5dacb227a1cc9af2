import type { Queryable } from './db.ts'
import { query } from './run.ts'
import { destroyGrants } from './tokens.ts'

/** An app that a person has allowed to open one record, as long as a token of it is alive. */
export type AllowedApp = {
  readonly clientId: string
  readonly name: string
  readonly maker: string | undefined
  /** Whose record; undefined for an app that only knows who the person is. */
  readonly patient: string | undefined
  readonly since: Date
  /** When its access ends by itself if it is not used any more. */
  readonly ends: Date
  readonly scopes: readonly string[]
}

const ALIVE = `exists (select from oidc_payload t where t.grant_hash = c.grant_hash and t.expires_at > now()
  and t.model in ('AuthorizationCode', 'AccessToken', 'RefreshToken') and t.consumed_at is null)`

type Row = {
  client_id: string
  name: string | null
  maker: string | null
  patient: string | null
  since: Date
  ends: Date
  scopes: string[]
}

/** The apps that a person has allowed, the last allowed first; the same app for two records is two. */
export async function allowedApps(db: Queryable, person: string, fhirBase: string): Promise<AllowedApp[]> {
  const { rows } = await query<Row>(db, {
    text: `select c.client_id, cl.name, cl.metadata ->> 'maker' as maker, c.patient, min(c.created_at) as since,
        max(t.ends) as ends, array_agg(distinct s.scope) filter (where s.scope <> '') as scopes
      from launch_context c
      join oidc_payload g on g.model = 'Grant' and g.id_hash = c.grant_hash and g.expires_at > now()
      left join client cl on cl.client_id = c.client_id
      cross join lateral (
        select max(t.expires_at) as ends from oidc_payload t
        where t.grant_hash = c.grant_hash and t.consumed_at is null and t.expires_at > now()) as t
      left join lateral string_to_table(coalesce(g.payload -> 'resources' ->> $2, g.payload -> 'openid' ->> 'scope'), ' ')
        as s(scope) on true
      where c.person = $1 and ${ALIVE}
      group by c.client_id, cl.name, cl.metadata ->> 'maker', c.patient
      order by since desc, c.client_id, c.patient`,
    values: [person, fhirBase],
  })
  return rows.map(row => ({
    clientId: row.client_id,
    name: row.name ?? row.client_id,
    maker: row.maker ?? undefined,
    patient: row.patient ?? undefined,
    since: row.since,
    ends: row.ends,
    scopes: row.scopes ?? [],
  }))
}

/** What is taken back: one app's access to one record, or with nothing said every app's. */
export type TakenBack = { readonly clientId?: string; readonly patient?: string | undefined }

/**
 * Takes back what a person has allowed, with all tokens that were given for it.
 * @returns the app and the record of each grant that is gone
 */
export async function takeBack(
  db: Queryable,
  person: string,
  { clientId, patient }: TakenBack,
): Promise<{ clientId: string; patient: string | undefined; proxy: boolean }[]> {
  const { rows } = await query<{ grant_hash: Buffer; client_id: string; patient: string | null; proxy: boolean }>(db, {
    text: `select c.grant_hash, c.client_id, c.patient, c.proxy from launch_context c
      join oidc_payload g on g.model = 'Grant' and g.id_hash = c.grant_hash
      where c.person = $1 and ($2::text is null or (c.client_id = $2 and c.patient is not distinct from $3))`,
    values: [person, clientId ?? null, patient ?? null],
  })
  await destroyGrants(
    db,
    rows.map(row => row.grant_hash),
  )
  return rows.map(row => ({ clientId: row.client_id, patient: row.patient ?? undefined, proxy: row.proxy }))
}
