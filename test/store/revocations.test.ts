import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import t, { type Test } from 'tap'
import { destroyPayload, revocations, savePayload } from '../../src/store/tokens.ts'
import { database } from '../support/database.ts'

const PATIENCE = 10_000

/** Waits for something to become true without guessing how long it takes. @throws Error when it never does */
async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + PATIENCE
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited for ${PATIENCE / 1000} seconds in vain until ${what}`)
    await new Promise(resolve => setImmediate(resolve))
  }
}

/** A line to the database that can fall silent: the connections that it carries stay open, and nothing comes through. */
async function lineTo(t: Test, url: string): Promise<{ client(): pg.Client; fallSilent(): void }> {
  const { host, port, user, password, database } = new pg.Client(url)
  const open: [Socket, Socket][] = []
  const server = createServer(near => {
    const far = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host)
    for (const end of [near, far]) end.on('error', () => {})
    near.pipe(far).pipe(near)
    open.push([near, far])
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    server.close()
    for (const end of open.flat()) end.destroy()
  })
  const own = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  return {
    client: () => new pg.Client({ ...own, user, database, ...(password ? { password } : {}) }),
    fallSilent: () => {
      for (const [near, far] of open) {
        near.unpipe(far).resume()
        far.unpipe(near).resume()
      }
    },
  }
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
    await until('the token that was deleted is refused', () => known.isRevoked('deleted'))
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
    await until('it is noticed that the connection is lost', () => !known.ready())
    t.ok(known.isRevoked('never revoked'), 'nothing is let through on an old list')
    await destroyPayload(pool, 'AccessToken', 'meanwhile')
    await until('there is a connection again', () => known.ready())
    t.ok(known.isRevoked('meanwhile'))
    t.notOk(known.isRevoked('never revoked'))
  })

  t.test(
    'make every token refused when the connection died without a word, and are complete when there is another',
    async t => {
      const line = await lineTo(t, url)
      const far = await revocations(pool, { listen: line.client, retry: 1, heartbeat: 50 })
      t.teardown(() => far.close())
      t.notOk(far.isRevoked('never revoked'))
      line.fallSilent()
      await until('the silence is noticed', () => !far.ready())
      t.ok(far.isRevoked('never revoked'))
      await save('in silence')
      await destroyPayload(pool, 'AccessToken', 'in silence')
      await until('there is a connection again', () => far.ready())
      t.ok(far.isRevoked('in silence'))
      t.notOk(far.isRevoked('never revoked'))
    },
  )

  t.test('are remembered until they end, however often the connection is looked after', async t => {
    const name = 'looked after'
    const client = () => new pg.Client({ connectionString: url, application_name: name })
    const beating = await revocations(pool, { listen: client, heartbeat: 50 })
    t.teardown(() => beating.close())
    await save('remembered')
    await destroyPayload(pool, 'AccessToken', 'remembered')
    await beating.settled()
    const beats = new Set<number>()
    while (beats.size < 4) {
      const asked =
        'select extract(epoch from query_start)::float8 as at from pg_stat_activity where application_name = $1'
      beats.add((await pool.query(asked, [name])).rows[0].at)
    }
    t.ok(beating.isRevoked('remembered'))
  })

  t.test('are no longer asked for after the end', async t => {
    const other = await revocations(pool, { listen })
    await other.close()
    t.notOk(other.ready())
    t.ok(other.isRevoked('never revoked'))
  })
})
