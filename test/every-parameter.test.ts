// Every search parameter that the CapabilityStatement claims finds what it must and not what it must not; every include
// brings along what it names. The resources are made from the definitions of R4.
import t from 'tap'
import { searchParametersOf } from '../src/fhir/model.ts'
import { definitions } from '../src/resources/index.ts'
import { claimsOf } from './support/claims.ts'
import { client, entriesOf, inTurn, namesOf, store } from './support/client.ts'
import { minimal } from './support/minimal.ts'
import { type Fixture, fixturesOf, giveTo, referring } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { patientToken } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t)
const { engine, resources } = await claimsOf(s)
const HIT = { word: 'zhit', day: '2021-03-04', number: 7.5, code: 1 } as const
const MISS = { word: 'zmiss', day: '2019-05-06', number: 20.5, code: 0 } as const
const COLUMNS = ['_id', '_lastUpdated']

const named = ({ resourceType, id }: { resourceType?: unknown; id?: unknown }): string => `${resourceType}/${id}`

let made = 0
const id = (): string => `f-${made++}`
const fixtures: Fixture[] = resources.flatMap(({ type, searchParam }) =>
  searchParam
    .filter(({ name }) => !COLUMNS.includes(name))
    .flatMap(({ name }) => fixturesOf(type, name, { hit: HIT, miss: MISS, id, patient: 'pat' })),
)
const patient = minimal('Patient', 'pat')
await store(engine, [patient, ...fixtures.flatMap(({ hit, miss }) => [hit, miss])])

const kindOf = ({ type, param }: Fixture): string => definitions.get(type)?.search[param]?.type ?? ''

/** Makes searches that must find or must not find something, and says which of them go wrong. */
async function faultsOf(app: typeof engine, tries: readonly Try[]): Promise<string[]> {
  const faults: string[] = []
  await inTurn(tries, async ({ search, finds, misses }) => {
    const reply = await app(`/${search}&_count=1000`)
    const found = new Set(namesOf(reply))
    if (reply.status !== 200) faults.push(`${search} ${reply.text.slice(0, 300)}`)
    else if (finds !== undefined && !found.has(finds)) faults.push(`${search} does not find ${finds}`)
    else if (misses !== undefined && found.has(misses)) faults.push(`${search} finds ${misses}`)
  })
  return faults
}

type Try = { search: string; finds?: string; misses?: string }

const searchesOf = (fixture: Fixture): Try[] =>
  fixture.queries.map(query => ({
    search: `${fixture.type}?${fixture.param}=${encodeURIComponent(query)}`,
    finds: named(fixture.hit),
    misses: named(fixture.miss),
  }))

t.test('there is a fixture for every parameter that is claimed', async t => {
  const made = new Set(fixtures.map(({ type, param }) => `${type}.${param}`))
  const claimed = resources.flatMap(({ type, searchParam }) =>
    searchParam.filter(({ name }) => !COLUMNS.includes(name)).map(({ name }) => `${type}.${name}`),
  )
  t.ok(claimed.length > 500)
  t.same(
    claimed.filter(each => !made.has(each)),
    [],
  )
})

t.test('every parameter finds what has the value, and nothing that has another', async t => {
  verifies(
    'fhir-rest',
    'REST-69',
    'REST-70',
    'REST-71',
    'REST-72',
    'REST-73',
    'REST-74',
    'REST-75',
    'REST-78',
    'REST-79',
  )
  t.same(await faultsOf(engine, fixtures.flatMap(searchesOf)), [])
})

t.test('every parameter finds the same for the patient whose it is', async t => {
  const app = client(s, await patientToken(s, 'pat'))
  const isHers = ({ type, hit }: Fixture): boolean => {
    const { compartment, release, follows = '' } = definitions.get(type) ?? {}
    const text = JSON.stringify(hit)
    // What follows a resource that nobody has sent yet is in no record before it comes.
    const waits = JSON.stringify(hit[follows])?.includes('/zhit') ?? false
    const isSeen = Array.isArray(compartment) ? text.includes('Patient/pat') : compartment === 'shared'
    const isReleased = (release?.(hit as never, new Date()) ?? 'now') === 'now'
    return isSeen && isReleased && !waits && !text.includes('Patient/zhit')
  }
  const hers = fixtures.filter(isHers)
  t.ok(hers.length > 400)
  t.same(await faultsOf(app, hers.flatMap(searchesOf)), [])
})

