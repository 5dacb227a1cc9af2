import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { Test } from 'tap'
import { startPostgres } from '../../src/postgres/start-postgres.ts'
import { openPool } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const TEMPLATE_LOCK = 7_091_968_106

// Nothing here survives a crash of the machine, and nothing needs to.
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_wal_size: '1GB' }

/** The server that all test files share: the one of DATABASE_URL, or an embedded one under .portico/test. */
export async function joinTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const url = process.env.DATABASE_URL
  if (url) return { url, stop: async () => {} }
  return startPostgres(join(ROOT, '.portico', 'test'), { settings: FAST })
}

/** A fresh database with the current schema, for one test file; it is gone when the test ends. */
export async function database(t: Test): Promise<{ pool: pg.Pool; url: string }> {
  const { url, drop } = await emptyDatabase({ migrated: true })
  const pool = openPool({ databaseUrl: url, name: 'portico test' })
  t.teardown(async () => {
    await pool.end()
    await drop()
  })
  return { pool, url }
}

/** A fresh database, as a copy of the migrated template or with nothing in it. */
export async function emptyDatabase({
  migrated,
}: {
  migrated: boolean
}): Promise<{ url: string; drop(): Promise<void> }> {
  const server = await joinTestServer()
  const admin = new pg.Client(server.url)
  await admin.connect()
  const name = `portico_test_${process.pid}_${Math.random().toString(36).slice(2, 8)}`
  await dropAbandoned(admin)
  if (migrated) await copyTemplate(admin, name, server.url)
  else await admin.query(`create database ${name}`)
  return {
    url: withDatabase(server.url, name),
    drop: async () => {
      await admin.query(`drop database if exists ${name} with (force)`)
      await admin.end()
      await server.stop()
    },
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

// The template is built once per state of the sources. Copying holds the lock shared, building and dropping exclusively:
// PostgreSQL cannot copy a database that somebody is connected to.
async function copyTemplate(admin: pg.Client, name: string, url: string): Promise<void> {
  const template = `portico_template_${stateOfSources()}`
  for (;;) {
    await admin.query('select pg_advisory_lock_shared($1)', [TEMPLATE_LOCK])
    const found = await admin.query('select from pg_database where datname = $1', [template])
    if (found.rowCount) await admin.query(`create database ${name} template ${template} strategy wal_log`)
    await admin.query('select pg_advisory_unlock_shared($1)', [TEMPLATE_LOCK])
    if (found.rowCount) return
    await admin.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
    try {
      await buildTemplate(admin, template, url)
    } finally {
      await admin.query('select pg_advisory_unlock($1)', [TEMPLATE_LOCK])
    }
  }
}

async function buildTemplate(admin: pg.Client, template: string, url: string): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    "select datname from pg_database where datname like 'portico\\_template\\_%'",
  )
  if (rows.some(row => row.datname === template)) return
  for (const { datname } of rows) await admin.query(`drop database ${datname} with (force)`)
  // Under its own name only when complete: a run that is aborted here leaves nothing that looks ready.
  const draft = template.replace('template', 'template_draft')
  await admin.query(`create database ${draft}`)
  await migrate(withDatabase(url, draft))
  await admin.query(`alter database ${draft} rename to ${template}`)
}

// Database names carry the id of their process: what a killed process left behind is dropped by the next.
async function dropAbandoned(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ datname: string }>(
    "select datname from pg_database where datname ~ '^portico_test_[0-9]+_'",
  )
  for (const { datname } of rows) {
    const pid = Number(datname.split('_')[2])
    try {
      process.kill(pid, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') continue
      await admin.query(`drop database if exists ${datname} with (force)`)
    }
  }
}

// All that the schema is made from; too much is harmless, too little gives a template of yesterday.
function stateOfSources(): string {
  const hash = createHash('sha256')
  for (const folder of ['migrations', 'src/store', 'src/resources', 'src/fhir', 'definitions']) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      if (file.isFile()) hash.update(file.name).update(readFileSync(join(file.parentPath, file.name)))
    }
  }
  return hash.digest('hex').slice(0, 16)
}
