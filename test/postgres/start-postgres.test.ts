import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t, { type Test } from 'tap'
import { NOBODY } from '../../src/postgres/account.ts'
import { findBinaries, makeLinks } from '../../src/postgres/binaries.ts'
import { isAlive } from '../../src/postgres/cluster.ts'
import { startPostgres } from '../../src/postgres/start-postgres.ts'

const CHILD = fileURLToPath(new URL('../support/with-postgres.ts', import.meta.url))
const isRoot = process.getuid?.() === 0

const pidOf = (dir: string): number =>
  Number(readFileSync(join(dir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
const isUp = (dir: string): boolean => {
  try {
    return isAlive(pidOf(dir))
  } catch {
    return false
  }
}

function folder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'portico-launch-'))
  t.teardown(() => {
    if (isUp(dir)) process.kill(pidOf(dir), 'SIGQUIT')
    rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })
  return dir
}

async function query(url: string, text: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

type Holder = { child: ChildProcess; url: string; leave(): Promise<void> }

async function another(t: Test, dir: string, variables: Record<string, string> = {}): Promise<Holder> {
  const env = { ...process.env, ...variables }
  const child = spawn(process.execPath, ['--import=tsx', CHILD, dir], { stdio: ['pipe', 'pipe', 'inherit'], env })
  t.teardown(() => child.kill('SIGKILL'))
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
    child.once('exit', code => reject(new Error(`ended with ${code}`)))
  })
  const leave = async () => {
    child.stdin.write('leave\n')
    await new Promise(resolve => child.once('exit', resolve))
  }
  return { child, url, leave }
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

async function until(condition: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 250; tries++) {
    if (condition()) return true
    await sleep(20)
  }
  return false
}

t.test('a server on a new folder listens on a private socket only, and its data outlives a restart', async t => {
  const dir = folder(t)
  const first = await startPostgres(dir)
  const socket = new URL(first.url).searchParams.get('host') ?? ''
  t.equal(statSync(socket).mode & 0o777, 0o700)
  t.equal(statSync(join(dir, 'postgres')).mode & 0o777, 0o700)
  t.same((await query(first.url, 'show listen_addresses')).rows, [{ listen_addresses: '' }])
  await query(first.url, 'create table kept as select 42 as answer')
  await first.stop()
  t.notOk(isUp(dir), 'the last to leave stops it')

  const second = await startPostgres(dir)
  t.same((await query(second.url, 'select answer from kept')).rows, [{ answer: 42 }])
  await second.stop()
})

t.test('processes share a server, and only the last to leave stops it', async t => {
  const dir = folder(t)
  const first = await another(t, dir)
  const second = await another(t, dir)
  const third = await startPostgres(dir)
  t.equal(first.url, second.url)
  await first.leave()
  t.ok(isUp(dir))
  await third.stop()
  t.ok(isUp(dir))
  await second.leave()
  t.notOk(isUp(dir))
})

t.test('two that leave at the same moment leave no server behind', async t => {
  const dir = folder(t)
  const both = await Promise.all([startPostgres(dir), startPostgres(dir)])
  await Promise.all(both.map(server => server.stop()))
  t.notOk(isUp(dir))
})

t.test('two processes that start at once, on nothing and on data, both get the same server', async t => {
  const dir = folder(t)
  for (const _ of ['cold', 'warm']) {
    const [first, second] = await Promise.all([another(t, dir), another(t, dir)])
    t.equal(first.url, second.url)
    await query(first.url, 'create table if not exists seen (by int)')
    t.ok((await query(second.url, "select 'seen'::regclass")).rowCount)
    await Promise.all([first.leave(), second.leave()])
    t.notOk(isUp(dir))
  }
})

t.test('who starts while the last one leaves gets a server too', async t => {
  const dir = folder(t)
  const first = await startPostgres(dir)
  const [, second] = await Promise.all([first.stop(), startPostgres(dir)])
  t.ok((await query(second.url, 'select 1')).rowCount)
  await second.stop()
  t.notOk(isUp(dir))
})

