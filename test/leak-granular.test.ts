// Apps whose granular scopes leave part of the records out: nothing of that part comes back, nor whether it is there. One is
// a system client that may see what is labelled; the other is the second patient's own, of whose record nothing is.
import t from 'tap'
import { definitions } from '../src/resources/index.ts'
import { client, inTurn, linkOf, namesOf, type Reply, store } from './support/client.ts'
import { counted, leaksTo, posted, searches, summed, type Try } from './support/leaks.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'
import { CANARY, canaryId, twoPatients } from './support/two-patients.ts'
import { verifies } from './support/verifies.ts'

const TAG = { system: 'http://example.org/tags', code: 'open' }
const QUERY = `_tag=${TAG.system}|${TAG.code}`
const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const world = await twoPatients(s, { meta: { tag: [TAG] } })
const limited = client(s, await engineToken(s, `system/*.cruds?${QUERY}`))
const hers = client(s, await patientToken(s, CANARY, `patient/*.rs?${QUERY}`))
const types = [...definitions.values()]
// What is everybody's and labelled is hers to see, too.
const isShared = (name: string) => definitions.get(name.split('/')[0] ?? '')?.compartment === 'shared'
const both = [leaksTo(limited, world.visible), leaksTo(hers, new Set([...world.visible].filter(isShared)))] as const

const findLeaks = async (tries: readonly Try[]): Promise<string[]> => {
  const found: string[] = []
  for (const app of both) found.push(...(await app.find(tries)))
  return found
}

const inRotation = <T>(ways: readonly T[], index: number): T => ways[index % ways.length] as T

t.test('what is within the scope is there, for the system that may see it', async t => {
  const lost: string[] = []
  await inTurn([...world.visible], async name => {
    const reply = await limited(`/${name}`)
    if (reply.status !== 200) lost.push(`${name} ${reply.status}`)
  })
  t.same(lost, [])
  t.same(namesOf(await hers('/Observation?_count=1000')), [], 'nothing of hers is labelled')
})

t.test('what is outside of a granular scope is answered like what is not there, byte for byte', async t => {
  verifies('smart-2.2', 'SAL-1012', 'SAL-1013')
  const ids = [...types.map(({ type }) => `/${type}/${canaryId(type)}`), `/Observation/${CANARY}-deleted`]
  const tries = ids.flatMap((path): Try[] => [
    [path],
    [path, { headers: { 'if-none-match': 'W/"2"' } }],
    [`${path}?_elements=id`],
    [`${path}/_history`],
    [`${path}/_history/1`],
    [`${path}/_history/2`],
    [`${path}/$meta`],
    [`${path}/$validate`],
    [`${path}/$everything`],
    [`${path}/*`],
    [`${path}/Observation`],
  ])
  t.same(await findLeaks(tries), [])
})

t.test('no search finds, counts or excludes what is outside of a granular scope', async t => {
  verifies('smart-2.2', 'SAL-1012', 'SAL-1013')
  const tries = types.flatMap(({ type, search }) => [
    ...searches(type, ['_id', canaryId(type)]),
    ...searches(type, ['_lastUpdated', 'ge2000']),
    ...(world.queries.get(type) ?? []).map(({ param, values }, index) =>
      inRotation([counted, summed, posted], index)(type, [param, inRotation(values, index)]),
    ),
    ...Object.keys(search).map((param, index): Try => [`/${type}?${param}:missing=${index % 2 === 0}&_total=accurate`]),
  ])
  t.same(await findLeaks(tries), [])
})

/** The types that a reference parameter of the CapabilityStatement's includes leads to. */
const references = types.flatMap(({ type, search }) =>
  Object.keys(search)
    .filter(param => search[param]?.type === 'reference')
    .map(param => ({ type, param })),
)

t.test('no chain and no _has tells of what is outside of a granular scope', async t => {
  verifies('smart-2.2', 'SAL-1012', 'SAL-1013')
  const tries = references.flatMap(({ type, param }, index): Try[] => {
    const value = `Patient/${CANARY}`
    return [
      [`/${type}?${param}._id=${CANARY}&_total=accurate`],
      [`/${type}?${param}:identifier=http://example.org|${CANARY}&_summary=count`],
      [`/${type}?${param}=${value}&_total=accurate`],
      [`/Patient?_has:${type}:${param}:_id=${inRotation([CANARY, canaryId(type)], index)}`],
      [`/Observation?_has:${type}:${param}:_id=${canaryId(type)}&_summary=count`],
      [`/Patient?_has:${type}:${param}:_lastUpdated=ge2000&_total=accurate`],
    ]
  })
  t.same(await findLeaks(tries), [])
})

