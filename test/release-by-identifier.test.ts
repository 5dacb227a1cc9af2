// A report that names its values by their identifiers withholds them as one that refers to them does.
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { client, linkOf, namesOf, type Reply, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const SYSTEM = 'https://fhir.example-trust.nhs.uk/Id/observation'
const WITHHELD = { meta: { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code: 'SWTH' }] } }

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
await store(engine, [minimal('Patient', 'alice')])

const hers = { subject: { reference: 'Patient/alice' } }
const value = (id: string, identifier = id, more: Json = {}): Json => ({
  ...minimal('Observation', id),
  ...hers,
  status: 'final',
  identifier: [{ system: SYSTEM, value: identifier }],
  ...more,
})
const named = (identifier: string, more: Json = {}): Json => ({
  identifier: { system: SYSTEM, value: identifier },
  ...more,
})
const report = (id: string, result: readonly Json[], more: Json = {}): Json => ({
  ...minimal('DiagnosticReport', id),
  ...hers,
  status: 'final',
  result,
  ...more,
})

const put = (resource: Json): Promise<Reply> =>
  engine(`/${resource.resourceType}/${resource.id}`, { method: 'PUT', body: resource })

/** Whether her app sees a value: by its id, in her list and as what somebody has signed, always the same. */
async function isSeen(id: string): Promise<boolean | string> {
  const name = `Observation/${id}`
  const read = (await alice(`/${name}`)).status === 200
  const others = [
    namesOf(await alice('/Observation?_count=1000')).includes(name),
    (await alice(`/Observation?identifier=${SYSTEM}|${id}&_summary=count`)).json.total === 1,
    (await alice(`/${name}/_history`)).status === 200,
  ]
  return others.every(each => each === read) ? read : `read ${read}, but ${others}`
}

t.test('a withheld report that comes before the value that it names by identifier withholds it', async t => {
  verifies('fhir-rest', 'REST-92')
  await store(engine, [report('first', [named('typed', { type: 'Observation' }), named('untyped')], WITHHELD)])
  for (const id of ['typed', 'untyped']) {
    const { status } = await engine(`/Observation/${id}`, { method: 'PUT', body: value(id) })
    t.equal(status, 201)
    t.equal(await isSeen(id), false, id)
  }
  const { id: _, ...created } = value('created', 'by-post')
  await store(engine, [report('second', [named('by-post')], WITHHELD)])
  const made = await engine('/Observation', { method: 'POST', body: created })
  const path = made.headers.location?.split('/fhir')[1]?.split('/_history')[0] ?? ''
  t.equal((await alice(path)).status, 404, 'one whose id the server gave')
  t.equal((await engine(path)).status, 200)
})

t.test('one that comes after the value, or with it, withholds it too', async t => {
  verifies('fhir-rest', 'REST-92')
  await store(engine, [value('there')])
  t.equal(await isSeen('there'), true)
  await store(engine, [report('after', [named('there')], WITHHELD)])
  t.equal(await isSeen('there'), false)
  await store(engine, [report('with', [named('together')], WITHHELD), value('together')])
  t.equal(await isSeen('together'), false)
})

t.test('of several values with the identifier all are withheld', async t => {
  verifies('fhir-rest', 'REST-92')
  await store(engine, [value('twin-1', 'twins'), value('twin-2', 'twins'), value('other', 'other')])
  await store(engine, [report('of-twins', [named('twins')], WITHHELD)])
  await store(engine, [value('twin-3', 'twins')])
  for (const id of ['twin-1', 'twin-2', 'twin-3']) t.equal((await alice(`/Observation/${id}`)).status, 404, id)
  t.equal(await isSeen('other'), true, 'what carries another identifier is not')
})

t.test('the value is seen once the report is released, says something else, or is deleted', async t => {
  verifies('fhir-rest', 'REST-92')
  const names = ['released', 'taken-out', 'left']
  for (const id of names) await store(engine, [report(`of-${id}`, [named(id)], WITHHELD), value(id)])
  for (const id of names) t.equal(await isSeen(id), false, id)
  await store(engine, [report('of-released', [named('released')])])
  await store(engine, [report('of-taken-out', [named('another')], WITHHELD)])
  await engine('/DiagnosticReport/of-left', { method: 'DELETE' })
  for (const id of names) t.equal(await isSeen(id), true, id)
})

t.test('a value that gets the identifier later is withheld from then on', async t => {
  verifies('fhir-rest', 'REST-92')
  await store(engine, [report('waits', [named('new-number')], WITHHELD), value('renamed', 'old-number')])
  t.equal((await alice('/Observation/renamed')).status, 200)
  await store(engine, [value('renamed', 'new-number')])
  t.equal((await alice('/Observation/renamed')).status, 404)
  await store(engine, [value('renamed', 'old-number')])
  t.equal((await alice('/Observation/renamed')).status, 200)
})

