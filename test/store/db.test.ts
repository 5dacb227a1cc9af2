import t from 'tap'
import { inTransaction, openPool } from '../../src/store/db.ts'
import { database } from '../support/database.ts'

const { pool, url } = await database(t)
await pool.query('create table note (text text)')
const notes = async () => (await pool.query('select text from note')).rows

t.test('a transaction is kept when its function returns, and its value handed on', async t => {
  const value = await inTransaction(pool, async db => {
    await db.query("insert into note values ('kept')")
    return 42
  })
  t.equal(value, 42)
  t.same(await notes(), [{ text: 'kept' }])
})

t.test('a transaction whose function throws leaves nothing, and the first error is the one that is seen', async t => {
  await t.rejects(
    inTransaction(pool, async db => {
      await db.query("insert into note values ('lost')")
      await db.query('select 1 / 0')
    }),
    /division by zero/,
  )
  t.same(await notes(), [{ text: 'kept' }])
})

t.test('a connection that was lost inside a transaction does not go back to the pool', async t => {
  const small = openPool({ databaseUrl: url, max: 1 })
  t.teardown(() => small.end())
  await t.rejects(inTransaction(small, db => db.query('select pg_terminate_backend(pg_backend_pid())')))
  t.same((await small.query('select 1 as alive')).rows, [{ alive: 1 }])
})

t.test('statements and idle transactions end by themselves', async t => {
  const { rows } = await pool.query(
    "select current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle",
  )
  t.same(rows, [{ statement: '10s', idle: '10s' }])
  const patient = openPool({ databaseUrl: url, maxStatementSeconds: 90 })
  t.teardown(() => patient.end())
  t.same((await patient.query('show statement_timeout')).rows, [{ statement_timeout: '90s' }])
})
