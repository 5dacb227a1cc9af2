import pg from 'pg'
import t from 'tap'
import { destroyPayload, revocations, savePayload } from '../../src/store/tokens.ts'
import { database } from '../support/database.ts'

/** Waits for something to become true without guessing how long it takes. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}

t.test('revoked access tokens', async t => {
  const { pool, url } = await database(t)
  const listen = () => new pg.Client({ connectionString: url, application_name: 'revocations' })
  const save = (id: string, seconds = 900) => savePayload(pool, 'AccessToken', id, {}, {}, seconds)
  await save('before')
  await destroyPayload(pool, 'AccessToken', 'before')
  const known = await revocations(pool, { listen, retry: 1 })
  t.teardown(() => known.close())

  t.test('are known from the start when they were revoked before it', async t => {
    t.ok(known.ready())
    t.ok(known.isRevoked('before'))
    t.notOk(known.isRevoked('never revoked'))
  })

  t.test('are known at once when their row is deleted, whoever deletes it', async t => {
    await save('deleted')
    t.notOk(known.isRevoked('deleted'))
    await pool.query("delete from oidc_payload where model = 'AccessToken'")
    await until(() => known.isRevoked('deleted'))
    t.notOk(known.isRevoked('never revoked'))
  })

  t.test('are known without waiting to who asks for that', async t => {
    for (let each = 0; each < 20; each++) {
      await save(`settled ${each}`)
      await destroyPayload(pool, 'AccessToken', `settled ${each}`)
      await known.settled()
      t.ok(known.isRevoked(`settled ${each}`))
    }
    await pool.query('delete from revoked_token')
  })

  t.test('are not filled up with tokens that have expired', async t => {
    await save('expired', -1)
    await destroyPayload(pool, 'AccessToken', 'expired')
    const { rows } = await pool.query('select from revoked_token')
    t.equal(rows.length, 0)
  })

  t.test('are not mixed up with other things that are deleted', async t => {
    await savePayload(pool, 'RefreshToken', 'refresh', {}, {}, 900)
    await destroyPayload(pool, 'RefreshToken', 'refresh')
    const { rows } = await pool.query('select from revoked_token')
    t.equal(rows.length, 0)
  })

  t.test('make every token refused while the connection is lost, and are complete when it is back', async t => {
    await save('meanwhile')
    const kill = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'revocations'"
    await pool.query(kill)
    await until(() => !known.ready())
    t.ok(known.isRevoked('never revoked'), 'nothing is let through on an old list')
    await destroyPayload(pool, 'AccessToken', 'meanwhile')
    await until(() => known.ready())
    t.ok(known.isRevoked('meanwhile'))
    t.notOk(known.isRevoked('never revoked'))
  })

  t.test('are no longer asked for after the end', async t => {
    const other = await revocations(pool, { listen })
    await other.close()
    t.notOk(other.ready())
    t.ok(other.isRevoked('never revoked'))
  })
})
