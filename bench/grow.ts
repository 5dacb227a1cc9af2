import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import type { Json } from '../src/fhir/types.ts'
import { type Cluster, openCluster } from './cluster.ts'
import { patientId } from './data.ts'
import { enrol, numbersFrom, type Sign, signer, submit, submitAll, tokensOf } from './fill.ts'
import { ENGINES, PATIENTS } from './kinds.ts'
import { COPIED, multiply, type Placed } from './multiply.ts'
import { ask, buffersOf } from './pages.ts'
import { type Amounts, directory, personNumber, record } from './record.ts'
import { save, spread } from './report.ts'
import { freePort, type Running, startOurs } from './servers.ts'
import { type Known, type Read, type Sorted, sorted, waysIn } from './ways.ts'

// How searches behave in a large trust: the pages that PostgreSQL reads for a patient's do not grow with it, and what an
// engine asks of all is answered in time.

const SEEDS = 500
const AMOUNTS: Amounts = { results: 60, reports: 7, appointments: 10, letters: 8, messages: 8, visits: 6 }
const HOUSE = { practitioners: 2000, clinics: 300 }
const ASKED = 12
const TURNS = 9
/** What a large trust's database may have, of this machine. Nothing of it is to be kept. */
const SETTINGS = { shared_buffers: '2GB', fsync: 'off', full_page_writes: 'off', max_wal_size: '8GB' }

/** A patient who is asked about: what stands for what in the kinds of searches. */
type Person = {
  readonly token: string
  readonly copy: string
  readonly says: Readonly<Record<string, string>>
}

/** What one kind of search needs. */
export type Needed = {
  readonly kind: string
  readonly found: number
  readonly buffers: number
  readonly milliseconds: number
  readonly slowest: number
}

const say = (what: string): void => void process.stderr.write(`${what}\n`)

async function load(
  databaseUrl: string,
  origin: string,
  sign: Sign,
  { copies, placed }: { readonly copies: number; readonly placed: Placed },
): Promise<void> {
  const engine = await engineToken(sign)
  await submit(origin, engine, directory(HOUSE))
  const seeds = numbersFrom(0, SEEDS)
  await submitAll(
    origin,
    engine,
    seeds.map(n => () => record(n, AMOUNTS, HOUSE)),
  )
  say(`${SEEDS} records were loaded`)
  await multiply(databaseUrl, { copies, placed }, say)
  const copied = seeds.flatMap(n => numbersFrom(1, copies).map(copy => `${patientId(n)}-${copy}`))
  await enrol(databaseUrl, copied)
  say(`${copied.length} copies were made`)
}

const engineToken = (sign: Sign): Promise<string> =>
  sign({ sub: 'bench-engine', client_id: 'bench-engine', scope: 'system/*.cruds' })

type Bundle = {
  resourceType: string
  entry?: {
    resource: Json & { id: string; identifier?: { system: string; value: string }[]; encounter?: { reference: string } }
  }[]
}

/** Some patients of those who were copied, with what their records say. */
async function personsOf(origin: string, sign: Sign, copies: number): Promise<Person[]> {
  const seeds = numbersFrom(0, ASKED).map(index => (index * 37 + 11) % SEEDS)
  const copyOf = (index: number) => 1 + (index % copies)
  const ids = seeds.map((seed, index) => `${patientId(seed)}-${copyOf(index)}`)
  const tokens = await tokensOf(sign, ids, 1)
  return Promise.all(
    ids.map(async (id, index) => {
      const [token = ''] = tokens.get(id) ?? []
      const { body } = await ask(origin, token, `Observation?patient=${id}&_count=1`)
      const result = (JSON.parse(body) as Bundle).entry?.[0]?.resource
      const identifier = result?.identifier?.[0]
      return {
        token,
        copy: `-${copyOf(index)}`,
        says: {
          P: id,
          N: `${personNumber(seeds[index] ?? 0)}-${copyOf(index)}`,
          O: result?.id ?? '',
          R: `${identifier?.system}|${identifier?.value}-${copyOf(index)}`,
          V: result?.encounter?.reference ?? '',
        },
      }
    }),
  )
}

const filled = (kind: string, { says }: Person): string =>
  kind.replace(/\{(\w)\}/g, (_, letter: string) => says[letter] ?? '')

const countOf = (body: string): number => {
  const { resourceType, entry = [] } = JSON.parse(body) as Bundle
  return resourceType === 'Bundle' ? entry.length : 1
}

async function measure(
  cluster: Cluster,
  origin: string,
  kind: string,
  persons: readonly Person[],
  engine?: string,
): Promise<Needed> {
  const asked = persons.map(person => () => ask(origin, engine ?? person.token, filled(kind, person)))
  let found = 0
  for (const request of asked) {
    const { status, body } = await request()
    if (status !== 200) throw new Error(`${filled(kind, persons[0] as Person)}: ${status} ${body.slice(0, 400)}`)
    found += countOf(body) / asked.length
  }
  const times: number[] = []
  for (let turn = 0; turn < TURNS; turn++) {
    const began = performance.now()
    await asked[turn % asked.length]?.()
    times.push(performance.now() - began)
  }
  const buffers = Math.max(...(await buffersOf(cluster, asked)))
  const milliseconds = spread(times).median
  const needed = { kind, found: Math.round(found), buffers, milliseconds, slowest: Math.max(...times) }
  say(row(needed))
  return needed
}

