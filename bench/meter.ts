import { readdir, readFile } from 'node:fs/promises'
import type { Cluster } from './cluster.ts'

/** CPU time in nanoseconds: of a server's processes, and of those of PostgreSQL that work for it. */
export type Cpu = { readonly node: number; readonly postgres: number }

async function taskTime(pid: number, task: string): Promise<number> {
  // A thread that has ended meanwhile takes its time along.
  const text = await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8').catch(() => '0')
  return Number(text.split(' ')[0])
}

/** The time that all threads of a process have had so far. `/proc/PID/stat` has ticks of 10 ms, which is too coarse. */
async function processTime(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const times = await Promise.all(tasks.map(task => taskTime(pid, task)))
  return times.reduce((sum, time) => sum + time, 0)
}

async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => [])
  const texts = await Promise.all(
    tasks.map(task => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  )
  const children = texts.flatMap(text => text.split(' ').filter(Boolean).map(Number))
  const below = await Promise.all(children.map(childrenOf))
  return [...children, ...below.flat()]
}

async function backends({ admin }: Cluster): Promise<number[]> {
  const { rows } = await admin.query<{ pid: number }>(
    "select pid from pg_stat_activity where datname = 'bench' and backend_type in ('client backend', 'parallel worker')",
  )
  return rows.map(({ pid }) => pid)
}

type Times = ReadonlyMap<number, number>

const timesOf = async (pids: readonly number[]): Promise<Times> =>
  new Map(await Promise.all(pids.map(async pid => [pid, await processTime(pid)] as const)))

/** How much CPU time each process of a server, and each session of the benchmark's database, has had so far. */
export type Reading = { readonly node: Times; readonly postgres: Times }

export async function readCpu(cluster: Cluster, pid: number): Promise<Reading> {
  const [mine, theirs] = await Promise.all([childrenOf(pid), backends(cluster)])
  const [node, postgres] = await Promise.all([timesOf([pid, ...mine]), timesOf(theirs)])
  return { node, postgres }
}

/** What went by between two readings. A process that has ended took its time along; one that began had none before. */
export function cpuBetween(before: Reading, after: Reading): Cpu {
  const spent = (from: Times, to: Times) => [...to].reduce((sum, [pid, time]) => sum + time - (from.get(pid) ?? 0), 0)
  return { node: spent(before.node, after.node), postgres: spent(before.postgres, after.postgres) }
}

/** What the statements of some requests needed. */
export type Counted = { readonly statements: number; readonly buffers: number; readonly wal: number }

/** Begins to count from nothing. */
export async function resetCounts({ admin }: Cluster): Promise<void> {
  await admin.query('select pg_stat_statements_reset()')
}

/** What was counted since, `begin` and `commit` included. */
export async function readCounts({ admin }: Cluster): Promise<Counted> {
  const { rows } = await admin.query<{ statements: string; buffers: string; wal: string }>(
    `select sum(calls) as statements, sum(shared_blks_hit + shared_blks_read) as buffers, sum(wal_bytes) as wal
     from pg_stat_statements s join pg_database d on d.oid = s.dbid where d.datname = 'bench'`,
  )
  const { statements = 0, buffers = 0, wal = 0 } = rows[0] ?? {}
  return { statements: Number(statements), buffers: Number(buffers), wal: Number(wal) }
}

/** How busy the machine was with anything but what is measured is not known; its load average hints at it. */
export const loadAverage = async (): Promise<string> =>
  (await readFile('/proc/loadavg', 'utf8')).split(' ').slice(0, 3).join(' ')