t.test(':missing tells what has a value of a parameter from what has none', async t => {
  verifies('fhir-rest', 'REST-76')
  const bare = new Map(resources.map(({ type }) => [type, giveTo(minimal(type, 'bare'), 'pat')]))
  await store(engine, [...bare.values()])
  const tries = fixtures.flatMap(({ type, param, hit }): Try[] => [
    { search: `${type}?${param}:missing=false`, finds: named(hit) },
    { search: `${type}?${param}:missing=true`, misses: named(hit) },
  ])
  t.same(await faultsOf(engine, tries), [])
  const complements = resources.flatMap(({ type, searchParam }) =>
    searchParam.filter(({ name }) => !COLUMNS.includes(name)).map(({ name }) => ({ type, name })),
  )
  const wrong: string[] = []
  await inTurn(complements, async ({ type, name }) => {
    const total = async (query: string) => Number((await engine(`/${type}?${query}_summary=count`)).json.total)
    const [all, without, having] = [
      await total(''),
      await total(`${name}:missing=true&`),
      await total(`${name}:missing=false&`),
    ]
    if (without + having !== all) wrong.push(`${type}.${name}: ${without} + ${having} of ${all}`)
  })
  t.same(wrong, [])
})

t.test(':not of a token is the complement of the token', async t => {
  verifies('fhir-rest', 'REST-76')
  const tries = fixtures
    .filter(each => kindOf(each) === 'token')
    .flatMap(({ type, param, hit, miss, queries }) =>
      queries.map(query => ({
        search: `${type}?${param}:not=${encodeURIComponent(query)}`,
        finds: named(miss),
        misses: named(hit),
      })),
    )
  t.ok(tries.length > 200)
  t.same(await faultsOf(engine, tries), [])
})

t.test('the modifiers of strings and references do as they say', async t => {
  verifies('fhir-rest', 'REST-70', 'REST-72')
  const strings = fixtures
    .filter(each => kindOf(each) === 'string')
    .flatMap(({ type, param, hit, miss }): Try[] => [
      { search: `${type}?${param}:contains=HIT`, finds: named(hit), misses: named(miss) },
      { search: `${type}?${param}:exact=zhit`, misses: named(hit) },
      { search: `${type}?${param}=hit`, misses: named(hit) },
    ])
  const references = fixtures
    .filter(
      each => kindOf(each) === 'reference' && each.queries[0]?.includes('/zhit') && !each.queries[0].includes(':'),
    )
    .flatMap(({ type, param, hit, miss, queries: [query = ''] }): Try[] => [
      { search: `${type}?${param}:${query.split('/')[0]}=zhit`, finds: named(hit), misses: named(miss) },
      { search: `${type}?${param}=${s.baseUrl}/fhir/${query}`, finds: named(hit), misses: named(miss) },
      { search: `${type}?${param}=${query},${query}-other`, finds: named(hit), misses: named(miss) },
    ])
  t.ok(strings.length > 50 && references.length > 300)
  t.same(await faultsOf(engine, [...strings, ...references]), [])
})

t.test('what is searched for twice must hold twice', async t => {
  verifies('fhir-rest', 'REST-68')
  const tries = fixtures.flatMap(({ type, param, hit, queries: [query = ''] }): Try[] => {
    const value = encodeURIComponent(query)
    return [
      { search: `${type}?${param}=${value}&${param}=${value}&_id=${hit.id},other`, finds: named(hit) },
      { search: `${type}?${param}=${value}&_id=other`, misses: named(hit) },
      { search: `${type}?${param}=${value}&${param}:missing=true`, misses: named(hit) },
    ]
  })
  t.same(await faultsOf(engine, tries), [])
})