/** So many patients are asked about in every way. */
const ASKED_ALL = 3
/** What the design wants a patient's search to read at the most. */
const LIMIT = 30

async function knownOf(origin: string, { token, copy, says }: Person): Promise<Known> {
  const resources = new Map<string, Json>()
  const patient = says.P ?? ''
  for (const type of COPIED) {
    const whose = type === 'Patient' ? `_id=${patient}` : `patient=${patient}`
    const [first] = (JSON.parse((await ask(origin, token, `${type}?${whose}&_count=1`)).body) as Bundle).entry ?? []
    if (first) resources.set(type, first.resource)
  }
  return { patient, resources, copy }
}

/** The pages that every search of a record reads: of each way the most that one of the patients' needed. */
async function measureWays(cluster: Cluster, origin: string, persons: readonly Person[]): Promise<Read[]> {
  const most = new Map<string, Read>()
  for (const person of persons.slice(0, ASKED_ALL)) {
    const ways = waysIn(await knownOf(origin, person))
    const requests = ways.map(({ search }) => async () => {
      const { status, body } = await ask(origin, person.token, search)
      if (status !== 200) throw new Error(`${search}: ${status} ${body.slice(0, 400)}`)
    })
    const pages = await buffersOf(cluster, requests)
    for (const [index, way] of ways.entries()) {
      const search = way.search.replaceAll(person.says.P ?? '', '{P}')
      const kind = `${way.sort} ${search.replace(/(?<=[?&][a-z][^=&]*=)[^&]*/g, '')}`
      const seen = most.get(kind)
      if (!seen || seen.pages < (pages[index] ?? 0))
        most.set(kind, { way: { ...way, search }, pages: pages[index] ?? 0 })
    }
  }
  return [...most.values()]
}

function waysTable(all: readonly Sorted[]): string {
  const rows = all.map(
    ({ sort, ways, held, most, by }) => `| ${sort} | ${ways} | ${held} | ${most} | \`${by.replaceAll('|', '\\|')}\` |`,
  )
  const head = ['### Every way to search a record', '', `| sort | searches | up to ${LIMIT} pages | most | by |`]
  return [...head, '|---|---:|---:|---:|---|', ...rows].join('\n')
}

const row = ({ kind, found, buffers, milliseconds }: Needed): string =>
  `| \`${kind.replaceAll('|', '\\|')}\` | ${found} | ${buffers} | ${milliseconds.toFixed(1)} |`

function table(title: string, needed: readonly Needed[]): string {
  const head = [`### ${title}`, '', '| search | entries | pages | ms |', '|---|---:|---:|---:|']
  return [...head, ...needed.map(row)].join('\n')
}

export type Growing = {
  readonly patients: number
  /** A part of the kinds of searches that are wanted. */
  readonly only?: string | undefined
  /** Whether the trust stays, and is taken when it is there. */
  readonly keep: boolean
  /** Whether each record's rows lie together, and not where chance puts them. */
  readonly together: boolean
}

/** Grows a trust to so many patients, looks at each kind of search, and takes the trust away again. */
export async function grow(out: string, { patients, only, keep, together }: Growing): Promise<void> {
  const placed = together ? 'together' : 'chance'
  const folder = `${out}/grown-${placed}`
  const again = keep && existsSync(`${folder}/complete`)
  if (!again) await rm(folder, { recursive: true, force: true })
  const cluster = await openCluster(folder, { settings: SETTINGS, again })
  const copies = Math.round(patients / SEEDS) - 1
  let ours: Running | undefined
  try {
    const port = await freePort()
    const origin = `http://127.0.0.1:${port}`
    ours = await startOurs(cluster.url, port, out)
    const sign = await signer(cluster.url, origin)
    if (!again) await load(cluster.url, origin, sign, { copies, placed })
    await writeFile(`${folder}/complete`, `${patients} patients\n`)
    const persons = await personsOf(origin, sign, copies)
    const engine = await engineToken(sign)
    const wanted = (kinds: readonly string[]) => kinds.filter(kind => only === undefined || kind.includes(only))
    const ofPatients: Needed[] = []
    for (const kind of wanted(PATIENTS)) ofPatients.push(await measure(cluster, origin, kind, persons))
    const ofEngines: Needed[] = []
    for (const kind of wanted(ENGINES)) ofEngines.push(await measure(cluster, origin, kind, persons, engine))
    const ways = only === undefined ? await measureWays(cluster, origin, persons) : []
    save(out, `grown-${placed}`, { patients, placed, ofPatients, ofEngines, ways })
    process.stdout.write(
      `${table("Patients' searches", ofPatients)}\n\n${table("Engines' searches", ofEngines)}\n\n${waysTable(sorted(ways, LIMIT))}\n`,
    )
  } finally {
    await ours?.stop()
    await cluster.stop()
    if (!keep) await rm(folder, { recursive: true, force: true })
  }
}
