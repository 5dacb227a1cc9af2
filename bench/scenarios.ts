import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DELIVERY, delivery, randomness } from './data.ts'
import type { Filled } from './fill.ts'

/** One request of a list. */
export type Request = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly token: string
  readonly body?: string
}

/** What is measured: requests, what a right answer to one is, and the bare program to compare with. */
export type Scenario = {
  readonly name: string
  readonly what: string
  readonly control: string
  readonly connections: number
  /** So many requests to a server before anything is measured. */
  readonly warm: number
  readonly target: number
  requests(filled: Filled): Request[]
  /** What the answer says, to be the same from every server; throws when it is wrong. */
  judge(body: string, request: Request): string
}

type Answer = { id?: string; entry?: { resource?: { id: string }; response?: { status: string; location: string } }[] }

const patientsRequests =
  (query: string) =>
  ({ tokens }: Filled): Request[] =>
    [...tokens].flatMap(([patient, own]) =>
      own.map(token => ({ method: 'GET' as const, path: `/fhir/Observation?patient=${patient}&${query}`, token })),
    )

function judgeList(expected: number) {
  return (body: string): string => {
    const ids = (JSON.parse(body) as Answer).entry?.flatMap(({ resource }) => resource?.id ?? []) ?? []
    if (ids.length !== expected) throw new Error(`${ids.length} entries instead of ${expected}`)
    return ids.join(' ')
  }
}

function judgeRead(body: string, { path }: Request): string {
  const { id } = JSON.parse(body) as Answer
  if (id === undefined || !path.endsWith(`/${id}`)) throw new Error(`${id} came for ${path}`)
  return id
}

function judgeDelivery(body: string): string {
  const entries = (JSON.parse(body) as Answer).entry ?? []
  const created = entries.filter(({ response }) => response?.status === '201 Created' && response.location)
  if (created.length !== DELIVERY) throw new Error(`${created.length} of ${DELIVERY} were created`)
  return `${created.length} created`
}

const reads = ({ tokens, observations }: Filled): Request[] =>
  observations.map(({ id, patient }, index) => {
    const own = tokens.get(patient) ?? []
    return { method: 'GET', path: `/fhir/Observation/${id}`, token: own[index % own.length] ?? '' }
  })

const deliveries = ({ engine }: Filled): Request[] =>
  Array.from({ length: 16 }, (_, n) => ({
    method: 'POST',
    path: '/fhir',
    token: engine,
    body: JSON.stringify(delivery(n)),
  }))

const read = (connections: number): Scenario => ({
  name: `R1@${connections}`,
  what: `read by id, ${connections} connections`,
  control: 'control-read',
  connections,
  warm: 30_000,
  target: 1,
  requests: reads,
  judge: judgeRead,
})

/** docs/performance.md says what they stand for. */
export const SCENARIOS: readonly Scenario[] = [
  read(32),
  read(64),
  {
    name: 'S1',
    what: "a patient's 20 newest lab results",
    control: 'control-labs',
    connections: 32,
    warm: 15_000,
    target: 0.6,
    requests: patientsRequests('category=laboratory&_sort=-date&_count=20'),
    judge: judgeList(20),
  },
  {
    name: 'E1',
    what: '100 resources of a patient',
    control: 'control-everything',
    connections: 32,
    warm: 6000,
    target: 0.6,
    requests: patientsRequests('_count=100'),
    judge: judgeList(100),
  },
  {
    name: 'W3',
    what: 'transaction of 100 resources',
    control: 'control-transaction',
    connections: 6,
    warm: 400,
    target: 0.2,
    requests: deliveries,
    judge: judgeDelivery,
  },
]

function shuffled<T>(items: readonly T[]): T[] {
  const random = randomness(7)
  return items
    .map(item => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

/** Writes the list of a scenario for the generator; neighbours in it are of different patients. */
export function writeList(folder: string, { name }: Scenario, requests: readonly Request[]): string {
  const lists = join(folder, 'lists')
  mkdirSync(lists, { recursive: true })
  const lines = shuffled(requests).map(({ method, path, token, body }, index) => {
    if (body === undefined) return `${method}\t${path}\t${token}`
    const file = join(lists, `${name}-${index}.json`)
    writeFileSync(file, body)
    return `${method}\t${path}\t${token}\t${file}`
  })
  const list = join(lists, `${name}.tsv`)
  writeFileSync(list, `${lines.join('\n')}\n`)
  return list
}
