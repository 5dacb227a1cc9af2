import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, COUNTING, QUIET } from './cluster.ts'
import { generate, type Load } from './generator.ts'
import { type Counted, type Cpu, cpuBetween, readCounts, readCpu, resetCounts } from './meter.ts'
import type { Request, Scenario } from './scenarios.ts'
import type { Running } from './servers.ts'

/** Ours, and the control twice: how far the two of it differ is how far a result may be trusted. */
export type Variant = 'ours' | 'control' | 'again'
export type Servers = Readonly<Record<Variant, Running>>

const VARIANTS: readonly Variant[] = ['ours', 'control', 'again']
const SECONDS = 2
const MOST_WARM_UPS = 12
const SAMPLE = 40
/** How far the mean size of an answer may be from that of the sample that was looked into. */
const SIZE_TOLERANCE = 0.1

/** One variant in one round. */
export type Measured = Load & { readonly cpu: Cpu; readonly perRequest: number }
export type Round = Readonly<Record<Variant, Measured>>
export type Result = {
  readonly scenario: Scenario
  readonly rounds: readonly Round[]
  readonly counted: Readonly<Record<'ours' | 'control', Counted>>
  readonly faults: readonly string[]
}

async function ask({ port }: Running, { method, path, token, body }: Request): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/fhir+json' } : {}) }
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body ? { body } : {}) })
}

/** Looks into some answers of every variant: they must be right, and say the same. Gives the size of one by variant. */
async function look(scenario: Scenario, servers: Servers, requests: readonly Request[], faults: string[]) {
  const sizes: Record<Variant, number> = { ours: 0, control: 0, again: 0 }
  const step = Math.max(1, Math.floor(requests.length / SAMPLE))
  const sample = requests.filter((_, index) => index % step === 0)
  for (const request of sample) {
    const said = new Set<string>()
    for (const variant of VARIANTS) {
      const response = await ask(servers[variant], request)
      const body = await response.text()
      sizes[variant] += Buffer.byteLength(body) / sample.length
      try {
        if (response.status !== 200) throw new Error(`status ${response.status}: ${body.slice(0, 300)}`)
        said.add(scenario.judge(body, request))
      } catch (error) {
        faults.push(`${variant}: ${error instanceof Error ? error.message : error}`)
      }
    }
    if (said.size > 1) faults.push(`The servers differ about ${request.path}`)
  }
  return sizes
}

async function measure(cluster: Cluster, server: Running, list: string, { connections }: Scenario): Promise<Measured> {
  const before = await readCpu(cluster, server.pid)
  const load = await generate({ list, port: server.port, connections, seconds: SECONDS })
  // What is still on its way when the generator leaves belongs to this round.
  await sleep(100)
  const after = await readCpu(cluster, server.pid)
  const cpu = cpuBetween(before, after)
  return { ...load, cpu, perRequest: (cpu.node + cpu.postgres) / load.requests }
}

function faultsOf(variant: Variant, { bad, broken, bytes, requests }: Measured, size: number): string[] {
  const faults: string[] = []
  if (bad + broken > 0) faults.push(`${variant}: ${bad} answers were no success, ${broken} connections broke`)
  // The generator counts the headers, of which all answers of one server have about as many.
  const mean = bytes / requests
  if (mean < size * (1 - SIZE_TOLERANCE) || mean > size * (1 + SIZE_TOLERANCE) + 1000)
    faults.push(`${variant}: answers had ${Math.round(mean)} bytes, not ${Math.round(size)}`)
  return faults
}

/** Counts over a known number of requests: of a timed round it is not known what the last ones have done. */
async function count(
  cluster: Cluster,
  server: Running,
  requests: readonly Request[],
  { connections, method }: { connections: number; method: string },
): Promise<Counted> {
  const wanted = method === 'GET' ? 2000 : 30
  let next = 0
  const work = async () => {
    while (next < wanted) {
      const request = requests[(next++ * 37) % requests.length]
      if (request) await (await ask(server, request)).arrayBuffer()
    }
  }
  await cluster.set(COUNTING)
  await resetCounts(cluster)
  await Promise.all(Array.from({ length: connections }, work))
  const { statements, buffers, wal } = await readCounts(cluster)
  await cluster.set(QUIET)
  return { statements: statements / wanted, buffers: buffers / wanted, wal: wal / wanted }
}

/** Lets a server run until its code is compiled as that of one that has run for long: it has more of it than a control. */
async function warm({ port }: Running, list: string, { connections, warm: wanted }: Scenario): Promise<void> {
  for (let sent = 0, turn = 0; sent < wanted && turn < MOST_WARM_UPS; turn++) {
    const { requests } = await generate({ list, port, connections, seconds: SECONDS })
    sent += requests
  }
}

/** Runs one scenario: rounds of two seconds, the order of the variants rotated, the first round dropped. */
export async function runScenario(
  cluster: Cluster,
  scenario: Scenario,
  servers: Servers,
  { requests, list, rounds: wanted }: { requests: readonly Request[]; list: string; rounds: number },
): Promise<Result> {
  const faults: string[] = []
  for (const variant of VARIANTS) await warm(servers[variant], list, scenario)
  const sizes = await look(scenario, servers, requests, faults)
  const rounds: Round[] = []
  for (let n = 0; n <= wanted; n++) {
    const round: Partial<Record<Variant, Measured>> = {}
    for (let place = 0; place < VARIANTS.length; place++) {
      const variant = VARIANTS[(n + place) % VARIANTS.length] ?? 'ours'
      const measured = await measure(cluster, servers[variant], list, scenario)
      faults.push(...faultsOf(variant, measured, sizes[variant]))
      round[variant] = measured
    }
    if (n > 0) rounds.push(round as Round)
  }
  const how = { connections: scenario.connections, method: requests[0]?.method ?? 'GET' }
  const counted = {
    ours: await count(cluster, servers.ours, requests, how),
    control: await count(cluster, servers.control, requests, how),
  }
  await look(scenario, servers, requests, faults)
  return { scenario, rounds, counted, faults: [...new Set(faults)] }
}
