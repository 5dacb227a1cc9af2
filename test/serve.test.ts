import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

const BARE = fileURLToPath(new URL('support/bare-server.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('..', import.meta.url))

type Running = {
  signal(name: NodeJS.Signals): void
  ended: Promise<number | null>
  said(): string
  ready: Promise<void>
}

function run(t: Test, variables: Record<string, string>): Running {
  const { PATH = '', TMPDIR = tmpdir() } = process.env
  const child = spawn(process.execPath, ['--import=tsx', BARE], { cwd: ROOT, env: { PATH, TMPDIR, ...variables } })
  let output = ''
  let tell: () => void
  const ready = new Promise<void>(resolve => {
    tell = resolve
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('Portico is ready')) tell()
    })
  }
  const ended = once(child, 'close').then(([code]) => code as number | null)
  t.teardown(() => child.kill('SIGKILL'))
  return {
    signal: name => child.kill(name),
    ended,
    said: () => output,
    ready: Promise.race([ready, ended.then(() => {})]),
  }
}

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'portico-serve-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }))
  return dir
}

const isUp = (dir: string): boolean =>
  statSync(join(dir, 'postgres/postmaster.pid'), { throwIfNoEntry: false }) !== undefined

t.test('it says where it is and who may sign in, serves, and leaves nothing running', async t => {
  const dir = folder(t)
  const server = run(t, { PORT: '18741', PORTICO_DATA_DIR: dir })
  await server.ready
  t.match(server.said(), 'http://localhost:18741/fhir/metadata')
  t.match(server.said(), 'alice@example.org')
  t.match(server.said(), 'demo-password')
  t.match(server.said(), 'client-secret')
  t.same(await (await fetch('http://127.0.0.1:18741/')).json(), [{ answer: 1 }])

  const slow = fetch('http://127.0.0.1:18741/slow')
  await fetch('http://127.0.0.1:18741/')
  server.signal('SIGTERM')
  server.signal('SIGINT')
  t.same(await (await slow).json(), [{ answer: 1 }], 'a request that was begun is answered')
  t.equal(await server.ended, 0, 'and the same signal by two ways is one')
  t.notOk(isUp(dir))
})

t.test('the secret is made once, and only its owner may read it', async t => {
  const dir = folder(t)
  const secrets: string[] = []
  for (const _ of [1, 2]) {
    const server = run(t, { PORT: '18742', PORTICO_DATA_DIR: dir })
    await server.ready
    server.signal('SIGINT')
    t.equal(await server.ended, 0)
    secrets.push(readFileSync(join(dir, 'secret'), 'utf8'))
  }
  t.equal(secrets[0], secrets[1])
  t.ok((secrets[0] ?? '').length >= 32)
  t.equal(statSync(join(dir, 'secret')).mode & 0o777, 0o600)
  t.equal(statSync(dir).mode & 0o077, 0)
})

t.test('settings that cannot be used end it before anything is started', async t => {
  const dir = folder(t)
  const server = run(t, { PORT: 'x', PORTICO_DATA_DIR: dir, DATABASE_URL: 'mysql://h' })
  t.equal(await server.ended, 2)
  for (const name of ['PORT', 'DATABASE_URL', 'PORTICO_SECRET']) t.match(server.said(), new RegExp(`- ${name} `))
  t.notOk(isUp(dir))
})

t.test('a port that is taken is said, and the database stopped again', async t => {
  const other = createServer().listen(18743, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const dir = folder(t)
  const server = run(t, { PORT: '18743', PORTICO_DATA_DIR: dir })
  t.equal(await server.ended, 1)
  t.match(server.said(), '127.0.0.1:18743 is in use by another program')
  t.notOk(isUp(dir))
})

t.test('a bug that nobody catches is logged and ends it in order', async t => {
  const dir = folder(t)
  const server = run(t, { PORT: '18744', PORTICO_DATA_DIR: dir })
  await server.ready
  await fetch('http://127.0.0.1:18744/bug').catch(() => {})
  t.equal(await server.ended, 1)
  t.match(server.said(), 'nobody catches this')
  t.notOk(isUp(dir))
})
