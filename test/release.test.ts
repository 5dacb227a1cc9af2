// What is not released yet is not there for the patient: in no way of asking, and counted nowhere.
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { definitions } from '../src/resources/index.ts'
import { type Client, client, namesOf, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'
import { verifies } from './support/verifies.ts'

// A Monday; what is released a working day later comes on Tuesday at nine.
const MONDAY = '2026-03-02T10:00:00.000Z'
const TUESDAY_EARLY = '2026-03-03T08:59:59.999Z'
const TUESDAY = '2026-03-03T09:00:00.000Z'
const RELEASE = 'http://terminology.hl7.org/CodeSystem/v2-0909'
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'

const s = await server(t, { at: MONDAY })
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
await store(engine, [minimal('Patient', 'alice')])

const tag = (code: string) => ({ meta: { tag: [{ system: RELEASE, code }] } })
const restricted = { meta: { security: [{ system: CONFIDENTIALITY, code: 'V' }] } }
const make = (type: string, id: string, more: Json = {}): Json => ({ ...giveTo(minimal(type, id), 'alice'), ...more })
const report = (id: string, more: Json = {}) =>
  make('DiagnosticReport', id, { status: 'final', issued: '2026-03-02T09:30:00Z', ...more })
const observation = (id: string, more: Json = {}) => make('Observation', id, { status: 'final', ...more })

/** A List of hers that names something, so that an include can lead to it. */
const naming = (name: string): Json =>
  make('List', `names-${name.replace('/', '-')}`, { entry: [{ item: { reference: name } }] })

/** By which parameter a Patient's things of a type can be asked for with her. */
const ownerOf = (type: string): string => {
  const compartment = definitions.get(type)?.compartment
  return Array.isArray(compartment) ? String(compartment[0]) : ''
}

/** The ways in which an app sees a resource: none of them, when it is not released. */
async function waysTo(app: Client, name: string): Promise<string[]> {
  const [type = '', id = ''] = name.split('/')
  const list = async (query: string) => namesOf(await app(`/${query}`)).includes(name)
  const total = async (query: string) => (await app(`/${type}?${query}`)).json.total !== 0
  const found: Record<string, boolean> = {
    read: (await app(`/${name}`)).status === 200,
    vread: (await app(`/${name}/_history/1`)).status === 200,
    history: (await app(`/${name}/_history`)).status === 200,
    batch: (await app('/', batchOf(name))).text.includes(`"${type}"`),
    search: await list(`${type}?_count=1000`),
    id: await list(`${type}?_id=${id}`),
    lastUpdated: await list(`${type}?_lastUpdated=ge2000&_count=1000`),
    sorted: await list(`${type}?_sort=_id&_count=1000`),
    total: await total(`_id=${id}&_total=accurate`),
    summary: await total(`_id=${id}&_summary=count`),
    missing:
      (await list(`${type}?_id=${id}&_tag:missing=false`)) || (await list(`${type}?_id=${id}&_tag:missing=true`)),
    include: await list(`List?_id=names-${type}-${id}&_include=List:item`),
    revinclude: await list(`Patient?_id=alice&_revinclude=${type}:${ownerOf(type)}`),
  }
  return Object.keys(found).filter(way => found[way])
}

const batchOf = (name: string) => ({
  method: 'POST',
  body: { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: name } }] },
})

const ALL = 'read vread history batch search id lastUpdated sorted total summary missing include revinclude'.split(' ')

t.test('a resource of any type that is marked very restricted is seen in no way', async t => {
  verifies('ipa', 'IPA-45')
  const types = [...definitions.values()].filter(({ release, compartment }) => release && Array.isArray(compartment))
  const statuses = { DiagnosticReport: 'final', Observation: 'final' } as Record<string, string>
  for (const { type } of types) {
    const open = make(type, 'open', type in statuses ? { status: statuses[type] } : {})
    const isOpen = definitions.get(type)?.release?.(open as never, new Date(MONDAY)) === 'now'
    await store(engine, [
      open,
      { ...open, id: 'closed', ...restricted },
      naming(`${type}/open`),
      naming(`${type}/closed`),
    ])
    t.same(await waysTo(alice, `${type}/open`), isOpen ? ALL : [], `${type} that is not`)
    t.same(await waysTo(alice, `${type}/closed`), [], type)
    t.equal((await engine(`/${type}/closed`)).status, 200, 'the engine sees it')
  }
})

