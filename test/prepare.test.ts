import pino from 'pino'
import t from 'tap'
import { loadConfig } from '../src/config.ts'
import { prepare } from '../src/prepare.ts'
import { emptyDatabase } from './support/database.ts'

t.test('the database ends statements that take longer than the settings allow', async t => {
  const { url, drop } = await emptyDatabase({ migrated: true })
  t.teardown(drop)
  const settings = { DATABASE_URL: url, PORTICO_SECRET: 'the-secret-of-every-test-server-here' }
  const shown = async (variables: Record<string, string>) => {
    const { pool, close } = await prepare(loadConfig({ ...settings, ...variables }), pino({ level: 'silent' }))
    const { rows } = await pool.query<{ statement_timeout: string }>('show statement_timeout')
    await close()
    return rows[0]?.statement_timeout
  }
  t.equal(await shown({}), '10s')
  t.equal(await shown({ PORTICO_MAX_STATEMENT_SECONDS: '3' }), '3s')
})
