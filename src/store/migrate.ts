import { readdir, readFile } from 'node:fs/promises'
import knex from 'knex'
import pg from 'pg'
import { ensureResourceTables } from './tables.ts'

const FOLDER = new URL('../../migrations/', import.meta.url)
const LOCK = 7_091_968_105

/** `latest` runs all that is missing and then makes the tables of the declared types; the others go one step. */
export type Direction = 'latest' | 'up' | 'down'

/**
 * Brings the database to the schema of this version and returns the names of the migrations that were run. Processes that
 * start at the same time wait for each other.
 */
export async function migrate(databaseUrl: string, direction: Direction = 'latest'): Promise<string[]> {
  const guard = new pg.Client({ connectionString: databaseUrl, application_name: 'portico migrate' })
  await guard.connect()
  try {
    // A lock of the transaction, not of the session: it also holds behind a pooler that shares sessions.
    await guard.query('begin')
    await guard.query("select set_config('idle_in_transaction_session_timeout', '0', true)")
    await guard.query('select pg_advisory_xact_lock($1)', [LOCK])
    const names = await runMigrations(databaseUrl, direction)
    if (direction === 'latest') await ensureResourceTables(guard)
    await guard.query('commit')
    return names
  } finally {
    await guard.end()
  }
}

async function runMigrations(databaseUrl: string, direction: Direction): Promise<string[]> {
  const db = knex.knex({
    client: 'pg',
    connection: { connectionString: databaseUrl, application_name: 'portico migrate' },
    pool: { min: 0, max: 2 },
    migrations: { migrationSource, tableName: 'migration' },
    log: { warn: () => {}, error: () => {}, deprecate: () => {}, debug: () => {} },
  })
  try {
    // We hold the real lock; what knex finds here was left by a process that was killed.
    await db.migrate.forceFreeMigrationsLock()
    const [, names] = await db.migrate[direction]()
    return names
  } finally {
    await db.destroy()
  }
}

const migrationSource = {
  getMigrations: async () => {
    const files = await readdir(FOLDER)
    return files.flatMap(file => /^(\d{4}-[a-z0-9-]+)\.up\.sql$/.exec(file)?.[1] ?? []).sort()
  },
  getMigrationName: (name: string) => name,
  getMigration: async (name: string) => {
    const run = (way: string) => async (db: { raw(text: string): Promise<unknown> }) => {
      // Knex would read a question mark in the text as a parameter.
      const text = await readFile(new URL(`${name}.${way}.sql`, FOLDER), 'utf8')
      await db.raw(text.replaceAll('?', '\\?'))
    }
    return { up: run('up'), down: run('down') }
  },
}
