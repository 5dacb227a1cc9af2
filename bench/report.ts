import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from './cluster.ts'
import type { Size } from './fill.ts'
import { generatorName } from './generator.ts'
import { loadAverage } from './meter.ts'
import type { Plan } from './plans.ts'
import type { Result, Round } from './rounds.ts'

export type Spread = { readonly low: number; readonly median: number; readonly high: number }

/** Median and quartiles. */
export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number): number => {
    const place = part * (sorted.length - 1)
    const [below = 0, above = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
    return below + (above - below) * (place - Math.floor(place))
  }
  return { low: at(0.25), median: at(0.5), high: at(0.75) }
}

const cpuRatio = ({ ours, control, again }: Round): number =>
  (control.perRequest + again.perRequest) / 2 / ours.perRequest

const rateRatio = ({ ours, control, again }: Round): number => {
  const rate = ({ requests, seconds }: Round['ours']) => requests / seconds
  return (2 * rate(ours)) / (rate(control) + rate(again))
}

/** The two halves of the control must cost the same, or the machine was too restless to say anything. */
const SAME: readonly [number, number] = [0.9, 1.1]

/** One line of the table. */
export type Line = ReturnType<typeof summarise>

/** What the rounds of a scenario come to. */
export function summarise({ scenario, rounds, counted, faults }: Result, plans: readonly Plan[]) {
  const median = (of: (round: Round) => number) => spread(rounds.map(of)).median
  const same = median(({ control, again }) => control.perRequest / again.perRequest)
  const restless = same < SAME[0] || same > SAME[1] ? [`the two controls differ: ${same.toFixed(2)}`] : []
  return {
    scenario: scenario.name,
    what: scenario.what,
    target: scenario.target,
    cpu: spread(rounds.map(cpuRatio)),
    rate: spread(rounds.map(rateRatio)),
    same,
    micros: {
      node: median(({ ours }) => ours.cpu.node / ours.requests / 1000),
      postgres: median(({ ours }) => ours.cpu.postgres / ours.requests / 1000),
      control: median(({ control }) => control.perRequest / 1000),
    },
    perSecond: median(({ ours }) => ours.requests / ours.seconds),
    p50: median(({ ours }) => ours.p50 / 1000),
    p99: median(({ ours }) => ours.p99 / 1000),
    counted,
    plan: plans[plans.length - 1],
    void: [...faults, ...restless],
  }
}

const two = (value: number): string => value.toFixed(2)
const range = ({ low, median, high }: Spread): string => `**${two(median)}** (${two(low)}–${two(high)})`

/** The table, in markdown. */
export function table(lines: readonly Line[]): string {
  const head = [
    '| | CPU ratio (quartiles) | target | requests/s ratio | requests/s | µs node + PostgreSQL | µs control | statements | buffers | A/A |',
    '|---|---|---|---|---:|---:|---:|---:|---:|---:|',
  ]
  const rows = lines.map(line => {
    const { micros, counted, target, cpu } = line
    const verdict = line.void.length > 0 ? 'void' : cpu.median >= target ? 'reached' : 'missed'
    return `| ${line.scenario} ${line.what} | ${range(cpu)} | ≥ ${target} ${verdict} | ${range(line.rate)} | ${Math.round(line.perSecond)} | ${Math.round(micros.node)} + ${Math.round(micros.postgres)} | ${Math.round(micros.control)} | ${two(counted.ours.statements)} / ${two(counted.control.statements)} | ${Math.round(counted.ours.buffers)} / ${Math.round(counted.control.buffers)} | ${two(line.same)} |`
  })
  const voids = lines.flatMap(line => line.void.map(why => `- ${line.scenario} is void: ${why}`))
  return [...head, ...rows, '', ...voids].join('\n')
}

const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim()

/** Where and with what it was measured. */
export async function environment({ admin }: Cluster, size: Size) {
  const { rows } = await admin.query<{ version: string }>('select version()')
  return {
    commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') ? ' with changes' : ''),
    at: new Date().toISOString(),
    node: process.version,
    postgres: rows[0]?.version,
    cores: cpus().length,
    model: cpus()[0]?.model,
    load: await loadAverage(),
    generator: generatorName,
    size,
  }
}

/** Keeps everything that was measured, the single rounds too. */
export function save(folder: string, name: string, value: unknown): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, `${name}.json`)
  writeFileSync(path, JSON.stringify(value, null, 1))
  return path
}
