// A record of a thousand resources, streamed and in pages: all of it, each resource once, whatever narrows it.
import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { type Client, client, entriesOf, linkOf, type Reply, store } from '../../support/client.ts'
import { made, observation, patient, reference } from '../../support/made.ts'
import { server } from '../../support/server.ts'
import { engineToken, patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))

const DAY = 86_400_000
const BEGIN = Date.parse('2020-01-01T00:00:00Z')
const day = (number: number): string => new Date(BEGIN + number * DAY).toISOString().slice(0, 10)
const subject = { subject: reference('Patient/alice') }

/** Of each type a date by which care is dated, or none. */
const RECORD: readonly { resource: Json; date?: string }[] = [
  ...Array.from({ length: 700 }, (_, n) => ({
    // Many share a day, and many a place in the order.
    resource: observation(`o-${n}`, 'alice', {
      effectiveDateTime: day(n % 50),
      performer: [reference(`Practitioner/dr-${n % 30}`)],
    }),
    date: day(n % 50),
  })),
  ...Array.from({ length: 150 }, (_, n) => ({
    resource: made('Condition', `c-${n}`, {
      ...subject,
      recordedDate: day(n),
      recorder: reference(`Practitioner/dr-${n % 7}`),
    }),
    date: day(n),
  })),
  ...Array.from({ length: 150 }, (_, n) => ({
    resource: made('List', `l-${n}`, { ...subject, status: 'current', mode: 'working' }),
  })),
]
const DOCTORS = Array.from({ length: 30 }, (_, n) => made('Practitioner', `dr-${n}`, { active: true }))
const nameOf = ({ resourceType, id }: Json): string => `${resourceType}/${id}`

await store(engine, [patient('alice'), patient('other'), ...DOCTORS])
await store(
  engine,
  RECORD.slice(0, 500).map(({ resource }) => resource),
)
await store(engine, [observation('theirs', 'other', { effectiveDateTime: day(1) })])
const since = new Date(Date.now() + 1).toISOString()
// What follows is written a millisecond later at least.
while (Date.now() <= Date.parse(since)) await engine('/metadata')
await store(
  engine,
  RECORD.slice(500).map(({ resource }) => resource),
)

const names = (reply: Reply): string[] => entriesOf(reply).map(({ resource }) => nameOf(resource))

async function pagesOf(ask: Client, path: string, between: () => Promise<unknown> = async () => {}): Promise<string[]> {
  const found: string[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const reply: Reply = await ask(next)
    if (reply.status !== 200) throw new Error(`${next}: ${reply.text}`)
    found.push(...names(reply))
    next = linkOf(reply, 'next')
    if (names(reply).length === 0 && next !== undefined) throw new Error('an empty page')
    await between()
  }
  return found
}

type Narrowed = { query: string; holds: (name: string, date: string | undefined, index: number) => boolean }

const typed = (name: string, ...types: string[]): boolean => types.some(type => name.startsWith(`${type}/`))
const dated = (date: string | undefined, from: string, to: string): boolean =>
  date === undefined || (date >= from && date <= to)

const NARROWED: readonly Narrowed[] = [
  { query: '', holds: () => true },
  { query: '_type=Observation', holds: name => typed(name, 'Observation') },
  { query: '_type=Condition,Practitioner', holds: name => typed(name, 'Condition', 'Practitioner') },
  { query: '_type=Practitioner', holds: name => typed(name, 'Practitioner') },
  { query: `_since=${since}`, holds: (_name, _date, index) => index >= 500 && index < RECORD.length },
  { query: `start=${day(10)}&end=${day(19)}`, holds: (_name, date) => dated(date, day(10), day(19)) },
  { query: `start=${day(40)}`, holds: (_name, date) => dated(date, day(40), '9999') },
  {
    query: `_type=Observation,List&_since=${since}&end=${day(5)}`,
    holds: (name, date, index) =>
      typed(name, 'Observation', 'List') && index >= 500 && index < RECORD.length && dated(date, '0000', day(5)),
  },
]

/** What is hers by what was stored, and the doctors whom that names. */
function expected({ holds, query }: Narrowed): string[] {
  const everything = [...RECORD, { resource: patient('alice') }, ...DOCTORS.map(resource => ({ resource }))]
  const isHers = (index: number): boolean => index <= RECORD.length
  const inTime = everything.filter((each, index) => {
    const date = 'date' in each ? each.date : undefined
    const [from = '0000', to = '9999'] = ['start', 'end'].map(name => new URLSearchParams(query).get(name) ?? undefined)
    return isHers(index) && dated(date, from, to)
  })
  const named = new Set(
    inTime
      .map(({ resource }) => JSON.stringify(resource))
      .join(' ')
      .match(/Practitioner\/dr-\d+/g),
  )
  return everything
    .filter((each, index) => {
      const name = nameOf(each.resource)
      const date = 'date' in each ? each.date : undefined
      return holds(name, date, index) && (isHers(index) || named.has(name))
    })
    .map(({ resource }) => nameOf(resource))
    .sort()
}

for (const narrowed of NARROWED)
  t.test(`all of it, streamed and in pages: ${narrowed.query.replace(since, 'then') || 'not narrowed'}`, async t => {
    verifies('fhir-rest', 'REST-55')
    const wanted = expected(narrowed)
    t.ok(wanted.length > 20, `there are ${wanted.length}`)
    const streamed = await alice(`/Patient/alice/$everything?${narrowed.query}`)
    t.equal(streamed.status, 200)
    t.same([...names(streamed)].sort(), wanted, 'streamed')
    t.equal(linkOf(streamed, 'next'), undefined)
    const matches = entriesOf(streamed).filter(({ search }) => search.mode === 'match')
    t.equal(streamed.json.total, matches.length, 'the total is that of what is hers')
    for (const count of [100, 333, 1000]) {
      const path = `/Patient/alice/$everything?${narrowed.query}&_count=${count}`
      t.same(await pagesOf(alice, path), names(streamed), `in pages of ${count}, in the same order`)
    }
  })

t.test('an engine gets the same of her, and a page no longer than was asked for', async t => {
  verifies('fhir-rest', 'REST-55')
  const [all] = NARROWED
  if (!all) throw new Error('nothing is narrowed')
  t.same((await pagesOf(engine, '/Patient/alice/$everything?_count=450')).sort(), expected(all))
  t.equal(names(await engine('/Patient/alice/$everything?_count=450')).length, 450)
  t.equal(names(await engine('/Patient/alice/$everything?_count=5000')).length, 1000, 'nor than is possible')
})

t.test('what others write between the pages neither repeats nor hides what was there', async t => {
  verifies('fhir-rest', 'REST-55')
  const [all] = NARROWED
  if (!all) throw new Error('nothing is narrowed')
  const before = expected(all)
  let written = 0
  const write = () =>
    store(engine, [
      observation(`new-${written++}`, 'alice', { effectiveDateTime: day(written % 50) }),
      // A new version of what is there is the same resource.
      observation(`o-${written}`, 'alice', {
        effectiveDateTime: day(written % 50),
        performer: [reference(`Practitioner/dr-${written % 30}`)],
        note: [{ text: 'again' }],
      }),
    ])
  const found = await pagesOf(alice, '/Patient/alice/$everything?_count=97', write)
  t.ok(written > 5)
  t.equal(new Set(found).size, found.length, 'nothing twice')
  t.same(
    before.filter(name => !found.includes(name)),
    [],
    'nothing missing',
  )
  t.same(
    found.filter(name => !before.includes(name) && !name.startsWith('Observation/new-')),
    [],
  )
})
