import { createHash, randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, realpath, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type Account, give, run } from './account.ts'
import { type Binaries, ignore } from './binaries.ts'

/** A data directory of PostgreSQL and everything that belongs to it. */
export type Cluster = { folder: string; log: string; account: Account; binaries: Binaries }

export type Postmaster = { pid: number; socket: string | undefined }

/** Makes the data directory if there is none yet. Several processes may do so at once: the first to finish wins. */
export async function initialise(cluster: Cluster, durable: boolean): Promise<void> {
  const version = await readFile(join(cluster.folder, 'PG_VERSION'), 'utf8').catch(ignore('ENOENT'))
  if (version !== undefined) return checkVersion(cluster, version.trim())
  const parent = dirname(cluster.folder)
  await mkdir(parent, { recursive: true, mode: 0o700 })
  await give(cluster.account, parent)
  await removeAbandoned(cluster.folder)
  const draft = `${cluster.folder}.${process.pid}.${randomBytes(4).toString('hex')}.new`
  await mkdir(draft, { mode: 0o700 })
  await give(cluster.account, draft)
  // The built-in locale does not depend on the machine: an index stays valid when the folder is moved to another one.
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const args = ['-D', draft, '-U', 'portico', '--auth=trust', ...locale, ...(durable ? [] : ['--no-sync'])]
  const { code, output } = await run(cluster.account, cluster.binaries.initdb, args)
  if (code !== 0) {
    await rm(draft, { recursive: true, force: true })
    throw new Error(`PostgreSQL could not make its data directory ${cluster.folder}:\n${output.trim()}`)
  }
  await rename(draft, cluster.folder).catch(async error => {
    await rm(draft, { recursive: true, force: true })
    ignore('ENOTEMPTY', 'EEXIST')(error)
  })
}

async function checkVersion({ folder, binaries, account }: Cluster, version: string): Promise<void> {
  const { output } = await run(account, binaries.postgres, ['--version'])
  const ours = /(\d+)(?:\.\d+|beta|rc)/.exec(output)?.[1]
  if (ours === undefined) throw new Error(`PostgreSQL does not run here:\n${output.trim()}`)
  if (ours !== version) {
    throw new Error(
      `The data in ${folder} was made by PostgreSQL ${version}, and version ${ours} is installed. Move the folder away to start anew, or set DATABASE_URL to a server that holds your data.`,
    )
  }
}

// A process that was killed while it made a data directory leaves its draft behind.
async function removeAbandoned(folder: string): Promise<void> {
  const draft = new RegExp(`^${basename(folder)}\\.(\\d+)\\.[0-9a-f]+\\.new$`)
  for (const name of await readdir(dirname(folder))) {
    const pid = draft.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(join(dirname(folder), name), { recursive: true, force: true })
    }
  }
}

/** Tells whether a process of this id exists, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Reads who serves the data directory, as PostgreSQL noted it; the server may be gone since. */
export async function readPostmaster({ folder }: Cluster): Promise<Postmaster | undefined> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(ignore('ENOENT'))
  if (text === undefined) return undefined
  const [pid, , , , socket] = text.split('\n')
  return { pid: Number(pid), socket: socket?.trim() || undefined }
}

/** Tells whether the noted process is a server of this very data directory: process ids are used again. */
export async function isServing({ folder, account }: Cluster, { pid }: Pick<Postmaster, 'pid'>): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return false
  if (process.platform === 'linux') {
    // A postmaster works inside its data directory.
    const [here, there] = await Promise.all([realpath(folder), readlink(`/proc/${pid}/cwd`).catch(() => '')])
    return here === there
  }
  const { output } = await run(account, 'ps', ['-o', 'command=', '-p', String(pid)])
  return output.includes(folder)
}

/**
 * Removes the notes of a server that is gone while its process id still exists, as another program's or as a process that
 * nobody waited for: PostgreSQL would take them for a running server and not start.
 */
export async function removeStale(cluster: Cluster, socket: string): Promise<void> {
  for (const path of [join(cluster.folder, 'postmaster.pid'), join(socket, '.s.PGSQL.5432.lock')]) {
    const text = await readFile(path, 'utf8').catch(ignore('ENOENT'))
    if (text === undefined || (await isServing(cluster, { pid: Number.parseInt(text, 10) }))) continue
    // Taken away before it is compared, and put back if a server that another process started has written it meanwhile.
    const taken = `${path}.${process.pid}.stale`
    await rename(path, taken).catch(ignore('ENOENT'))
    const found = await readFile(taken, 'utf8').catch(ignore('ENOENT'))
    if (found === text) await rm(taken, { force: true })
    else if (found !== undefined) await rename(taken, path)
  }
}

/**
 * Makes the folder of the server's socket, which nobody else may enter: no TCP port, no password. The path of a socket
 * is limited to some 100 bytes, hence a short name in the system's temporary folder, and ours only when that fails.
 */
export async function makeSocketFolder({ folder, account }: Cluster): Promise<string> {
  const name = createHash('sha256')
    .update(await realpath(folder))
    .digest('hex')
    .slice(0, 16)
  const candidates = [join(tmpdir(), `portico-${name}`), join(dirname(folder), 'socket')]
  for (const path of candidates) {
    if (Buffer.byteLength(path) < 85 && (await makePrivate(path, account))) return path
  }
  throw new Error(
    `No folder for the socket of PostgreSQL: ${candidates.join(' and ')} cannot be used. Set PORTICO_DATA_DIR to a shorter path, or TMPDIR to a folder that you may write to.`,
  )
}

async function makePrivate(path: string, account: Account): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 }).catch(ignore('EEXIST'))
    const { mode, uid } = await lstat(path)
    // In a shared folder anyone may have made it first.
    const ours = uid === process.getuid?.() || (typeof account === 'object' && uid === account.uid)
    if ((mode & 0o170000) !== 0o040000 || (mode & 0o077) !== 0 || !ours) return false
    await give(account, path)
    return true
  } catch {
    return false
  }
}