t.test('what is about a value is held with it', async t => {
  verifies('fhir-rest', 'REST-92')
  const about: Json = {
    ...minimal('Provenance', 'about'),
    target: [{ reference: 'Observation/signed' }],
    recorded: '2026-01-01T00:00:00Z',
  }
  await store(engine, [value('signed'), about])
  t.equal((await alice('/Provenance/about')).status, 200)
  await store(engine, [report('of-signed', [named('signed')], WITHHELD)])
  t.equal((await alice('/Provenance/about')).status, 404)
})

t.test('a report and its value that arrive at the same time are both hidden', async t => {
  verifies('fhir-rest', 'REST-92')
  const ids = Array.from({ length: 40 }, (_, index) => `raced-${index}`)
  const replies = await Promise.all(ids.flatMap(id => [put(report(id, [named(id)], WITHHELD)), put(value(id))]))
  t.same([...new Set(replies.map(({ status }) => status))], [201])
  const seen = []
  for (const id of ids) if ((await alice(`/Observation/${id}`)).status !== 404) seen.push(id)
  t.same(seen, [])
})

/** How many statements of this database wait for a lock that another transaction holds. */
const waiting = async (): Promise<number> => {
  const { rows } = await s.pool.query(
    'select count(*)::int as n from pg_stat_activity where datname = current_database() and cardinality(pg_blocking_pids(pid)) > 0',
  )
  return rows[0].n
}

/** Two writes of which the first is held up where it has found the value `at`, while the second begins and, if it can, ends. */
async function overlapping(at: string, first: () => Promise<Reply>, second: () => Promise<Reply>): Promise<void> {
  const holdUp = await s.pool.connect()
  try {
    await holdUp.query('begin')
    await holdUp.query('select pg_advisory_xact_lock(index_key($1))', [`Observation/${at}`])
    let isOver = false
    const one = first()
    while ((await waiting()) < 1) await setImmediate()
    const other = second().finally(() => {
      isOver = true
    })
    while (!isOver && (await waiting()) < 2) await setImmediate()
    await holdUp.query('commit')
    for (const { status, text } of await Promise.all([one, other])) if (status > 204) throw new Error(text)
  } finally {
    holdUp.release()
  }
}

t.test('a second value with the identifier that arrives while the report is written is withheld too', async t => {
  verifies('fhir-rest', 'REST-92')
  await store(engine, [value('one-of-two', 'both')])
  await overlapping(
    'one-of-two',
    () => put(report('of-both', [named('both')], WITHHELD)),
    () => put(value('two-of-two', 'both')),
  )
  t.equal(await isSeen('one-of-two'), false)
  t.equal((await alice('/Observation/two-of-two')).status, 404)
})

t.test('one that arrives while the report is released or deleted is not withheld for good', async t => {
  verifies('fhir-rest', 'REST-92')
  for (const [id, free] of [
    ['freed', () => put(report('of-freed', [named('freed')]))],
    ['undone', () => engine('/DiagnosticReport/of-undone', { method: 'DELETE' })],
  ] as const) {
    await store(engine, [value(id), report(`of-${id}`, [named(id)], WITHHELD)])
    await overlapping(id, free, () => put(value(`${id}-later`, id)))
    for (const each of [id, `${id}-later`]) t.equal((await alice(`/Observation/${each}`)).status, 200, each)
  }
})

t.test('nobody waits for a report that withholds nothing', async t => {
  await store(engine, [value('open')])
  await overlapping(
    'open',
    () => put(report('of-open', [named('open')])),
    async () => {
      const reply = await put(value('open-too', 'open'))
      t.equal(await waiting(), 1, 'it is answered while the report is still held up')
      return reply
    },
  )
})

t.test('a reference by identifier that does not say its type is to the one that the element is for', async t => {
  await store(engine, [
    value('linked'),
    { ...minimal('Patient', 'also'), identifier: [{ system: SYSTEM, value: 'linked' }] },
  ])
  await store(engine, [report('links', [named('linked')])])
  const { json } = await engine('/DiagnosticReport/links')
  t.same(json.result, [{ identifier: { system: SYSTEM, value: 'linked' }, reference: 'Observation/linked' }])
  t.same(namesOf(await engine('/DiagnosticReport?result=Observation/linked')), ['DiagnosticReport/links'])
  t.equal(linkOf(await engine('/DiagnosticReport?_id=links'), 'next'), undefined)
})
