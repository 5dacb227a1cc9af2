import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, COUNTING, QUIET } from './cluster.ts'
import { generate, type Load } from './generator.ts'
import { type Counted, type Cpu, cpuBetween, readCounts, readCpu, resetCounts } from './meter.ts'
import type { Request } from './requests.ts'
import type { Lists, Scenario } from './scenarios.ts'
import type { Running } from './servers.ts'

/** Ours, and the control twice: how far the two of it differ is how far a result may be trusted. */
export type Variant = 'ours' | 'control' | 'again'
export type Servers = Readonly<Record<Variant, Running>>

const VARIANTS: readonly Variant[] = ['ours', 'control', 'again']
const SECONDS = 2
const MOST_WARM_UPS = 12
/** Answers differ in size: of so many the mean is about that of all. */
const SAMPLE = 500
/** Over so many requests statements and pages are counted. */
const COUNTED = { reads: 1000, writes: 30 }
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

const pathFor = (variant: Variant, { path, controlPath = path }: Request): string =>
  variant === 'ours' ? path : controlPath

async function ask({ port }: Running, variant: Variant, request: Request): Promise<Response> {
  const { method, token, body } = request
  const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/fhir+json' } : {}) }
  return fetch(`http://127.0.0.1:${port}${pathFor(variant, request)}`, { method, headers, ...(body ? { body } : {}) })
}

/** Looks into some answers of every variant: they must be right, and say the same. Gives the size of one by variant. */
async function look(scenario: Scenario, servers: Servers, requests: readonly Request[], faults: string[]) {
  const sizes: Record<Variant, number> = { ours: 0, control: 0, again: 0 }
  const step = Math.max(1, Math.floor(requests.length / SAMPLE))
  const sample = requests.filter((_, index) => index % step === 0)
  for (const request of sample) {
    const said = new Set<string>()
    for (const variant of VARIANTS) {
      const response = await ask(servers[variant], variant, request)
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

function faultsOf(
  variant: Variant,
  { bad, broken, bytes, requests }: Measured,
  { size, connections }: { size: number; connections: number },
): string[] {
  const faults: string[] = []
  if (bad + broken > 0) faults.push(`${variant}: ${bad} answers were no success, ${broken} connections broke`)
  // The generator counts the headers, of which all answers of one server have about as many, and what had come of the
  // answers that were under way at the end.
  const mean = bytes / requests
  const unfinished = connections / requests
  if (mean < size * (1 - SIZE_TOLERANCE) || mean > size * (1 + SIZE_TOLERANCE + unfinished) + 1000)
    faults.push(`${variant}: answers had ${Math.round(mean)} bytes, not ${Math.round(size)}`)
  return faults
}

/** Counts over a known number of requests: of a timed round it is not known what the last ones have done. */
async function count(
  cluster: Cluster,
  servers: Servers,
  variant: Variant,
  { requests, connections }: { requests: readonly Request[]; connections: number },
): Promise<Counted> {
  const wanted = requests[0]?.method === 'GET' ? COUNTED.reads : COUNTED.writes
  let next = 0
  const work = async () => {
    while (next < wanted) {
      const request = requests[(next++ * 37) % requests.length]
      if (request) await (await ask(servers[variant], variant, request)).arrayBuffer()
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
  { requests, lists, rounds: wanted }: { requests: readonly Request[]; lists: Lists; rounds: number },
): Promise<Result> {
  const faults: string[] = []
  const listFor = (variant: Variant) => (variant === 'ours' ? lists.ours : lists.control)
  for (const variant of VARIANTS) await warm(servers[variant], listFor(variant), scenario)
  const sizes = await look(scenario, servers, requests, faults)
  const rounds: Round[] = []
  for (let n = 0; n <= wanted; n++) {
    const round: Partial<Record<Variant, Measured>> = {}
    for (let place = 0; place < VARIANTS.length; place++) {
      const variant = VARIANTS[(n + place) % VARIANTS.length] ?? 'ours'
      const measured = await measure(cluster, servers[variant], listFor(variant), scenario)
      faults.push(...faultsOf(variant, measured, { size: sizes[variant], connections: scenario.connections }))
      round[variant] = measured
    }
    if (n > 0) rounds.push(round as Round)
  }
  const how = { requests, connections: scenario.connections }
  const counted = {
    ours: await count(cluster, servers, 'ours', how),
    control: await count(cluster, servers, 'control', how),
  }
  await look(scenario, servers, requests, faults)
  return { scenario, rounds, counted, faults: [...new Set(faults)] }
}
