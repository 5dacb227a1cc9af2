// Two patients: whatever the first one's app asks, nothing of the second one comes back, nor whether it is there.
import t from 'tap'
import { searchParametersOf } from '../src/fhir/model.ts'
import { definitions } from '../src/resources/index.ts'
import { entriesOf, inTurn, linkOf, namesOf, type Reply } from './support/client.ts'
import { counted, leaksTo, posted, query, searches, summed, type Try } from './support/leaks.ts'
import { SYSTEM } from './support/search-value.ts'
import { server } from './support/server.ts'
import { CANARY, canaryId, twoPatients } from './support/two-patients.ts'
import { verifies } from './support/verifies.ts'

const NOW = '2026-03-02T10:00:00.000Z'
const s = await server(t, { at: NOW, variables: { PORTICO_LOG_LEVEL: 'trace' } })
const world = await twoPatients(s)
const { alice, victim, engine } = world
const types = [...definitions.values()]
const { faultOfList, find: findLeaks } = leaksTo(alice, world.visible)
/** One of several ways for each of many, all of them in turn: what they share is tried often enough. */
const inRotation = <T>(ways: readonly T[], index: number): T => ways[index % ways.length] as T

const MODIFIERS: Readonly<Record<string, readonly string[]>> = {
  token: [':not'],
  string: [':exact', ':contains'],
  reference: [':identifier'],
}

t.test('the canaries are there, and are found by who may see them', async t => {
  const lost: string[] = []
  await inTurn(types, async ({ type }) => {
    const name = `${type}/${canaryId(type)}`
    if (!(await engine(`/${name}`)).text.includes(CANARY)) lost.push(name)
    for (const [index, { param, values }] of (world.queries.get(type) ?? []).entries()) {
      const value = inRotation(values, index)
      const found = namesOf(await engine(`/${type}?${query([[param, value]])}&_count=1000`))
      if (!found.includes(name)) lost.push(`${type}?${param}=${value}`)
    }
  })
  t.same(lost, [])
  t.equal((await victim(`/Patient/${CANARY}`)).status, 200)
  t.equal((await victim(`/Binary/${canaryId('Binary')}`)).status, 200, 'through her letter')
  t.match((await victim('/Schedule?_count=1000')).text, `Schedule/${CANARY}-actor`, 'a Schedule that names her')
  t.ok(namesOf(await victim('/Observation?_count=1000')).length > 20)
})

t.test('a foreign resource is answered like one that is not there, byte for byte', async t => {
  verifies('smart-2.2', 'SAL-136', 'SAL-170')
  verifies('ipa', 'IPA-45')
  const more = [`Schedule/${CANARY}-actor`, `Group/${CANARY}-group`, `Observation/${CANARY}-deleted`]
  const several = types.filter(({ severalPatients }) => severalPatients)
  const ids = [
    ...types.map(({ type }) => `/${type}/${canaryId(type)}`),
    ...several.map(({ type }) => `/${type}/${CANARY}-several-${type}`),
    ...more.map(name => `/${name}`),
  ]
  const tries = ids.flatMap((path): Try[] => [
    [path],
    [path, { method: 'HEAD' }],
    [path, { headers: { 'if-none-match': 'W/"2"' } }],
    [path, { headers: { 'if-modified-since': 'Sun, 01 Jan 2040 00:00:00 GMT' } }],
    [`${path}?_format=json&_elements=id`],
    [`${path}/_history`],
    [`${path}/_history?_count=1&_before=5`],
    [`${path}/_history/1`],
    [`${path}/_history/2`],
    [`${path}/_history/99`],
    [`${path}/$everything`],
    [`${path}/*`],
    [`${path}/Observation`],
    [`${path}/Observation?code=${CANARY}`],
  ])
  t.same(await findLeaks(tries), [])
})

t.test('no search parameter finds, counts or excludes what is foreign', async t => {
  verifies('smart-2.2', 'SAL-136')
  verifies('fhir-rest', 'REST-91')
  const tries = types.flatMap(({ type, search }) => [
    ...searches(type, ['_id', canaryId(type)]),
    ...searches(type, ['_id', `alice,a-${type},${canaryId(type)},${CANARY}-actor`]),
    ...searches(type, ['_lastUpdated', 'ge2000']),
    ...(world.queries.get(type) ?? []).flatMap(({ param, values }, index) => [
      counted(type, [param, values[0] ?? '']),
      inRotation([summed, posted], index)(type, [param, inRotation(values, index)]),
    ]),
    ...Object.keys(search).map((param, index): Try => [`/${type}?${param}:missing=${index % 2 === 0}&_total=accurate`]),
    ...Object.entries(search).flatMap(([param, declared], index) => {
      const modifiers = MODIFIERS[declared.type]
      const value = declared.type === 'reference' ? `${SYSTEM}|${CANARY}` : CANARY
      return modifiers ? [counted(type, [`${param}${inRotation(modifiers, index)}`, value])] : []
    }),
    [`/${type}?code:text=${CANARY}`] as const,
    [`/${type}?_has:Observation:subject:code=${CANARY}`] as const,
  ])
  t.same(await findLeaks(tries), [])
})

