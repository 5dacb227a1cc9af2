import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
// @ts-expect-error: plain JavaScript without types, for it runs before anything is compiled
import { build } from '../scripts/build.mjs'
import { type Cluster, openCluster } from './cluster.ts'
import { type Filled, fill } from './fill.ts'
import { grow } from './grow.ts'
import { explain, planFaults } from './plans.ts'
import { environment, type Line, save, summarise, table } from './report.ts'
import { runScenario } from './rounds.ts'
import { SCENARIOS, type Scenario, scenariosOf, writeLists } from './scenarios.ts'
import { freePort, type Running, startControl, startOurs } from './servers.ts'
import { measureTokens } from './token-rounds.ts'
import { measureValidation } from './validation.ts'

const OUT = fileURLToPath(new URL('out', import.meta.url))
const SIZES = {
  quick: { patients: 100, results: 100, records: 5, rounds: 5 },
  full: { patients: 500, results: 200, records: 20, rounds: 11 },
}

type Run = { cluster: Cluster; ours: Running; filled: Filled; rounds: number }

async function measure({ cluster, ours, filled, rounds }: Run, scenario: Scenario): Promise<Line> {
  const requests = await scenario.requests(filled)
  const lists = writeLists(OUT, scenario, requests)
  const control = await startControl(scenario.control, cluster.url, OUT)
  const again = await startControl(scenario.control, cluster.url, OUT)
  try {
    const result = await runScenario(cluster, scenario, { ours, control, again }, { requests, lists, rounds })
    const asked = requests.filter(({ method }) => method === 'GET').slice(0, 40)
    const plans = asked.length > 0 ? await explain(cluster, ours, asked, scenario.plan) : []
    const faults = asked.length > 0 ? planFaults(plans, scenario.plan) : []
    const line = summarise({ ...result, faults: [...result.faults, ...faults] }, plans)
    save(OUT, scenario.name, { line, rounds: result.rounds })
    process.stderr.write(`${table([line]).split('\n').slice(2).join('\n')}\n`)
    return line
  } finally {
    await control.stop()
    await again.stop()
  }
}

/** Leaves the server with the data running, for trying things out, until the signal comes. */
async function hold({ ours, filled }: Run): Promise<void> {
  for (const scenario of SCENARIOS) {
    const { ours: list } = writeLists(OUT, scenario, await scenario.requests(filled))
    process.stderr.write(
      `wrk -t1 -c${scenario.connections} -d5s -s bench/requests.lua http://127.0.0.1:${ours.port} -- ${list} 127.0.0.1:${ours.port} 1\n`,
    )
  }
  process.stderr.write(`Our server is process ${ours.pid}. Ctrl-C ends it.\n`)
  await once(process, 'SIGINT')
}

function options() {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean' },
      full: { type: 'boolean' },
      only: { type: 'string' },
      hold: { type: 'boolean' },
      /** Looks at searches in a trust of so many patients instead. */
      grow: { type: 'boolean' },
      /** What the validator costs, in this process. */
      validation: { type: 'boolean' },
      /** With these folders of FHIR packages too, as in --profiles=../shared/data/uk-core. */
      profiles: { type: 'string' },
      patients: { type: 'string', default: '20000' },
      keep: { type: 'boolean', default: false },
      /** With the rows of each record together, as they lie where records were sent one by one. */
      together: { type: 'boolean', default: false },
      /** Measures what tokens cost instead. */
      tokens: { type: 'boolean', default: false },
      /** Node's own flags for our server, as in --flags=--cpu-prof. */
      flags: { type: 'string' },
    },
  })
  const flags = values.flags?.split(' ') ?? []
  return { ...values, size: SIZES[values.full ? 'full' : 'quick'], flags, patients: Number(values.patients) }
}

async function compare({ size, only, hold: held, flags }: ReturnType<typeof options>): Promise<void> {
  const cluster = await openCluster(`${OUT}/data`)
  let ours: Running | undefined
  try {
    const port = await freePort()
    ours = await startOurs(cluster.url, port, OUT, flags)
    const filled = await fill(cluster.url, `http://127.0.0.1:${port}`, size)
    process.stderr.write(`${filled.observations.length} results were loaded in ${filled.seconds.toFixed(1)} s\n`)
    const run = { cluster, ours, filled, rounds: size.rounds }
    if (held) return await hold(run)
    const lines: Line[] = []
    for (const scenario of scenariosOf(only?.split(','))) lines.push(await measure(run, scenario))
    const where = await environment(cluster, size)
    save(OUT, 'result', { environment: where, lines })
    process.stdout.write(`${JSON.stringify(where)}\n\n${table(lines)}\n`)
    process.exitCode = lines.some(line => line.void.length > 0 || line.cpu.median < line.target) ? 1 : 0
  } finally {
    await ours?.stop()
    await cluster.stop()
  }
}

const wanted = options()
if (!build()) throw new Error('The server does not compile')
mkdirSync(OUT, { recursive: true })
if (wanted.grow) await grow(OUT, wanted)
else if (wanted.tokens) await measureTokens(OUT, wanted)
else if (wanted.validation) process.exitCode = (await measureValidation(OUT, wanted.profiles?.split(',') ?? [])) ? 0 : 1
else await compare(wanted)
