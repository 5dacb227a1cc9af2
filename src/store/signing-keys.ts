import type { Pool } from 'pg'
import { inTransaction, type Queryable } from './db.ts'

/** A private signing key as it is kept: sealed, never in clear. */
export type SealedKey = { kid: string; alg: string; sealed: Buffer }

/** The keys in use, newest first. */
export async function findSigningKeys(db: Queryable): Promise<SealedKey[]> {
  const { rows } = await db.query<SealedKey>(
    'select kid, alg, sealed from signing_key where retired_at is null order by created_at desc, kid',
  )
  return rows
}

/**
 * The keys in use; made once when there are none. Several processes may start at the same time: the first one makes
 * them, the others wait for it and read.
 */
export async function signingKeysOrNew(pool: Pool, make: () => Promise<SealedKey[]>): Promise<SealedKey[]> {
  const found = await findSigningKeys(pool)
  if (found.length > 0) return found
  return inTransaction(pool, async db => {
    await db.query("select pg_advisory_xact_lock(hashtext('portico signing keys'))")
    if ((await findSigningKeys(db)).length === 0) {
      for (const { kid, alg, sealed } of await make()) {
        await db.query('insert into signing_key (kid, alg, sealed) values ($1, $2, $3)', [kid, alg, sealed])
      }
    }
    return findSigningKeys(db)
  })
}