t.test('reports are seen once they are final and their tag says so', async t => {
  await store(engine, [
    report('preliminary', { status: 'preliminary' }),
    report('registered', { status: 'registered' }),
    report('withheld', tag('SWTH')),
    report('person-decides', tag('SIDC')),
    report('restricted', restricted),
    report('wrong', { status: 'entered-in-error' }),
    report('tomorrow', tag('SID')),
    report('final'),
    ...'preliminary registered withheld person-decides restricted wrong tomorrow final'
      .split(' ')
      .map(id => naming(`DiagnosticReport/${id}`)),
  ])
  const never = ['preliminary', 'registered', 'withheld', 'person-decides', 'restricted', 'wrong']
  for (const time of [MONDAY, TUESDAY_EARLY, TUESDAY, '2036-01-01T00:00:00Z']) {
    s.clock.set(time)
    for (const id of never) t.same(await waysTo(alice, `DiagnosticReport/${id}`), [], `${id} at ${time}`)
    t.same(await waysTo(alice, 'DiagnosticReport/final'), ALL)
    t.same(await waysTo(alice, 'DiagnosticReport/tomorrow'), time < TUESDAY ? [] : ALL, `tomorrow at ${time}`)
  }
  s.clock.set(MONDAY)
})

t.test('the values of a withheld report are hidden with it and appear with it', async t => {
  const values = ['value-1', 'value-2'].map(id => ({ reference: `Observation/${id}` }))
  await store(engine, [observation('value-1'), observation('value-2'), observation('other')])
  await store(
    engine,
    ['value-1', 'value-2', 'other'].map(id => naming(`Observation/${id}`)),
  )
  t.same(await waysTo(alice, 'Observation/value-1'), ALL, 'before there is a report')
  await store(engine, [report('of-values', { ...tag('SID'), result: values })])
  for (const [time, ways] of [
    [MONDAY, []],
    [TUESDAY_EARLY, []],
    [TUESDAY, ALL],
  ] as const) {
    s.clock.set(time)
    for (const id of ['value-1', 'value-2']) t.same(await waysTo(alice, `Observation/${id}`), ways, `${id} at ${time}`)
    t.same(await waysTo(alice, 'Observation/other'), ALL)
  }
  s.clock.set(MONDAY)
})

