import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A server under test. */
export type Running = { readonly pid: number; readonly port: number; stop(): Promise<void> }

const ROOT = fileURLToPath(new URL('..', import.meta.url))
// Those of `npm start`, for the controls too.
const FLAGS = [
  '--enable-source-maps',
  '--max-semi-space-size=64',
  '--no-parallel-scavenge',
  '--no-allocation-site-pretenuring',
]
const PATIENCE = 30_000
export const SECRET = 'the-secret-of-the-benchmark-and-of-nothing-else'

/** A port that nobody listens on. The base URL is part of every token, so it is needed before the server starts. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

async function ready(child: ChildProcess, url: string, log: string): Promise<void> {
  const deadline = Date.now() + PATIENCE
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`A server ended with ${child.exitCode}; see ${log}`)
    // Any answer will do: the controls know one path only.
    const answered = await fetch(url).catch(() => undefined)
    if (answered) return
    await sleep(50)
  }
  throw new Error(`A server does not answer; see ${log}`)
}

async function start(
  args: readonly string[],
  env: Record<string, string>,
  port: number,
  log: string,
): Promise<Running> {
  const file = openSync(log, 'a')
  const child = spawn(process.execPath, [...FLAGS, ...args], { cwd: ROOT, env, stdio: ['ignore', file, file] })
  await ready(child, `http://127.0.0.1:${port}/health/live`, log)
  return {
    pid: child.pid ?? 0,
    port,
    stop: async () => {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Our server as it ships: compiled, durable audit, validation, its log in a file. */
export function startOurs(
  databaseUrl: string,
  port: number,
  folder: string,
  flags: readonly string[] = [],
): Promise<Running> {
  const env = {
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    PORTICO_SECRET: SECRET,
    PORTICO_BASE_URL: `http://127.0.0.1:${port}`,
  }
  return start([...flags, join(ROOT, 'dist', 'main.js')], env, port, join(folder, 'server.log'))
}

/** One of the bare programs. */
export async function startControl(name: string, databaseUrl: string, folder: string): Promise<Running> {
  const port = await freePort()
  return start([join(ROOT, 'bench', `${name}.mjs`), databaseUrl, String(port)], {}, port, join(folder, `${name}.log`))
}
