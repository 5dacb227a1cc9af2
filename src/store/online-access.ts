import type { Queryable } from './db.ts'
import { query } from './run.ts'
import { destroyGrants } from './tokens.ts'

/** A grant that is gone: which app's access to which record. */
export type GoneGrant = { readonly clientId: string; readonly patient: string | undefined; readonly proxy: boolean }

/**
 * Takes back what was granted in one session for as long as it lasts: all but what works while the person is away.
 * @returns the app and the record of each grant that is gone
 */
export async function endOnlineAccess(db: Queryable, person: string, sessionUid: string): Promise<GoneGrant[]> {
  const { rows } = await query<{ grant_hash: Buffer; client_id: string; patient: string | null; proxy: boolean }>(db, {
    text: `select c.grant_hash, c.client_id, c.patient, c.proxy from launch_context c
      join oidc_payload g on g.model = 'Grant' and g.id_hash = c.grant_hash
      where c.person = $1
        and 'offline_access' <> all (string_to_array(coalesce(g.payload -> 'openid' ->> 'scope', ''), ' '))
        and exists (select from oidc_payload t where t.grant_hash = c.grant_hash
          and t.model in ('AuthorizationCode', 'AccessToken', 'RefreshToken') and t.payload ->> 'sessionUid' = $2)`,
    values: [person, sessionUid],
  })
  await destroyGrants(
    db,
    rows.map(row => row.grant_hash),
  )
  return rows.map(row => ({ clientId: row.client_id, patient: row.patient ?? undefined, proxy: row.proxy }))
}
