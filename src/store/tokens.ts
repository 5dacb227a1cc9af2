import { hash } from 'node:crypto'
import type { Queryable } from './db.ts'
import { query } from './run.ts'

export { type Revocations, revocations } from './revocations.ts'

/** The form in which every identifier that is itself a credential is kept. */
export const sha256 = (text: string): Buffer => hash('sha256', text, 'buffer')

/** One stored object of the authorization server: a session, an interaction, a code, a token, a grant … */
export type Payload = { [member: string]: unknown }

/** What is put into columns of its own, because it is searched by. Hashed where it is a credential. */
export type PayloadKeys = {
  grantId?: string | undefined
  uid?: string | undefined
  userCode?: string | undefined
  accountId?: string | undefined
  clientId?: string | undefined
}

const optional = (text: string | undefined): Buffer | null => (text === undefined ? null : sha256(text))

const UPSERT = `
insert into oidc_payload
  (model, id_hash, payload, grant_hash, uid_hash, user_code_hash, account_id, client_id, expires_at)
select $1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9)
`
const UPSERT_CONFLICT = `
on conflict (model, id_hash) do update
  set payload = excluded.payload, grant_hash = excluded.grant_hash, uid_hash = excluded.uid_hash,
      user_code_hash = excluded.user_code_hash, account_id = excluded.account_id, client_id = excluded.client_id,
      expires_at = excluded.expires_at
`
// The lock makes a revocation that runs at the same time wait, so that it sees and deletes what is inserted here.
const GRANT_STANDS = `
from (select 1 from oidc_payload where model = 'Grant' and id_hash = $4 and expires_at > now() for key share) as g
`

// The same for what a client has without a grant: who disables the client waits, and deletes it then.
const CLIENT_STANDS = `
from (select 1 from client where client_id = $8 and state = 'active' for share) as c
`
const STANDS = { grant: GRANT_STANDS, client: CLIENT_STANDS } as const

/**
 * Stores one object; nothing, if it is issued under a grant that has been revoked, or to a client that has been disabled.
 * @returns whether it was stored
 */
export async function savePayload(
  db: Queryable,
  model: string,
  id: string,
  payload: Payload,
  keys: PayloadKeys,
  seconds: number | undefined,
  mustStand?: keyof typeof STANDS,
): Promise<boolean> {
  const { rowCount } = await query(db, {
    text: UPSERT + (mustStand ? STANDS[mustStand] : '') + UPSERT_CONFLICT,
    values: [
      model,
      sha256(id),
      payload,
      optional(keys.grantId),
      optional(keys.uid),
      optional(keys.userCode),
      keys.accountId ?? null,
      keys.clientId ?? null,
      seconds ?? null,
    ],
  })
  return rowCount === 1
}

/**
 * Stores an object that may exist only once at a time, such as the `jti` of a client assertion (RFC 7523 section 3).
 * @returns whether it was the first
 */
export async function savePayloadOnce(
  db: Queryable,
  model: string,
  id: string,
  payload: Payload,
  seconds: number,
): Promise<boolean> {
  const { rowCount } = await query(db, {
    text: `${UPSERT}${UPSERT_CONFLICT} where oidc_payload.expires_at < now()`,
    values: [model, sha256(id), payload, null, null, null, null, null, seconds],
  })
  return rowCount === 1
}

/** A stored object and when it was consumed, in seconds since then. */
export type Found = { payload: Payload; consumedAt: number | undefined; consumedAgo: number | undefined }

const COLUMNS = `payload, extract(epoch from consumed_at)::float8 as consumed_at,
  extract(epoch from now() - consumed_at)::float8 as consumed_ago`
const WHERE = { id: 'id_hash', uid: 'uid_hash', userCode: 'user_code_hash' } as const

type FoundRow = { payload: Payload; consumed_at: number | null; consumed_ago: number | null }

/** Finds one object by its identifier, by the `uid` of a session or by a user code. */
export async function findPayload(
  db: Queryable,
  model: string,
  by: keyof typeof WHERE,
  value: string,
): Promise<Found | undefined> {
  const { rows } = await query<FoundRow>(db, {
    text: `select ${COLUMNS} from oidc_payload where model = $1 and ${WHERE[by]} = $2`,
    values: [model, sha256(value)],
  })
  const row = rows[0]
  if (!row) return undefined
  return {
    payload: row.payload,
    consumedAt: row.consumed_at ?? undefined,
    consumedAgo: row.consumed_ago ?? undefined,
  }
}

/** Marks a code or a refresh token as used. @returns false for all but the first of any number of callers */
export async function consumePayload(db: Queryable, model: string, id: string): Promise<boolean> {
  const { rowCount } = await query(db, {
    text: `update oidc_payload set consumed_at = now()
      where model = $1 and id_hash = $2 and consumed_at is null`,
    values: [model, sha256(id)],
  })
  return rowCount === 1
}

