import type { Queryable } from './db.ts'
import { query } from './run.ts'
import { destroyGrantsOfClient } from './tokens.ts'

/** A registered app or system. `metadata` is in the words of RFC 7591. */
export type ClientRegistration = {
  clientId: string
  name: string
  kind: 'public' | 'confidential' | 'backend'
  metadata: { [member: string]: unknown }
  /** The scopes that it may ask for, space-separated. */
  scopes: string
  /** `sha256:` and the base64url hash of its secret; the secret itself is nowhere. */
  secret: string | undefined
  /** The one that it had before, as long as that is still good. */
  previousSecret?: string | undefined
}

/** What a transaction does with entries of types that are not served. */
export type Unserved = 'refuse' | 'skip'

type ClientRow = {
  client_id: string
  name: string
  kind: ClientRegistration['kind']
  metadata: ClientRegistration['metadata']
  scopes: string
  secret: string | null
}

/** Finds a client that is not disabled. */
export async function findClient(db: Queryable, clientId: string): Promise<ClientRegistration | undefined> {
  const { rows } = await query<ClientRow & { previous_secret: string | null }>(db, {
    text: `select client_id, name, kind, metadata, scopes, secret,
        case when previous_until > now() then previous_secret end as previous_secret
      from client where client_id = $1 and state = 'active'`,
    values: [clientId],
  })
  const row = rows[0]
  if (!row) return undefined
  const { client_id, secret, previous_secret, ...rest } = row
  return { ...rest, clientId: client_id, secret: secret ?? undefined, previousSecret: previous_secret ?? undefined }
}

/** The names of clients by id, those that are disabled too. */
export async function clientNames(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await query<{ client_id: string; name: string }>(db, {
    text: 'select client_id, name from client where client_id = any($1)',
    values: [ids],
  })
  return new Map(rows.map(({ client_id, name }) => [client_id, name]))
}

/** Registers a client, or registers it anew with what it is now. A disabled one stays disabled. */
export async function saveClient(db: Queryable, client: ClientRegistration): Promise<void> {
  await query(db, {
    text: `insert into client (client_id, name, kind, metadata, scopes, secret) values ($1, $2, $3, $4, $5, $6)
      on conflict (client_id) do update set name = excluded.name, kind = excluded.kind,
        metadata = excluded.metadata, scopes = excluded.scopes, secret = excluded.secret,
        previous_secret = case when client.secret = excluded.secret then client.previous_secret end,
        previous_until = case when client.secret = excluded.secret then client.previous_until end`,
    values: [client.clientId, client.name, client.kind, client.metadata, client.scopes, client.secret ?? null],
  })
}

/** Registers a client under an id that nobody has. @returns whether it was free */
export async function insertClient(db: Queryable, client: ClientRegistration): Promise<boolean> {
  const { rowCount } = await query(db, {
    text: `insert into client (client_id, name, kind, metadata, scopes, secret) values ($1, $2, $3, $4, $5, $6)
      on conflict do nothing`,
    values: [client.clientId, client.name, client.kind, client.metadata, client.scopes, client.secret ?? null],
  })
  return rowCount === 1
}

/**
 * Gives a client another secret, of which this is the stored form. The one before is good for some seconds more; one before
 * that is good for nothing.
 * @returns until when the one before is good
 */
export async function saveSecret(
  db: Queryable,
  clientId: string,
  secret: string,
  seconds: number,
): Promise<Date | undefined> {
  const { rows } = await query<{ previous_until: Date | null }>(db, {
    text: `update client set secret = $2,
        previous_secret = case when $3 > 0 then secret end,
        previous_until = case when $3 > 0 then now() + make_interval(secs => $3) end
      where client_id = $1 returning previous_until`,
    values: [clientId, secret, seconds],
  })
  return rows[0]?.previous_until ?? undefined
}

/** A client as administrators see it, disabled or not. */
export type ClientRecord = ClientRegistration & { state: 'active' | 'disabled'; createdAt: Date }

type RecordRow = ClientRow & { state: ClientRecord['state']; created_at: Date }

const toRecord = ({ client_id, secret, created_at, ...rest }: RecordRow): ClientRecord => ({
  ...rest,
  clientId: client_id,
  secret: secret ?? undefined,
  createdAt: created_at,
})

const RECORD = 'client_id, name, kind, metadata, scopes, secret, state, created_at'

/** Finds a client, whatever its state. */
export async function findClientRecord(db: Queryable, clientId: string): Promise<ClientRecord | undefined> {
  const { rows } = await query<RecordRow>(db, {
    text: `select ${RECORD} from client where client_id = $1`,
    values: [clientId],
  })
  return rows[0] && toRecord(rows[0])
}

/** All clients, by id. */
export async function listClients(db: Queryable): Promise<ClientRecord[]> {
  const { rows } = await query<RecordRow>(db, { text: `select ${RECORD} from client order by client_id` })
  return rows.map(toRecord)
}

const ISSUED = `('AccessToken', 'RefreshToken', 'AuthorizationCode', 'ClientCredentials',
  'PushedAuthorizationRequest')`

/**
 * Takes a client's access away, with all that was issued to it. The state goes first, so that nothing new is issued, and then
 * the grants: what is being stored at this moment is waited for, and seen by the last statement.
 */
export async function disableClient(db: Queryable, clientId: string): Promise<void> {
  await setClientState(db, clientId, 'disabled')
  await destroyGrantsOfClient(db, clientId)
  await query(db, {
    text: `delete from oidc_payload where client_id = $1 and model in ${ISSUED}`,
    values: [clientId],
  })
}

/** Lets a client ask for access again. */
export const enableClient = (db: Queryable, clientId: string): Promise<void> => setClientState(db, clientId, 'active')

/** Sets whether a client may ask for access. Tokens already issued are revoked by the caller. */
export async function setClientState(db: Queryable, clientId: string, state: 'active' | 'disabled'): Promise<void> {
  await query(db, {
    text: 'update client set state = $2 where client_id = $1',
    values: [clientId, state],
  })
}

/** Sets what a transaction of this client does with entries of types that are not served. */
export async function saveClientSetting(db: Queryable, clientId: string, unserved: Unserved): Promise<void> {
  await query(db, {
    text: `insert into client_setting (client_id, unserved) values ($1, $2)
      on conflict (client_id) do update set unserved = excluded.unserved`,
    values: [clientId, unserved],
  })
}

/** What a transaction of this client does with entries of types that are not served. */
export async function unservedSetting(db: Queryable, clientId: string): Promise<Unserved> {
  const { rows } = await query<{ unserved: Unserved }>(db, {
    text: 'select unserved from client_setting where client_id = $1',
    values: [clientId],
  })
  return rows[0]?.unserved ?? 'refuse'
}