t.test('values that come with or after their report are held with it, and freed with it', async t => {
  const held = { result: [{ reference: 'Observation/same' }, { reference: 'Observation/later' }] }
  await store(engine, [report('first', { ...tag('SWTH'), ...held }), observation('same')])
  await store(engine, [observation('later')])
  const created = { ...observation('created'), id: undefined }
  const entry = [
    {
      fullUrl: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520',
      resource: created,
      request: { method: 'POST', url: 'Observation' },
    },
    {
      resource: report('by-link', {
        ...tag('SWTH'),
        result: [{ reference: 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520' }],
      }),
      request: { method: 'PUT', url: 'DiagnosticReport/by-link' },
    },
  ]
  const reply = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
  const [first] = reply.json.entry as { response: { location: string } }[]
  const linked = first?.response.location.split('/_history')[0] ?? ''
  await store(engine, ['Observation/same', 'Observation/later', linked].map(naming))
  for (const name of ['Observation/same', 'Observation/later', linked]) t.same(await waysTo(alice, name), [], name)
  await store(engine, [observation('same', { note: [{ text: 'changed' }] })])
  t.same(await waysTo(alice, 'Observation/same'), [], 'an update of the value alone frees nothing')
  await store(engine, [report('first', held)])
  t.same(await waysTo(alice, 'Observation/later'), ALL, 'the report is freed, and its values with it')
  t.equal((await alice('/Observation/same')).status, 200)
})

t.test('a value in two reports is hidden while either is', async t => {
  const result = [{ reference: 'Observation/shared' }]
  await store(engine, [observation('shared'), report('one', { result }), report('two', { ...tag('SID'), result })])
  t.equal((await alice('/Observation/shared')).status, 404)
  s.clock.set(TUESDAY)
  t.equal((await alice('/Observation/shared')).status, 200)
  s.clock.set(MONDAY)
})

t.test('a value that is withheld itself stays so whatever its reports are', async t => {
  const ids = ['before', 'with', 'after'].map(when => `own-${when}`)
  const [before = '', together = '', after = ''] = ids
  await store(engine, [observation(before, tag('SWTH'))])
  const result = ids.map(id => ({ reference: `Observation/${id}` }))
  await store(engine, [report('of-own', { result }), observation(together, tag('SWTH'))])
  await store(engine, [observation(after, tag('SWTH'))])
  t.equal((await alice('/DiagnosticReport/of-own')).status, 200)
  for (const id of ids) t.equal((await alice(`/Observation/${id}`)).status, 404, id)

  await store(engine, [observation('own-tomorrow', { ...tag('SID'), issued: '2026-03-02T09:30:00Z' })])
  const tomorrow = { result: [{ reference: 'Observation/own-tomorrow' }] }
  for (const withheld of [tag('SWTH'), {}]) await store(engine, [report('of-tomorrow', { ...withheld, ...tomorrow })])
  t.equal((await alice('/Observation/own-tomorrow')).status, 404, 'a report that is released does not bring it forward')
  s.clock.set(TUESDAY)
  t.equal((await alice('/Observation/own-tomorrow')).status, 200)
  s.clock.set(MONDAY)
})

t.test('a value that is taken out of a withheld report, or whose report is deleted, is its own again', async t => {
  const result = ['taken-out', 'left'].map(id => ({ reference: `Observation/${id}` }))
  await store(engine, [observation('taken-out'), observation('left'), report('shrinks', { ...tag('SWTH'), result })])
  t.equal((await alice('/Observation/taken-out')).status, 404)
  await store(engine, [report('shrinks', { ...tag('SWTH'), result: result.slice(1) })])
  t.equal((await alice('/Observation/taken-out')).status, 200)
  t.equal((await alice('/Observation/left')).status, 404)
  await engine('/DiagnosticReport/shrinks', { method: 'DELETE' })
  t.equal((await alice('/Observation/left')).status, 200)
})

t.test('a withheld report and its value that arrive at the same time are both hidden', async t => {
  const ids = Array.from({ length: 40 }, (_, index) => `raced-${index}`)
  const put = (resource: Json) => engine(`/${resource.resourceType}/${resource.id}`, { method: 'PUT', body: resource })
  await Promise.all(
    ids.flatMap(id => [
      put(report(id, { ...tag('SWTH'), result: [{ reference: `Observation/${id}` }] })),
      put(observation(id)),
    ]),
  )
  const seen = []
  for (const id of ids) if ((await alice(`/Observation/${id}`)).status !== 404) seen.push(id)
  t.same(seen, [])
  t.equal((await engine('/Observation/raced-7')).status, 200)
})

t.test('a Binary behind a letter is seen when the letter is', async t => {
  verifies('fhir-rest', 'REST-47')
  const file = (id: string) => ({ resourceType: 'Binary', id, contentType: 'application/pdf', data: 'JVBERi0=' })
  const letter = (id: string, more: Json = {}) =>
    make('DocumentReference', id, { content: [{ attachment: { url: `Binary/file-of-${id}` } }], ...more })
  await store(engine, [file('file-of-draft'), file('file-of-sent'), file('file-of-later'), file('file-of-nothing')])
  await store(engine, [letter('draft', { docStatus: 'preliminary' }), letter('sent'), letter('later', tag('SID'))])
  const ways = async (id: string) => {
    const asked = ['', '/_history', '/_history/1'].map(path => alice(`/Binary/file-of-${id}${path}`))
    return (await Promise.all(asked)).map(({ status }) => status)
  }
  t.same(await ways('draft'), [404, 404, 404])
  t.same(await ways('nothing'), [404, 404, 404])
  t.same(await ways('sent'), [200, 200, 200])
  t.same(await ways('later'), [404, 404, 404])
  t.same(namesOf(await alice('/Binary')), ['Binary/file-of-sent'])
  t.equal((await alice('/Binary?_summary=count')).json.total, 1)
  s.clock.set(TUESDAY)
  t.same(await ways('later'), [200, 200, 200])
  s.clock.set(MONDAY)
  await store(engine, [letter('draft', { docStatus: 'final' }), letter('sent', { docStatus: 'entered-in-error' })])
  t.same(await ways('draft'), [200, 200, 200])
  t.same(await ways('sent'), [404, 404, 404])
})
