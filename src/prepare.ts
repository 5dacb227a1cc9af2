import { randomBytes } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { type Config, complete, type Settings } from './config.ts'
import { ignore } from './postgres/binaries.ts'
import { type Log, startPostgres } from './postgres/start-postgres.ts'
import { openPool } from './store/db.ts'
import { migrate } from './store/migrate.ts'

export type Prepared = { config: Config; databaseUrl: string; pool: pg.Pool; close(): Promise<void> }

/**
 * Makes everything ready that the application stands on: the database, embedded or of one's own, its schema, and the secret.
 * The server and the scripts that work on its data begin alike.
 */
export async function prepare(settings: Settings, log: Log): Promise<Prepared> {
  const embedded = settings.databaseUrl === undefined ? await startPostgres(settings.dataDir, { log }) : undefined
  const stop = async () => embedded?.stop()
  try {
    const config = complete(settings, settings.secret ?? (await keepSecret(settings.dataDir)))
    const databaseUrl = settings.databaseUrl ?? embedded?.url ?? ''
    for (const name of await migrate(databaseUrl)) log.info(`Migrated the database: ${name}`)
    const pool = openPool({ databaseUrl, maxStatementSeconds: config.maxStatementSeconds })
    const close = async () => {
      await pool.end()
      await stop()
    }
    return { config, databaseUrl, pool, close }
  } catch (error) {
    await stop()
    throw error
  }
}

// Made once, and read ever after: page links and signed-in browsers outlive a restart.
async function keepSecret(dataDir: string): Promise<string> {
  const path = join(dataDir, 'secret')
  const draft = `${path}.${process.pid}`
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await writeFile(draft, randomBytes(32).toString('base64url'), { mode: 0o600 })
  // Linked when complete: of two processes that start at once both read what one of them wrote.
  await link(draft, path).catch(ignore('EEXIST'))
  await unlink(draft)
  const secret = (await readFile(path, 'utf8')).trim()
  if (secret.length < 32) throw new Error(`${path} does not hold a secret; remove it, and a new one will be made`)
  return secret
}
