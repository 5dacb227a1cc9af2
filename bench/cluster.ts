import { readFile, stat } from 'node:fs/promises'
import pg from 'pg'
import { startPostgres } from '../src/postgres/start-postgres.ts'

// A cluster of its own, durable as in production: another program's work would be counted as ours.
const SETTINGS = { shared_buffers: '512MB', shared_preload_libraries: 'pg_stat_statements,auto_explain' }
const DATABASE = 'bench'

/** The database of one run, and a connection beside it that the meter does not count. */
export type Cluster = {
  readonly url: string
  readonly admin: pg.Client
  /** Changes settings of the running server for all of its sessions. */
  set(settings: Record<string, string>): Promise<void>
  /** What the server has logged since a place in its log. */
  logged(from: number): Promise<string>
  logSize(): Promise<number>
  stop(): Promise<void>
}

/** Starts the cluster of the benchmark under `folder`, with an empty database unless that of an earlier run is wanted. */
export async function openCluster(
  folder: string,
  { settings = {}, again = false }: { settings?: Record<string, string>; again?: boolean } = {},
): Promise<Cluster> {
  const postgres = await startPostgres(folder, { settings: { ...SETTINGS, ...settings } })
  const admin = new pg.Client({ connectionString: postgres.url, application_name: 'bench' })
  await admin.connect()
  if (!again) {
    await admin.query(`drop database if exists ${DATABASE} with (force)`)
    await admin.query(`create database ${DATABASE}`)
    await admin.query('create extension if not exists pg_stat_statements')
  }
  const url = new URL(postgres.url)
  url.pathname = `/${DATABASE}`
  const log = `${folder}/postgres.log`
  const set = async (settings: Record<string, string>) => {
    for (const [name, value] of Object.entries(settings)) await admin.query(`alter system set ${name} = '${value}'`)
    await admin.query('select pg_reload_conf()')
    await admin.query('select pg_sleep(0.2)')
  }
  await set(QUIET)
  return {
    url: url.href,
    admin,
    set,
    logged: async from => (await readFile(log)).subarray(from).toString(),
    logSize: async () => (await stat(log)).size,
    stop: async () => {
      await admin.end()
      await postgres.stop()
    },
  }
}

/** While times are taken nothing is counted: counting costs, and costs those most who send many statements. */
export const QUIET = { 'pg_stat_statements.track': 'none', 'auto_explain.log_min_duration': '-1' }
/** Counts statements and buffers. */
export const COUNTING = { 'pg_stat_statements.track': 'top' }
/** Logs the plan of every statement as it was executed. */
export const EXPLAINING = {
  'auto_explain.log_min_duration': '0',
  'auto_explain.log_analyze': 'on',
  'auto_explain.log_buffers': 'on',
  'auto_explain.log_timing': 'off',
  'auto_explain.log_format': 'json',
}
