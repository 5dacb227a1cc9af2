import { type Adapter, type AdapterFactory, type AdapterPayload, type AllClientMetadata, errors } from 'oidc-provider'
import { saveClient } from '../store/clients.ts'
import type { Queryable } from '../store/db.ts'
import { removeClient } from '../store/registrations.ts'
import {
  consumePayload,
  destroyGrant,
  destroyOfGrant,
  destroyPayload,
  type Found,
  findPayload,
  savePayload,
  savePayloadOnce,
} from '../store/tokens.ts'
import { clientMetadata, toRegistration } from './clients.ts'
import type { Successor } from './rotation.ts'

/**
 * For how many seconds a second use is not taken for theft, upon which the whole grant is revoked (RFC 6749 section
 * 4.1.2, RFC 9700 section 4.14.2). A code is only refused then: it was sent twice. Who brings a refresh token again is
 * answered again, for the first answer may have been lost. Decisions 0012 and 0051.
 */
const RACE_SECONDS: Readonly<Record<string, number>> = { AuthorizationCode: 1, RefreshToken: 10 }
const ISSUED_UNDER_A_GRANT = new Set(['AccessToken', 'RefreshToken', 'AuthorizationCode'])

function toPayload(model: string, found: Found | undefined, id: string | undefined): AdapterPayload | undefined {
  if (!found) return undefined
  const payload: AdapterPayload = { ...found.payload }
  if (id !== undefined) payload.jti = id
  const race = RACE_SECONDS[model] ?? 0
  if (found.consumedAt !== undefined && (found.consumedAgo ?? 0) > race) payload.consumed = found.consumedAt
  return payload
}

function toStored(payload: AdapterPayload): AdapterPayload {
  const { jti: _jti, ...stored } = payload
  // An interaction remembers the identifier of its session: a credential that nothing reads.
  if (stored.session) stored.session = { ...stored.session, cookie: undefined }
  return stored
}

/** A refresh token whose successor was used was answered: it did not get lost. */
async function findRefreshToken(db: Queryable, token: string, successor: Successor): Promise<Found | undefined> {
  const found = await findPayload(db, 'RefreshToken', 'id', token)
  if (found?.consumedAt === undefined) return found
  const next = await findPayload(db, 'RefreshToken', 'id', successor(token))
  return next?.consumedAt === undefined ? found : { ...found, consumedAgo: Number.POSITIVE_INFINITY }
}

function ofModel(db: Queryable, model: string, successor: Successor): Adapter {
  return {
    async upsert(id, payload, expiresIn) {
      const stored = toStored(payload)
      if (model === 'ReplayDetection') {
        if (await savePayloadOnce(db, model, id, stored, expiresIn ?? 0)) return
        throw new errors.InvalidClientAuth('the assertion was used before')
      }
      const underGrant = ISSUED_UNDER_A_GRANT.has(model) && payload.grantId !== undefined
      const mustStand = underGrant ? 'grant' : model === 'ClientCredentials' ? 'client' : undefined
      if (await savePayload(db, model, id, stored, payload, expiresIn, mustStand)) return
      throw new errors.InvalidGrant(`the ${mustStand} was revoked`)
    },
    async find(id) {
      const isRefresh = model === 'RefreshToken'
      const found = isRefresh ? await findRefreshToken(db, id, successor) : await findPayload(db, model, 'id', id)
      return toPayload(model, found, id)
    },
    async findByUid(uid) {
      return toPayload(model, await findPayload(db, model, 'uid', uid), undefined)
    },
    async findByUserCode(userCode) {
      return toPayload(model, await findPayload(db, model, 'userCode', userCode), undefined)
    },
    async consume(id) {
      // find() has judged the second use of a refresh token; whatever comes of it is the one successor.
      if (!(await consumePayload(db, model, id)) && model !== 'RefreshToken')
        throw new errors.InvalidGrant('used at the same time by another request')
    },
    async destroy(id) {
      if (model === 'Grant') await destroyGrant(db, id)
      else await destroyPayload(db, model, id)
    },
    async revokeByGrantId(grantId) {
      await destroyOfGrant(db, model, grantId)
    },
  }
}

const never = (): never => {
  throw new Error('Clients are neither consumed nor issued under a grant.')
}

function clients(db: Queryable): Adapter {
  return {
    find: id => clientMetadata(db, id),
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    // Only by registration of an app itself (RFC 7591), after src/smart/registration.ts has judged what it says.
    upsert: (_id, payload) => saveClient(db, toRegistration(payload as AllClientMetadata)),
    destroy: id => removeClient(db, id),
    consume: never,
    revokeByGrantId: never,
  }
}

/**
 * The storage of the authorization server. Using something up is one conditional statement: of any number of
 * simultaneous redemptions of a code or an assertion exactly one succeeds, and those of a refresh token give one new one.
 */
export const adapterFactory =
  (db: Queryable, successor: Successor): AdapterFactory =>
  model =>
    model === 'Client' ? clients(db) : ofModel(db, model, successor)
