import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomness } from './data.ts'
import type { Filled } from './fill.ts'
import * as judge from './judge.ts'
import { byIdentifier, deliveries, feed, patients, type Request, reads, records } from './requests.ts'

/** What is measured: requests, what a right answer to one is, and the bare program to compare with. */
export type Scenario = {
  readonly name: string
  readonly what: string
  readonly control: string
  readonly connections: number
  /** So many requests to a server before anything is measured. */
  readonly warm: number
  readonly target: number
  /** The tables whose statements are looked at, and what their plans may need. */
  readonly plan: PlanRules
  requests(filled: Filled): Request[] | Promise<Request[]>
  /** What the answer says, to be the same from every server; throws when it is wrong. */
  judge(body: string, request: Request): string
}

/** A plan may sort what is few, where nothing could be found in order; and read so many pages, if that is limited. */
export type PlanRules = { readonly tables: readonly string[]; readonly maySort?: true; readonly mostBuffers?: number }

const MOST_BUFFERS = 30
const listOf = (table: string): PlanRules => ({ tables: [table], mostBuffers: MOST_BUFFERS })
const CARE = ['patient', 'observation', 'diagnostic_report', 'appointment', 'document_reference', 'communication']

const read = (connections: number): Scenario => ({
  name: `R1@${connections}`,
  what: `read by id, ${connections} connections`,
  control: 'control-read',
  connections,
  warm: 30_000,
  target: 1,
  plan: { tables: ['observation'] },
  requests: reads,
  judge: judge.read,
})

const list = (name: string, what: string, type: string, query: string): Omit<Scenario, 'judge' | 'plan'> => ({
  name,
  what,
  control: 'control-lists',
  connections: 32,
  warm: 15_000,
  target: 0.6,
  requests: patients(type, query),
})

const everything = (size: number): Scenario => ({
  name: `E${size}`,
  what: `$everything of a record of ${size} resources`,
  control: 'control-record',
  connections: size > 100 ? 8 : 32,
  warm: size > 100 ? 600 : 4000,
  target: 0.6,
  plan: { tables: CARE, maySort: true },
  requests: records(size),
  judge: judge.record(size),
})

const SEARCHES: readonly Scenario[] = [
  {
    ...list(
      'S2',
      "a patient's results of one test",
      'Observation',
      'category=laboratory&code=http://loinc.org|718-7&date=ge2020&_sort=-date&_count=20',
    ),
    control: 'control-test',
    plan: listOf('observation'),
    judge: judge.test,
  },
  {
    ...list('S3a', "a patient's appointments", 'Appointment', 'date=ge2020-01-01&_sort=date&_count=10'),
    plan: listOf('appointment'),
    judge: judge.upTo(10),
  },
  {
    ...list('S3b', "a patient's 10 newest letters", 'DocumentReference', '_sort=-date&_count=10'),
    plan: listOf('document_reference'),
    judge: judge.list(10),
  },
  {
    ...list('S3c', "a patient's 10 newest messages", 'Communication', '_sort=-sent&_count=10'),
    plan: listOf('communication'),
    judge: judge.list(10),
  },
  {
    ...list('S4', '10 reports with their results', 'DiagnosticReport', '_include=DiagnosticReport:result&_count=10'),
    control: 'control-reports',
    warm: 6000,
    plan: { tables: ['diagnostic_report'], maySort: true },
    judge: judge.reports(10),
  },
  {
    name: 'S5',
    what: 'a Patient by her NHS number',
    control: 'control-identifier',
    connections: 32,
    warm: 15_000,
    target: 0.6,
    // The few that a key finds are sorted.
    plan: { ...listOf('patient'), maySort: true },
    requests: byIdentifier,
    judge: judge.identified,
  },
  {
    name: 'S6',
    what: 'a feed of 200 changes',
    control: 'control-feed',
    connections: 32,
    warm: 4000,
    target: 0.6,
    plan: { tables: ['observation'] },
    requests: feed,
    judge: judge.changes,
  },
]

/** docs/performance.md says what they stand for. Writes come last: what they add is in no answer before. */
export const SCENARIOS: readonly Scenario[] = [
  read(32),
  read(64),
  {
    ...list('S1', "a patient's 20 newest lab results", 'Observation', 'category=laboratory&_sort=-date&_count=20'),
    control: 'control-labs',
    plan: listOf('observation'),
    judge: judge.list(20),
  },
  {
    ...list('E1', '100 resources of a patient', 'Observation', '_count=100'),
    control: 'control-everything',
    warm: 6000,
    plan: { tables: ['observation'] },
    judge: judge.list(100),
  },
  ...SEARCHES,
  everything(100),
  everything(1000),
  {
    name: 'W3',
    what: 'transaction of 100 resources',
    control: 'control-transaction',
    connections: 6,
    warm: 400,
    target: 0.2,
    plan: { tables: [] },
    requests: deliveries,
    judge: judge.delivery,
  },
]

/** The scenarios of some names; of `S3` all that begin with it and a letter, of `R1` those with any number of connections. */
export const scenariosOf = (names: readonly string[] | undefined): Scenario[] => {
  const isWanted = ({ name }: Scenario) =>
    names?.some(wanted => name.replace(/[a-z]$|@\d+$/, '') === wanted || name === wanted)
  return SCENARIOS.filter(scenario => names === undefined || isWanted(scenario))
}

function shuffled<T>(items: readonly T[]): T[] {
  const random = randomness(7)
  return items
    .map(item => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

/** The lists of a scenario for the generator, ours and the control's: one file where both are asked the same. */
export type Lists = { readonly ours: string; readonly control: string }

/** Writes the lists of a scenario; neighbours in them are of different patients. */
export function writeLists(folder: string, { name }: Scenario, requests: readonly Request[]): Lists {
  const lists = join(folder, 'lists')
  mkdirSync(lists, { recursive: true })
  const write = (file: string, pathOf: (request: Request) => string): string => {
    const lines = shuffled(requests).map((request, index) => {
      const { method, token, body } = request
      if (body === undefined) return `${method}\t${pathOf(request)}\t${token}`
      const content = join(lists, `${name}-${index}.json`)
      writeFileSync(content, body)
      return `${method}\t${pathOf(request)}\t${token}\t${content}`
    })
    const list = join(lists, file)
    writeFileSync(list, `${lines.join('\n')}\n`)
    return list
  }
  const ours = write(`${name}.tsv`, ({ path }) => path)
  if (requests.every(({ controlPath }) => controlPath === undefined)) return { ours, control: ours }
  return { ours, control: write(`${name}-control.tsv`, ({ path, controlPath = path }) => controlPath) }
}
