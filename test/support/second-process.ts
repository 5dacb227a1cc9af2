import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { freePort, SECRET, type TestServer } from './server.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Another process of the same installation: same database, same secret, same public address. Gives the address that it
 * listens on; it ends with the test.
 */
export async function secondProcess(t: Test, { pool, baseUrl }: Pick<TestServer, 'pool' | 'baseUrl'>): Promise<string> {
  const { PATH = '', TMPDIR = tmpdir() } = process.env
  const port = await freePort()
  const { connectionString = '' } = pool.options as { connectionString?: string }
  const child = spawn(process.execPath, ['--import=tsx', 'src/main.ts'], {
    cwd: ROOT,
    env: {
      PATH,
      TMPDIR,
      PORT: String(port),
      DATABASE_URL: connectionString,
      PORTICO_SECRET: SECRET,
      PORTICO_BASE_URL: baseUrl,
      PORTICO_LOG_LEVEL: 'error',
    },
  })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  let said = ''
  const ready = new Promise<void>(resolve => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('Portico is ready')) resolve()
      })
    }
  })
  await Promise.race([
    ready,
    ended.then(([code]) => {
      throw new Error(`the second process ended with ${code}: ${said}`)
    }),
  ])
  return `http://127.0.0.1:${port}`
}
