import { randomBytes } from 'node:crypto'
import { errors } from 'oidc-provider'
import type { Access } from '../../store/audit.ts'
import {
  type ClientRecord,
  disableClient,
  enableClient,
  findClientRecord,
  insertClient,
  listClients,
  saveClient,
  saveClientSetting,
  saveSecret,
  unservedSetting,
} from '../../store/clients.ts'
import { inTransaction, type Queryable } from '../../store/db.ts'
import { newSecret, storedSecret } from '../clients.ts'
import type { SmartOptions } from '../settings.ts'
import { auditGrant, type GrantEvent } from '../trail.ts'
import { authMethodOf, type Description, faultsOf, registrationOf } from './description.ts'

/** Who administers, and what it takes. */
export type Administrator = Pick<SmartOptions, 'pool' | 'clock' | 'internalOrigins' | 'revoked'> & {
  readonly by: Access['grant']
  readonly requestId: string
}

/** A client as it is told to an administrator: what was registered, its state, and that it has a secret, not which. */
export type Told = Record<string, unknown> & { client_id: string; client_secret?: string }

function told({ clientId, name, kind, metadata, scopes, secret, state, createdAt }: ClientRecord): Told {
  return {
    client_id: clientId,
    client_name: name,
    kind,
    state,
    scope: scopes,
    ...metadata,
    has_secret: secret !== undefined,
    created_at: createdAt.toISOString(),
  }
}

const notFound = (clientId: string) =>
  Object.assign(new errors.CustomOIDCProviderError('not_found', `there is no client ${clientId}`), { statusCode: 404 })

function checked(given: unknown, { internalOrigins = [] }: Administrator): Description {
  const faults = faultsOf(given, internalOrigins)
  if (faults.length > 0) throw new errors.InvalidClientMetadata(faults.join('; '))
  return given as Description
}

async function find({ pool }: Administrator, clientId: string): Promise<ClientRecord> {
  const found = await findClientRecord(pool, clientId)
  if (!found) throw notFound(clientId)
  return found
}

/** Does something to a client and records it, both or neither. */
const recorded = (
  administrator: Administrator,
  interaction: GrantEvent,
  app: string,
  result: Record<string, unknown>,
  work: (db: Queryable) => Promise<void>,
): Promise<void> =>
  inTransaction(administrator.pool, async db => {
    await work(db)
    const { by, requestId, clock } = administrator
    await auditGrant({ pool: db, clock }, interaction, { app, by, requestId, result })
  })

/** All clients, by id. */
export async function list({ pool }: Administrator): Promise<Told[]> {
  return (await listClients(pool)).map(told)
}

/** One client. */
export async function show(administrator: Administrator, clientId: string): Promise<Told> {
  const unserved = await unservedSetting(administrator.pool, clientId)
  return { ...told(await find(administrator, clientId)), unserved }
}

const needsSecret = (description: Description): boolean => authMethodOf(description) === 'client_secret_basic'

const taken = (clientId: string) =>
  Object.assign(new errors.InvalidClientMetadata(`client_id: there is a client ${clientId}`), { statusCode: 409 })

/**
 * Registers a client. A secret is in the answer and nowhere else.
 * @throws InvalidClientMetadata with all that is wrong; 409 when there is a client of this id
 */
export async function register(administrator: Administrator, given: unknown): Promise<Told> {
  const description = checked(given, administrator)
  const { client_id: clientId = `client-${randomBytes(9).toString('base64url')}`, unserved } = description
  const secret = needsSecret(description) ? newSecret() : undefined
  const client = registrationOf(description, clientId, secret && storedSecret(secret))
  await recorded(administrator, 'register', clientId, { scope: client.scopes }, async db => {
    if (!(await insertClient(db, client))) throw taken(clientId)
    if (unserved) await saveClientSetting(db, clientId, unserved)
  })
  return { ...(await show(administrator, clientId)), ...(secret === undefined ? {} : { client_secret: secret }) }
}

/**
 * Describes a client anew. It keeps its secret if it still needs one; its kind stays, because tokens were given by it.
 * Scopes that it has no more are gone at the next refresh.
 */
export async function change(administrator: Administrator, clientId: string, given: unknown): Promise<Told> {
  const before = await find(administrator, clientId)
  const description = checked(given, administrator)
  const { client_id = clientId, kind, unserved } = description
  if (client_id !== clientId || kind !== before.kind)
    throw new errors.InvalidClientMetadata('client_id and kind stay as they are: register another client')
  const isNew = needsSecret(description) && before.secret === undefined
  const secret = isNew ? newSecret() : undefined
  const stored = needsSecret(description) ? before.secret : undefined
  const client = registrationOf(description, clientId, secret === undefined ? stored : storedSecret(secret))
  await recorded(administrator, 'register-anew', clientId, { scope: client.scopes }, async db => {
    await saveClient(db, client)
    if (unserved) await saveClientSetting(db, clientId, unserved)
  })
  return { ...(await show(administrator, clientId)), ...(secret === undefined ? {} : { client_secret: secret }) }
}

/** How long a secret may be good after another took its place, in seconds. */
const LONGEST_OVERLAP = 30 * 24 * 60 * 60

/** The seconds that the secret before is to be good for: none, unless it is said. */
function overlapIn(given: unknown): number {
  const { overlap_seconds: overlap = 0, ...unknown } = Object(given ?? {}) as Record<string, unknown>
  const [member] = Object.keys(unknown)
  if (member !== undefined) throw new errors.InvalidClientMetadata(`${member} is not known; overlap_seconds is`)
  if (typeof overlap === 'number' && Number.isInteger(overlap) && overlap >= 0 && overlap <= LONGEST_OVERLAP)
    return overlap
  throw new errors.InvalidClientMetadata(`overlap_seconds is a whole number from 0 to ${LONGEST_OVERLAP}`)
}

/**
 * Gives a client another secret. The one before is good for nothing from then on, or for the `overlap_seconds` that are given:
 * a system with several machines is given the new one on each without failing meanwhile.
 */
export async function rotateSecret(administrator: Administrator, clientId: string, given?: unknown): Promise<Told> {
  const { secret: before } = await find(administrator, clientId)
  if (before === undefined) throw new errors.InvalidClientMetadata(`${clientId} has no secret that could be changed`)
  const overlap = overlapIn(given)
  const secret = newSecret()
  let until: Date | undefined
  await recorded(administrator, 'rotate-secret', clientId, overlap === 0 ? {} : { overlap }, async db => {
    until = await saveSecret(db, clientId, storedSecret(secret), overlap)
  })
  return {
    client_id: clientId,
    client_secret: secret,
    ...(until === undefined ? {} : { previous_secret_expires_at: until.toISOString() }),
  }
}

/** Takes a client's access away: all that was issued to it is dead when this has come back. */
export async function disable(administrator: Administrator, clientId: string): Promise<Told> {
  await find(administrator, clientId)
  await recorded(administrator, 'disable', clientId, {}, db => disableClient(db, clientId))
  await administrator.revoked?.settled()
  return show(administrator, clientId)
}

/** Lets a client ask for access again; people have to allow it anew. */
export async function enable(administrator: Administrator, clientId: string): Promise<Told> {
  await find(administrator, clientId)
  await recorded(administrator, 'enable', clientId, {}, db => enableClient(db, clientId))
  return show(administrator, clientId)
}