t.test('no include brings along what is outside of a granular scope', async t => {
  verifies('smart-2.2', 'SAL-1012', 'SAL-1013')
  const paths = references.flatMap(({ type, param }) => [
    `/${type}?_count=1000&_include=${type}:${param}`,
    `/Patient?_count=1000&_revinclude=${type}:${param}`,
  ])
  const all = types.flatMap(({ type }) => [
    `/${type}?_count=200&_include=*`,
    `/${type}?_count=200&_revinclude:iterate=*`,
  ])
  const leaks: string[] = []
  let brought = 0
  await inTurn([...paths, ...all], async path => {
    const reply = await limited(path)
    brought += namesOf(reply, 'include').length
    const fault = both[0].faultOfList(reply)
    if (fault) leaks.push(`${path} ${fault}`)
  })
  t.same(leaks, [])
  t.ok(brought > 100, `includes bring what is within: ${brought}`)
})

t.test('every page of every list and history is of what is within, and is full', async t => {
  verifies('smart-2.2', 'SAL-1013')
  const leaks: string[] = []
  const paths = types.flatMap(({ type }) => [
    `/${type}?_total=accurate&_count=7`,
    `/${type}?_total=accurate&_count=7&_sort=_lastUpdated`,
    `/${type}/_history?_count=7`,
  ])
  await inTurn([...paths, '/_history?_count=50', '/?_lastUpdated=ge2000&_count=50'], async path => {
    const most = Number(/_count=(\d+)/.exec(path)?.[1])
    let shown = 0
    let total: unknown
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply: Reply = await limited(next)
      const names = namesOf(reply)
      next = linkOf(reply, 'next')
      shown += names.length
      total = reply.json.total
      if (reply.status !== 200 || reply.text.includes(CANARY)) leaks.push(`${path} ${reply.text.slice(0, 400)}`)
      if (names.some(name => !world.visible.has(name))) leaks.push(`${path} brings ${names}`)
      if (next !== undefined && names.length !== most) leaks.push(`${path} has a page of ${names.length}`)
    }
    if (total !== undefined && total !== shown) leaks.push(`${path} counts ${total}, shows ${shown}`)
  })
  t.same(leaks, [])
})

t.test('operations and entries of Bundles show what is within and nothing else', async t => {
  verifies('smart-2.2', 'SAL-130', 'SAL-1012')
  const everything = await limited('/Patient/alice/$everything')
  t.ok(namesOf(everything).length > 100)
  t.same(both[0].faultOfList(everything), undefined)
  const urls = types.flatMap(({ type }) => [
    `${type}/${canaryId(type)}`,
    `${type}/${canaryId(type)}/_history/1`,
    `${type}?_id=${canaryId(type)}&_total=accurate`,
  ])
  const entry = urls.map(url => ({ request: { method: 'GET', url } }))
  const bundle = (type: string, entries: unknown[]): Try => [
    '/',
    { method: 'POST', body: { resourceType: 'Bundle', type, entry: entries } },
  ]
  const tries: Try[] = [
    bundle('batch', entry),
    ...entry.filter((_, index) => index % 5 === 0).map(each => bundle('transaction', [each])),
    [`/Observation/$lastn?patient=${CANARY}&max=100`],
    [`/DocumentReference/$docref?patient=${CANARY}`],
    ['/$meta'],
    ...types.map(({ type }): Try => [`/${type}/$meta`]),
  ]
  t.same(await both[0].find(tries), [])
})

t.test('a version that was outside of the scope is not shown, nor any once the last one is outside', async t => {
  verifies('smart-2.2', 'SAL-1012')
  const observation = giveTo(minimal('Observation', 'history'), 'alice')
  const open = { ...observation, meta: { tag: [TAG] } }
  await store(world.engine, [{ ...observation, language: 'en' }])
  await store(world.engine, [open])
  await store(world.engine, [{ ...open, language: 'cy' }])
  const versions = async () =>
    ((await limited('/Observation/history/_history')).json.entry as { fullUrl: string }[] | undefined)?.length ?? 0
  const statuses = async () =>
    Promise.all([1, 2, 3].map(async each => (await limited(`/Observation/history/_history/${each}`)).status))
  t.equal(await versions(), 2)
  t.same(await statuses(), [404, 200, 200], 'each by what it was itself')
  await store(world.engine, [{ ...observation, language: 'de' }])
  t.equal(await versions(), 0)
  t.same(await statuses(), [404, 404, 404], 'what was taken out of the part takes its past along')
  await world.engine('/Observation/history', { method: 'DELETE' })
  t.equal((await limited('/Observation/history')).status, 404, 'it is not said either that it was deleted')
  await store(world.engine, [open])
  await world.engine('/Observation/history', { method: 'DELETE' })
  t.equal((await limited('/Observation/history')).status, 410)
})