t.test('asking for the other patient by any reference parameter finds nothing of hers', async t => {
  const tries = types.flatMap(({ type, search }) =>
    Object.keys(search)
      .filter(param => search[param]?.type === 'reference')
      .flatMap((param, index) => {
        const more: (readonly [string, string])[] = [
          [param, CANARY],
          [param, `${s.baseUrl}/fhir/Patient/${CANARY}`],
          [param, `Patient/alice,Patient/${CANARY}`],
          [`${param}:Patient`, CANARY],
          [`${param}.identifier`, CANARY],
        ]
        const way = inRotation([counted, summed, posted], index)
        return [counted(type, [param, `Patient/${CANARY}`]), way(type, inRotation(more, index))]
      }),
  )
  t.same(await findLeaks(tries), [])
})

t.test('no include and no revinclude brings anything along that is not hers', async t => {
  verifies('fhir-rest', 'REST-81', 'REST-91')
  const statement = (await alice('/metadata')).json as { rest: { resource: Record<string, never>[] }[] }
  let brought = 0
  const leaks: string[] = []
  const paths = (statement.rest[0]?.resource ?? []).flatMap(({ type, searchInclude = [], searchRevInclude = [] }) => [
    ...(searchInclude as string[]).map(each => `/${type}?_count=1000&_include=${each}`),
    ...(searchRevInclude as string[]).map(each => `/${type}?_count=1000&_revinclude=${each}`),
  ])
  await inTurn(paths, async path => {
    const reply = await alice(path)
    brought += namesOf(reply, 'include').length
    const fault = faultOfList(reply)
    if (fault) leaks.push(`${path} ${fault}`)
  })
  t.same(leaks, [])
  t.ok(brought > 100, `includes bring what is hers: ${brought}`)
})

t.test('every order of every list shows hers alone, on all its pages', async t => {
  verifies('fhir-rest', 'REST-64', 'REST-80', 'REST-91')
  const leaks: string[] = []
  const listed = types.filter(({ may }) => may.patient)
  const paths = listed.flatMap(({ type, search }) =>
    [
      '_id',
      '_lastUpdated',
      ...Object.keys(search).filter(name => ['date', 'string'].includes(search[name]?.type ?? '')),
    ]
      .flatMap(param => [param, `-${param}`])
      .map(sort => `/${type}?_total=accurate&_count=40&_sort=${sort}`),
  )
  await inTurn(paths, async path => {
    const shown: string[] = []
    let total: unknown
    for (let next: string | undefined = path; next !== undefined; ) {
      const reply: Reply = await alice(next)
      total = reply.json.total
      shown.push(...namesOf(reply, 'match'))
      next = linkOf(reply, 'next')
      const foreign = namesOf(reply).filter(name => !world.visible.has(name))
      if (reply.text.includes(CANARY) || foreign.length > 0) leaks.push(`${path} brings ${foreign}`)
    }
    if (new Set(shown).size !== total) leaks.push(`${path} counts ${total}, shows ${shown.length}`)
  })
  t.same(leaks, [])
})

t.test('a page link of somebody else opens nothing', async t => {
  verifies('fhir-rest', 'REST-64')
  for (const other of [victim, engine]) {
    const next = linkOf(await other(`/Observation?_count=1`), 'next') ?? ''
    t.match((await other(next)).text, CANARY, 'it works for whom it was made')
    const refused = await alice(next)
    t.equal(refused.status, 400)
    t.notMatch(refused.text, CANARY)
  }
})

t.test('an entry of a batch or transaction sees no more than a request of its own', async t => {
  verifies('fhir-rest', 'REST-44')
  const urls = types.flatMap(({ type }) => [
    `${type}/${canaryId(type)}`,
    `${type}/${canaryId(type)}/_history`,
    `${type}/${canaryId(type)}/_history/1`,
    `${type}?_id=${canaryId(type)}&_total=accurate`,
    ...Object.keys(definitions.get(type)?.search ?? {})
      .filter(param => searchParametersOf(type).get(param)?.type === 'reference')
      .map(param => `${type}?${param}=Patient/${CANARY}&_include=${type}:${param}&_summary=count`),
  ])
  const entry = urls.map(url => ({ request: { method: 'GET', url } }))
  const bundle = (type: string, entries: unknown[]): Try => [
    '/',
    { method: 'POST', body: { resourceType: 'Bundle', type, entry: entries } },
  ]
  const conditional = entry.slice(0, 40).map(({ request }) => ({ request: { ...request, ifNoneMatch: 'W/"2"' } }))
  const tries = [
    bundle('batch', entry),
    bundle('batch', conditional),
    ...entry.filter((_, index) => index % 4 === 0).map(each => bundle('transaction', [each])),
  ]
  t.same(await findLeaks(tries), [])
  const [path, sent] = bundle('batch', entry)
  t.equal(entriesOf(await alice(path, sent)).length, entry.length)
})

t.test('nothing that was asked, found or refused is in the log', async t => {
  await fetch(`${s.baseUrl}/fhir/Patient/${CANARY}`, { headers: { authorization: 'Bearer wrong' } })
  t.ok(s.logged.length > 0, 'something is logged')
  t.same(
    s.logged.filter(line => line.includes(CANARY)),
    [],
  )
})
