import pg from 'pg'
import { type Cluster, COUNTING, openCluster, QUIET } from './cluster.ts'
import { cpuBetween, readCounts, readCpu, resetCounts } from './meter.ts'
import { environment, save, spread } from './report.ts'
import { freePort, type Running, startControl, startOurs } from './servers.ts'
import { tokenCheck } from './token-check.ts'
import { type Kind, kindsOf } from './tokens.ts'

// T1: each request is good once, so the lists of the other scenarios, which are gone through again and again, do not fit.

const AT_ONCE = 8
const SIZES = { quick: { block: 100, warm: 300, rounds: 5 }, full: { block: 300, warm: 2000, rounds: 11 } }
const COUNTED = 30

type Size = (typeof SIZES)['quick']
type Variant = 'ours' | 'control' | 'again'
const VARIANTS: readonly Variant[] = ['ours', 'control', 'again']
type Servers = Readonly<Record<Variant, Running>>
/** CPU time of one request in microseconds. */
type Cost = { readonly node: number; readonly postgres: number; readonly seconds: number }
type Round = Readonly<Record<Variant, Cost>>

/** Sends each form once, a few at a time; an answer that is not right ends the run. */
async function sendAll({ port }: Running, forms: readonly string[], members: readonly string[]): Promise<void> {
  const queue = [...forms]
  const work = async () => {
    for (let body = queue.shift(); body !== undefined; body = queue.shift()) {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const response = await fetch(`http://127.0.0.1:${port}/oauth2/token`, { method: 'POST', body, headers })
      const answer = (await response.json()) as Record<string, unknown>
      if (response.status !== 200 || members.some(name => !answer[name]))
        throw new Error(`No token: ${response.status} ${JSON.stringify(answer).slice(0, 300)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** The control answers with an access token, whatever it is asked for. */
const wantedOf = (variant: Variant, { members }: Kind) => (variant === 'ours' ? members : ['access_token'])

async function block(cluster: Cluster, servers: Servers, variant: Variant, kind: Kind, size: Size): Promise<Cost> {
  const forms = await kind.forms(size.block)
  const before = await readCpu(cluster, servers[variant].pid)
  const began = performance.now()
  await sendAll(servers[variant], forms, wantedOf(variant, kind))
  const seconds = (performance.now() - began) / 1000
  const { node, postgres } = cpuBetween(before, await readCpu(cluster, servers[variant].pid))
  return { node: node / size.block / 1000, postgres: postgres / size.block / 1000, seconds }
}

async function statementsOf(cluster: Cluster, server: Running, kind: Kind): Promise<number> {
  const forms = await kind.forms(COUNTED)
  await cluster.set(COUNTING)
  await resetCounts(cluster)
  await sendAll(server, forms, kind.members)
  const { statements } = await readCounts(cluster)
  await cluster.set(QUIET)
  return statements / COUNTED
}

async function measure(cluster: Cluster, servers: Servers, kind: Kind, size: Size) {
  for (const variant of VARIANTS) await sendAll(servers[variant], await kind.forms(size.warm), wantedOf(variant, kind))
  const rounds: Round[] = []
  for (let n = 0; n < size.rounds; n++) {
    const round: Partial<Record<Variant, Cost>> = {}
    for (let place = 0; place < VARIANTS.length; place++) {
      const variant = VARIANTS[(n + place) % VARIANTS.length] ?? 'ours'
      round[variant] = await block(cluster, servers, variant, kind, size)
    }
    rounds.push(round as Round)
  }
  return { kind, rounds, statements: await statementsOf(cluster, servers.ours, kind) }
}

const whole = ({ node, postgres }: Cost): number => node + postgres

function lineOf({ kind, rounds, statements }: Awaited<ReturnType<typeof measure>>): string {
  const median = (of: (round: Round) => number) => spread(rounds.map(of)).median
  const ratio = spread(rounds.map(round => (whole(round.control) + whole(round.again)) / 2 / whole(round.ours)))
  const same = median(({ control, again }) => whole(control) / whole(again))
  const [node, postgres] = [median(({ ours }) => ours.node), median(({ ours }) => ours.postgres)]
  const control = median(each => whole(each.control))
  const perCore = Math.round(1e6 / median(({ ours }) => whole(ours)))
  const isVoid = same < 0.9 || same > 1.1 ? ' void' : ''
  const range = `**${ratio.median.toFixed(2)}** (${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)})`
  return `| ${kind.name} ${kind.what} | ${range}${isVoid} | ${Math.round(node)} + ${Math.round(postgres)} | ${Math.round(control)} | ${perCore} | ${statements.toFixed(1)} | ${same.toFixed(2)} |`
}

const HEAD = [
  '| | CPU ratio (quartiles) | µs node + PostgreSQL | µs control | for one second of CPU | statements | A/A |',
  '|---|---|---:|---:|---:|---:|---:|',
]

/** Measures what tokens cost, and prints a table. */
export async function measureTokens(folder: string, { full = false }: { full?: boolean | undefined }): Promise<void> {
  const size = full ? SIZES.full : SIZES.quick
  const cluster = await openCluster(`${folder}/data`)
  const running: Running[] = []
  const started = async (server: Promise<Running>): Promise<Running> => {
    running.push(await server)
    return server
  }
  const pool = new pg.Pool({ connectionString: cluster.url, max: 2, application_name: 'bench' })
  try {
    const port = await freePort()
    const ours = await started(startOurs(cluster.url, port, folder))
    await pool.query('create table control_payload (like oidc_payload including defaults including indexes)')
    const kinds = await kindsOf(pool, `http://127.0.0.1:${port}`, folder)
    const control = await started(startControl('control-token', cluster.url, folder))
    const again = await started(startControl('control-token', cluster.url, folder))
    const lines: string[] = []
    for (const kind of kinds) {
      const result = await measure(cluster, { ours, control, again }, kind, size)
      save(folder, kind.name, { rounds: result.rounds })
      lines.push(lineOf(result))
      process.stderr.write(`${lines.at(-1)}\n`)
    }
    const { remembered, unseen } = await tokenCheck()
    lines.push('', `Judging a token: ${remembered.toFixed(1)} µs if it is remembered, ${unseen.toFixed(0)} µs if not.`)
    const where = await environment(cluster, { patients: 0, results: 0, records: 0 })
    process.stdout.write(`${JSON.stringify({ ...where, size })}\n\n${[...HEAD, ...lines].join('\n')}\n`)
  } finally {
    await pool.end()
    for (const server of running) await server.stop()
    await cluster.stop()
  }
}
