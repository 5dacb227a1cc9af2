import pg from 'pg'
import t from 'tap'
import { ensureDatabase, leaveLease, takeLease } from '../../src/store/lease.ts'
import { emptyDatabase } from '../support/database.ts'

t.test('a database is made once, by whoever comes first', async t => {
  const { url, drop } = await emptyDatabase({ migrated: false })
  const clients = [new pg.Client(url), new pg.Client(url)] as const
  await Promise.all(clients.map(client => client.connect()))
  const name = `portico_test_${process.pid}_ensured`
  t.teardown(async () => {
    await clients[0].query(`drop database if exists ${name}`)
    await Promise.all(clients.map(client => client.end()))
    await drop()
  })
  await Promise.all(clients.map(client => ensureDatabase(client, name)))
  await ensureDatabase(clients[0], name)
  const { rowCount } = await clients[1].query('select from pg_database where datname = $1', [name])
  t.equal(rowCount, 1)
})

t.test(
  'who leaves while others hold the server is not the last, and a newcomer waits until the leaver is gone',
  async t => {
    const { url, drop } = await emptyDatabase({ migrated: false })
    const [holder, leaver, newcomer] = [new pg.Client(url), new pg.Client(url), new pg.Client(url)] as const
    await Promise.all([holder.connect(), leaver.connect(), newcomer.connect()])
    await takeLease(holder)
    await takeLease(leaver)
    t.equal(await leaveLease(leaver), false)
    let entered = false
    const entering = takeLease(newcomer).then(() => {
      entered = true
    })
    await holder.query('select 1')
    t.notOk(entered)
    await leaver.end()
    await entering
    t.ok(entered)
    await Promise.all([holder.end(), newcomer.end()])
    await drop()
  },
)
