import { readFile, rename, rmdir, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { ensureDatabase, leaveLease, takeLease } from '../store/lease.ts'
import { type Account, chooseAccount, run } from './account.ts'
import { findBinaries } from './binaries.ts'
import { type Cluster, initialise, isServing, makeSocketFolder, readPostmaster, removeStale } from './cluster.ts'

export type Log = { info(text: string): void; warn(text: string): void }

export type EmbeddedPostgres = {
  /** For DATABASE_URL: the server listens on a socket in a private folder only. */
  url: string
  /** Leaves the server, and stops it when no other process uses it. */
  stop(): Promise<void>
}

export type Options = { log?: Log; settings?: Record<string, string>; database?: string; account?: Account }

const USER = 'portico'
const PATIENCE = 60_000

// docs/decisions/0002: long checkpoints, because whole-page images right after one multiply what is written.
const SETTINGS = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '200',
  shared_buffers: '128MB',
  random_page_cost: '1.1',
  jit: 'off',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  wal_compression: 'off',
  synchronous_commit: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Starts the PostgreSQL that npm installed on `<dataDir>/postgres`, or joins it when it runs already: started by another
 * process, or left behind by one that was killed. If the server dies while we use it, it is started again.
 */
export async function startPostgres(dataDir: string, options: Options = {}): Promise<EmbeddedPostgres> {
  const { log = { info: () => {}, warn: () => {} }, database = USER } = options
  const settings: Record<string, string> = { ...SETTINGS, ...options.settings }
  const folder = resolve(dataDir, 'postgres')
  const account = options.account ?? (await chooseAccount(folder))
  const cluster: Cluster = { folder, log: `${folder}.log`, account, binaries: await findBinaries() }
  await initialise(cluster, settings.fsync !== 'off')

  let leaving = false
  let holding: Promise<Lease>
  const hold = async (): Promise<Lease> => {
    const lease = await acquire(cluster, settings)
    lease.client.once('end', () => {
      if (leaving) return
      log.warn('The connection to the embedded PostgreSQL was lost; joining or starting it again')
      holding = hold()
      holding.catch(error => log.warn(error.message))
    })
    return lease
  }
  holding = hold()
  const lease = await holding
  await ensureDatabase(lease.client, database)
  log.info(`PostgreSQL ${lease.started ? 'started' : 'joined'} on ${folder}`)
  return {
    url: urlOf(lease.socket, database),
    stop: async () => {
      if (leaving) return
      leaving = true
      await holding.then(lease => leave(cluster, lease)).catch(error => log.warn(error.message))
    },
  }
}

type Lease = { client: pg.Client; socket: string; started: boolean }

async function acquire(cluster: Cluster, settings: Record<string, string>): Promise<Lease> {
  const deadline = Date.now() + PATIENCE
  let failure: unknown
  let failures = 0
  let started = false
  while (Date.now() < deadline && failures < 10) {
    const postmaster = await readPostmaster(cluster)
    const serving = postmaster !== undefined && (await isServing(cluster, postmaster))
    if (serving) {
      try {
        if (postmaster.socket) return { client: await connect(postmaster.socket), socket: postmaster.socket, started }
      } catch (error) {
        failure = error // still starting, or being stopped by the last to leave
      }
      await sleep(20)
      continue
    }
    const { code, output } = await startServer(cluster, settings)
    started = code === 0
    if (started) continue
    // Another process may be starting it too, or the processes of a killed server may not all have ended yet.
    failures += 1
    failure = output
    await sleep(200)
  }
  const reason = failure instanceof Error ? failure.message : String(failure).trim()
  throw new Error(`PostgreSQL does not start on ${cluster.folder}: ${reason}\n${await tail(cluster.log)}`)
}

async function connect(socket: string): Promise<pg.Client> {
  const client = new pg.Client({ host: socket, user: USER, database: 'postgres', connectionTimeoutMillis: 5000 })
  client.on('error', () => {}) // followed by 'end', which is what we act on
  try {
    await client.connect()
    await takeLease(client)
    return client
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

async function startServer(
  cluster: Cluster,
  settings: Record<string, string>,
): Promise<{ code: number; output: string }> {
  const { folder, log, account, binaries } = cluster
  const socket = await makeSocketFolder(cluster)
  await removeStale(cluster, socket)
  await keepLogShort(log)
  const all = { ...settings, unix_socket_directories: socket }
  // pg_ctl hands the options to a shell.
  const options = Object.entries(all).map(([name, value]) => `-c ${name}='${value.replaceAll("'", "'\\''")}'`)
  return run(account, binaries.pgCtl, ['start', '-w', '-s', '-D', folder, '-l', log, '-o', options.join(' ')])
}

async function leave(cluster: Cluster, { client, socket }: Lease): Promise<void> {
  const ended = new Promise(resolve => client.once('end', resolve))
  if (await leaveLease(client)) await stopServer(cluster, socket)
  else await client.end()
  await ended
}

async function stopServer(cluster: Cluster, socket: string): Promise<void> {
  const { folder, account, binaries } = cluster
  const postmaster = await readPostmaster(cluster)
  const { code, output } = await run(account, binaries.pgCtl, ['stop', '-m', 'fast', '-W', '-s', '-D', folder])
  if (code !== 0) throw new Error(`PostgreSQL did not stop: ${output.trim()}`)
  // pg_ctl can wait too, but not tell our server from one that a newcomer has started meanwhile.
  const deadline = Date.now() + PATIENCE
  while (postmaster?.pid === (await readPostmaster(cluster))?.pid) {
    if (Date.now() > deadline) throw new Error(`PostgreSQL does not stop; see ${cluster.log}`)
    await sleep(10)
  }
  await rmdir(socket).catch(() => {}) // not empty: the newcomer uses it
}

function urlOf(socket: string, database: string): string {
  return `postgresql://${USER}@localhost/${database}?host=${encodeURIComponent(socket)}`
}

async function keepLogShort(log: string): Promise<void> {
  const size = await stat(log).then(
    file => file.size,
    () => 0,
  )
  if (size > 5_000_000) await rename(log, `${log}.old`)
}

async function tail(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-8).join('\n')
}