/** Removes one object. Removing an access token before its end makes every process refuse it. */
export async function destroyPayload(db: Queryable, model: string, id: string): Promise<void> {
  await query(db, {
    text: 'delete from oidc_payload where model = $1 and id_hash = $2',
    values: [model, sha256(id)],
  })
}

/** Removes a session by its `uid`: signing out where the session's own identifier is not known. */
export async function destroySession(db: Queryable, uid: string): Promise<void> {
  await query(db, {
    text: "delete from oidc_payload where model = 'Session' and uid_hash = $1",
    values: [sha256(uid)],
  })
}

/** Removes the objects of one kind that were issued under a grant. */
export async function destroyOfGrant(db: Queryable, model: string, grantId: string): Promise<void> {
  await query(db, {
    text: 'delete from oidc_payload where model = $1 and grant_hash = $2',
    values: [model, sha256(grantId)],
  })
}

/**
 * Removes a grant and all that was issued under it (RFC 6749 section 4.1.2, RFC 7009 section 2.1).
 * The second statement sees what was stored while the first waited for the grant's lock. The launch context stays for the
 * audit record's sake until the next clean-up.
 */
export const destroyGrant = (db: Queryable, grantId: string): Promise<void> => destroyGrants(db, [sha256(grantId)])

/** The same for several, by the hashes of their identifiers. */
export async function destroyGrants(db: Queryable, hashes: readonly Buffer[]): Promise<void> {
  await query(db, {
    text: "delete from oidc_payload where model = 'Grant' and id_hash = any($1::bytea[])",
    values: [hashes],
  })
  await query(db, {
    text: 'delete from oidc_payload where grant_hash = any($1::bytea[])',
    values: [hashes],
  })
}

/**
 * Removes the grants of a client, before all else that was issued to it: what was being stored under them is waited for, so
 * that the statement after this one sees it.
 */
export async function destroyGrantsOfClient(db: Queryable, clientId: string): Promise<void> {
  await query(db, {
    text: "delete from oidc_payload where model = 'Grant' and client_id = $1",
    values: [clientId],
  })
}

/** The client that a refresh token was issued to: some apps send the token alone. */
export async function clientOfRefreshToken(db: Queryable, token: string): Promise<string | undefined> {
  const { rows } = await query<{ client_id: string | null }>(db, {
    text: "select client_id from oidc_payload where model = 'RefreshToken' and id_hash = $1",
    values: [sha256(token)],
  })
  return rows[0]?.client_id ?? undefined
}

/** What a launch told the app: whose record was opened, by whom, and as whom. */
export type LaunchContext = {
  person: string
  clientId: string
  patient: string | undefined
  fhirUser: string | undefined
  proxy: boolean
  /** What else the app is told, in the words of the token response: `encounter`, `intent`, `fhirContext` … */
  parameters: Readonly<Record<string, unknown>>
}

/** Keeps the launch context of a grant; every token issued under the grant carries it. */
export async function saveLaunchContext(db: Queryable, grantId: string, context: LaunchContext): Promise<void> {
  await query(db, {
    text: `insert into launch_context (grant_hash, person, client_id, patient, fhir_user, proxy, parameters)
      values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      sha256(grantId),
      context.person,
      context.clientId,
      context.patient ?? null,
      context.fhirUser ?? null,
      context.proxy,
      context.parameters,
    ],
  })
}

type ContextRow = {
  person: string
  client_id: string
  patient: string | null
  fhir_user: string | null
  proxy: boolean
  parameters: Record<string, unknown>
}

/** The launch context of a grant. */
export async function findLaunchContext(db: Queryable, grantId: string): Promise<LaunchContext | undefined> {
  const { rows } = await query<ContextRow>(db, {
    text: `select person, client_id, patient, fhir_user, proxy, parameters
      from launch_context where grant_hash = $1`,
    values: [sha256(grantId)],
  })
  const row = rows[0]
  if (!row) return undefined
  return {
    person: row.person,
    clientId: row.client_id,
    patient: row.patient ?? undefined,
    fhirUser: row.fhir_user ?? undefined,
    proxy: row.proxy,
    parameters: row.parameters,
  }
}

/** Removes what has expired. The hour of grace lets a late request be told "expired" instead of "unknown". */
export async function deleteExpired(db: Queryable): Promise<void> {
  await db.query("delete from oidc_payload where expires_at < now() - interval '1 hour'")
  await db.query("delete from revoked_token where exp < now() - interval '1 hour'")
  await db.query("delete from launch where expires_at < now() - interval '1 hour'")
  await db.query(`delete from launch_context c where created_at < now() - interval '1 hour' and not exists
    (select from oidc_payload where model = 'Grant' and id_hash = c.grant_hash)`)
}
