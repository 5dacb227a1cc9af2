import type { Queryable } from './db.ts'
import { query } from './run.ts'
import { destroyGrantsOfClient, sha256 } from './tokens.ts'

/** Keeps an initial access token (RFC 7591 section 3), with the scopes that an app which registers by it may have. */
export async function saveInitialAccessToken(
  db: Queryable,
  token: string,
  scopes: string,
  seconds: number,
): Promise<void> {
  await query(db, {
    text: `insert into oidc_payload (model, id_hash, payload, expires_at)
      values ('InitialAccessToken', $1, $2, now() + make_interval(secs => $3))`,
    values: [sha256(token), { scopes }, seconds],
  })
}

/** Uses an initial access token up. @returns its scopes, to the first of any number of callers and before it ends */
export async function useInitialAccessToken(db: Queryable, token: string): Promise<string | undefined> {
  const { rows } = await query<{ scopes: string }>(db, {
    text: `update oidc_payload set consumed_at = now() where model = 'InitialAccessToken' and id_hash = $1
      and consumed_at is null and expires_at > now() returning payload ->> 'scopes' as scopes`,
    values: [sha256(token)],
  })
  return rows[0]?.scopes
}

/** Makes an initial access token good again: nothing was registered by it. */
export async function giveBackInitialAccessToken(db: Queryable, token: string): Promise<void> {
  await query(db, {
    text: "update oidc_payload set consumed_at = null where model = 'InitialAccessToken' and id_hash = $1",
    values: [sha256(token)],
  })
}

/**
 * Removes a client, and all that was ever issued to it: its access tokens are refused from then on. The client goes first, so
 * that nothing new is issued to it.
 */
export async function removeClient(db: Queryable, clientId: string): Promise<void> {
  await query(db, { text: 'delete from client where client_id = $1', values: [clientId] })
  await destroyGrantsOfClient(db, clientId)
  await query(db, { text: 'delete from oidc_payload where client_id = $1', values: [clientId] })
}
