import t from 'tap'
import { inTransaction, type Queryable } from '../../src/store/db.ts'
import { lockIdentities } from '../../src/store/resolve.ts'
import { database } from '../support/database.ts'
import { beforeCommit } from '../support/held-up.ts'

const { pool } = await database(t)

const of = (type: string, ...values: string[]) => new Map([[type, new Set(values)]])
/** Two identities at the most are locked singly. */
const lock = (db: Queryable, ...named: Parameters<typeof of>) => lockIdentities(db, of(...named), 2)

/** Whether who locks the second has to wait for who has locked the first. */
async function waits(first: Parameters<typeof of>, second: Parameters<typeof of>): Promise<boolean> {
  let others: unknown
  await beforeCommit(
    pool,
    db => lock(db, ...first),
    () =>
      inTransaction(pool, async db => {
        await lock(db, ...second)
        const { rows } = await db.query(`select count(*)::int as n from pg_locks where locktype = 'advisory'
          and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())`)
        others = rows[0].n
      }),
  )
  return others === 0
}

t.test('who names the same identity waits, and nobody else', async t => {
  t.equal(await waits(['Patient', 'a', 'b'], ['Patient', 'b']), true)
  t.equal(await waits(['Patient', 'a'], ['Patient', 'b']), false)
  t.equal(await waits(['Patient', 'a'], ['Observation', 'b', 'c']), false)
})

t.test('who names very many is alone with the type, and takes one lock for it', async t => {
  t.equal(await waits(['Patient', 'a', 'b', 'c'], ['Patient', 'd']), true)
  t.equal(await waits(['Patient', 'd'], ['Patient', 'a', 'b', 'c']), true)
  t.equal(await waits(['Patient', 'a', 'b', 'c'], ['Observation', 'a']), false)
  await inTransaction(pool, async db => {
    await lock(db, 'Patient', 'a', 'b', 'c')
    const { rows } = await db.query('select from pg_locks where locktype = $1 and pid = pg_backend_pid()', ['advisory'])
    t.equal(rows.length, 1)
  })
})