t.test('after kill -9 of node the next start takes the running server over', async t => {
  const dir = folder(t)
  const { child } = await another(t, dir)
  const pid = pidOf(dir)
  await killed(child)
  t.ok(isUp(dir), 'it goes on without node')
  const next = await startPostgres(dir)
  t.equal(pidOf(dir), pid)
  await next.stop()
  t.notOk(isUp(dir))
})

t.test('after kill -9 of PostgreSQL whoever holds it starts it again, on the same data and address', async t => {
  const dir = folder(t)
  const warnings: string[] = []
  const server = await startPostgres(dir, { log: { info: () => {}, warn: text => warnings.push(text) } })
  await query(server.url, 'create table kept as select 42 as answer')
  const pid = pidOf(dir)
  process.kill(pid, 'SIGKILL')
  t.ok(await until(() => isUp(dir) && pidOf(dir) !== pid))
  const other = await startPostgres(dir)
  t.same((await query(server.url, 'select answer from kept')).rows, [{ answer: 42 }])
  t.match(warnings, [/was lost/])
  await other.stop()
  await server.stop()
  t.notOk(isUp(dir))
})

t.test('a note of a server whose process id another program has now does not matter', async t => {
  const dir = folder(t)
  await (await startPostgres(dir)).stop()
  const unrelated = spawn('sleep', ['60'])
  t.teardown(() => unrelated.kill())
  const note = [unrelated.pid, join(dir, 'postgres'), 1_700_000_000, 5432, tmpdir(), '', ' 1 1', 'ready', '']
  writeFileSync(join(dir, 'postgres', 'postmaster.pid'), note.join('\n'), { mode: 0o600 })
  const server = await startPostgres(dir)
  t.ok((await query(server.url, 'select 1')).rowCount)
  t.notOk(unrelated.killed)
  await server.stop()
})

t.test('where the path of the temporary folder is too long for a socket, it is in the data directory', async t => {
  const dir = folder(t)
  const first = await another(t, dir, { TMPDIR: join(dir, 'a-very-long-name'.repeat(6)) })
  t.equal(new URL(first.url).searchParams.get('host'), join(dir, 'socket'))
  const second = await startPostgres(dir)
  t.equal(second.url, first.url, 'and others find it there')
  await second.stop()
  await first.leave()
  t.notOk(isUp(dir))
})

t.test('links that an install without scripts left out are made, and those that are there are kept', async t => {
  const list = [
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    { source: 'native/lib/libpq.so.5.18', target: 'native/lib/deep/libpq.so' },
  ]
  const dir = t.testdir({ native: { 'pg-symlinks.json': JSON.stringify(list), lib: { 'libpq.so.5.18': 'library' } } })
  await makeLinks(dir)
  await makeLinks(dir)
  t.equal(readlinkSync(join(dir, 'native/lib/libpq.so.5')), 'libpq.so.5.18')
  t.equal(readFileSync(join(dir, 'native/lib/deep/libpq.so'), 'utf8'), 'library')
})

t.test('a platform without a PostgreSQL of its own is told to bring one', async t => {
  await t.rejects(findBinaries('plan9-mips'), /no PostgreSQL for plan9-mips.*DATABASE_URL/)
})

t.test('data of another major version is not touched', async t => {
  const dir = folder(t)
  await (await startPostgres(dir)).stop()
  writeFileSync(join(dir, 'postgres', 'PG_VERSION'), '12\n')
  await t.rejects(startPostgres(dir), /made by PostgreSQL 12, and version \d+ is installed/)
})

t.test('a server that cannot start says why', async t => {
  const dir = folder(t)
  await t.rejects(startPostgres(dir, { settings: { shared_buffers: 'plenty' } }), /shared_buffers/)
})

t.test(
  'as root without user namespaces it runs as nobody, and later starts keep to that',
  { skip: !isRoot },
  async t => {
    const dir = folder(t)
    spawnSync('chmod', ['711', dir])
    const data = join(dir, 'data')
    const first = await startPostgres(data, { account: NOBODY })
    t.ok((await query(first.url, 'select 1')).rowCount)
    await first.stop()
    t.equal(statSync(join(data, 'postgres')).uid, NOBODY.uid)
    const second = await startPostgres(data)
    t.ok((await query(second.url, 'select 1')).rowCount)
    await second.stop()
  },
)