t.test('no parameter that R4 has for a type is accepted without being claimed', async t => {
  verifies('fhir-rest', 'REST-50', 'REST-66')
  const special = ['_filter', '_query', '_type', 'nonsense']
  const accepted: string[] = []
  let refused = 0
  for (const { type, searchParam } of resources) {
    const claimed = new Set(searchParam.map(({ name }) => name))
    for (const name of [...searchParametersOf(type).keys(), ...special].filter(each => !claimed.has(each))) {
      const reply = await engine(`/${type}?${name}=x`)
      const isRight = reply.status === 400 && reply.text.includes(`\\"${name}\\"`)
      if (isRight) refused++
      else accepted.push(`${type}?${name} ${reply.status} ${reply.text.slice(0, 100)}`)
    }
  }
  t.same(accepted, [])
  t.ok(refused > 100)
})

t.test('every include and every revinclude brings along what it names, and nothing else', async t => {
  verifies('fhir-rest', 'REST-62', 'REST-81')
  const types = resources.map(({ type }) => type)
  await store(
    engine,
    types.map(type => minimal(type, 'target')),
  )
  const links = types.flatMap(source =>
    types.flatMap(target =>
      referring(source, target, 'target', {
        id: param => `i-${source}-${param}-${target}`,
        patient: 'pat',
        base: `${s.baseUrl}/fhir`,
      }).map(each => ({ ...each, source, target })),
    ),
  )
  await store(
    engine,
    links.map(({ resource }) => resource),
  )
  const faults: string[] = []
  const worked = new Set<string>()
  await inTurn(links, async ({ source, target, param, resource }) => {
    const forward = await engine(`/${source}?_id=${resource.id}&_include=${source}:${param}`)
    const typed = await engine(`/${source}?_id=${resource.id}&_include=${source}:${param}:${target}`)
    const reverse = await engine(`/${target}?_id=target&_revinclude=${source}:${param}&_count=1000`)
    const others = JSON.stringify(resource)
    for (const [reply, type] of [
      [forward, undefined],
      [typed, target],
    ] as const) {
      const brought = namesOf(reply, 'include')
      const isRight = brought.every(name => others.includes(name) && name.startsWith(type ?? ''))
      if (!brought.includes(`${target}/target`) || !isRight) faults.push(`${resource.id} brings ${brought}`)
    }
    if (!namesOf(reverse, 'include').includes(named(resource)))
      faults.push(`${resource.id} is not brought by _revinclude`)
    if (
      entriesOf(reverse).some(({ resource: each, search }) => search.mode === 'include' && each.resourceType !== source)
    )
      faults.push(`_revinclude=${source}:${param} brings others`)
    worked.add(`${source}:${param}`).add(`${target}<${source}:${param}`)
  })
  const wild = (query: string, wanted: readonly string[], names: readonly string[]) => async () => {
    const brought = new Set(namesOf(await engine(`${query}&_count=1000`), 'include'))
    const missing = wanted.filter(name => !brought.has(name))
    if (missing.length > 0) faults.push(`${query} does not bring ${missing}`)
    for (const name of names) worked.add(name)
  }
  const tries = types.flatMap(type => {
    const from = links.filter(({ source }) => source === type)
    const to = links.filter(({ target }) => target === type)
    const ids = `_id=${from.map(({ resource }) => resource.id)}`
    const targets = from.map(({ target }) => `${target}/target`)
    const sources = [...new Set(to.map(({ source }) => source))]
    const namesOfSources = (some: typeof to) => some.map(({ resource }) => named(resource))
    return [
      ...(from.length > 0 ? [wild(`/${type}?${ids}&_include=*`, targets, ['*'])] : []),
      ...(from.length > 0 ? [wild(`/${type}?${ids}&_include=${type}:*`, targets, [`${type}:*`])] : []),
      ...(to.length > 0 ? [wild(`/${type}?_id=target&_revinclude=*`, namesOfSources(to), [`${type}<*`])] : []),
      ...sources.map(source =>
        wild(`/${type}?_id=target&_revinclude=${source}:*`, namesOfSources(to.filter(each => each.source === source)), [
          `${type}<${source}:*`,
        ]),
      ),
    ]
  })
  await inTurn(tries, each => each())
  t.same(faults, [])
  const claimed = resources.flatMap(({ type, searchInclude = [], searchRevInclude = [] }) => [
    ...searchInclude,
    ...searchRevInclude.map(each => `${type}<${each}`),
  ])
  t.same(
    claimed.filter(each => !worked.has(each)),
    [],
    'each that is claimed was tried',
  )
})
