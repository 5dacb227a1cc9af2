import { spawn, spawnSync } from 'node:child_process'
import { chown, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'

/**
 * How PostgreSQL's programs are run, for it refuses to run as root, and as a user that the system has no name for:
 * as we are, as nobody inside a user namespace (seen from outside, files and processes stay ours), or as another account.
 */
export type Account = 'self' | 'namespace' | { uid: number; gid: number }

export const NOBODY = { uid: 65534, gid: 65534 }
const UNSHARE = ['unshare', '--user', `--map-user=${NOBODY.uid}`, `--map-group=${NOBODY.gid}`]

/** Chooses how to run PostgreSQL on a data directory, which may not exist yet, for whoever started us. */
export async function chooseAccount(folder: string): Promise<Account> {
  const uid = process.getuid?.()
  if (uid === undefined || (uid !== 0 && hasName())) return 'self'
  const owner = await stat(folder).catch(() => undefined)
  if (uid === 0 && owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const [command = '', ...args] = [...UNSHARE, 'true']
  if (spawnSync(command, args, { stdio: 'ignore' }).status === 0) return 'namespace'
  if (uid === 0) return NOBODY
  throw new Error(
    `PostgreSQL cannot run as user id ${uid}, which this system has no name for (no line in /etc/passwd), and user namespaces are not allowed here. Use an account with a name, or set DATABASE_URL.`,
  )
}

function hasName(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

export type Ran = { code: number; output: string }

/** Runs a program to its end in a terminal session of its own, so that Ctrl-C in ours does not reach it. */
export function run(account: Account, program: string, args: readonly string[]): Promise<Ran> {
  const [command = program, ...rest] = account === 'namespace' ? [...UNSHARE, program, ...args] : [program, ...args]
  const who = typeof account === 'object' ? account : {}
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { ...who, cwd: '/', detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    }
    child.on('error', reject)
    child.on('close', (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}\n(${signal})` : output }),
    )
  })
}

/** Gives a folder to the account that PostgreSQL runs as. */
export async function give(account: Account, path: string): Promise<void> {
  if (typeof account !== 'object') return
  await chown(path, account.uid, account.gid)
}
