import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import type { Queryable } from '../store/db.ts'
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
import { clientMetadata } from './clients.ts'

/**
 * For how many seconds a second use is taken for a race (two tabs, a retry) and only refused. After them it is taken
 * for theft and the whole grant is revoked (RFC 6749 section 4.1.2, RFC 9700 section 4.14.2). Decision 0012.
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

function ofModel(db: Queryable, model: string): Adapter {
  return {
    async upsert(id, payload, expiresIn) {
      const stored = toStored(payload)
      if (model === 'ReplayDetection') {
        if (await savePayloadOnce(db, model, id, stored, expiresIn ?? 0)) return
        throw new errors.InvalidClientAuth('the assertion was used before')
      }
      const underGrant = ISSUED_UNDER_A_GRANT.has(model) && payload.grantId !== undefined
      if (await savePayload(db, model, id, stored, payload, expiresIn, underGrant)) return
      throw new errors.InvalidGrant('the grant was revoked')
    },
    async find(id) {
      return toPayload(model, await findPayload(db, model, 'id', id), id)
    },
    async findByUid(uid) {
      return toPayload(model, await findPayload(db, model, 'uid', uid), undefined)
    },
    async findByUserCode(userCode) {
      return toPayload(model, await findPayload(db, model, 'userCode', userCode), undefined)
    },
    async consume(id) {
      if (!(await consumePayload(db, model, id)))
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

const readOnly = (): never => {
  throw new Error('Clients are registered through src/store/clients.ts.')
}

function clients(db: Queryable): Adapter {
  return {
    find: id => clientMetadata(db, id),
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: readOnly,
    consume: readOnly,
    destroy: readOnly,
    revokeByGrantId: readOnly,
  }
}

/**
 * The storage of the authorization server. Using something up is one conditional statement: of any number of
 * simultaneous redemptions of a code, a refresh token or an assertion, exactly one succeeds.
 */
export const adapterFactory =
  (db: Queryable): AdapterFactory =>
  model =>
    model === 'Client' ? clients(db) : ofModel(db, model)
