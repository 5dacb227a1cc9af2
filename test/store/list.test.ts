// Lists that are asked for at the same time go to the database as one statement: each must be its asker's own all the same.
import t from 'tap'
import { client, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { giveTo } from '../support/search-fixture.ts'
import { server } from '../support/server.ts'
import { statementsOf } from '../support/statements.ts'
import { auditLines } from '../support/stored.ts'
import { engineToken, patientToken } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const PEOPLE = ['alice', 'bea', 'cyd', 'dev']
const MONTHS = ['01', '02', '03', '04', '05']
await store(engine, [
  ...PEOPLE.map(id => ({ ...minimal('Patient', id), identifier: [{ system: 'urn:list', value: id }] })),
  ...PEOPLE.flatMap(id =>
    MONTHS.map(month => ({
      ...giveTo(minimal('Observation', `${id}-${month}`), id),
      status: month === '03' ? 'amended' : 'final',
      effectiveDateTime: `2024-${month}-01`,
    })),
  ),
])
const apps = new Map(await Promise.all(PEOPLE.map(async id => [id, client(s, await patientToken(s, id))] as const)))
const ids = (json: { entry?: { resource: { id: string } }[] }) => (json.entry ?? []).map(({ resource }) => resource.id)

/** What each of the questions must find, by the months of one's own results. */
const QUESTIONS: [string, string[]][] = [
  ['_sort=-date', ['05', '04', '03', '02', '01']],
  ['_sort=date&_count=2', ['01', '02']],
  ['_sort=-date&_count=2', ['05', '04']],
  ['date=ge2024-04-01&_sort=-date', ['05', '04']],
  ['date=ge2024-02-01&_sort=-date&_count=1', ['05']],
  ['status=amended', ['03']],
  ['status=final&_sort=-date', ['05', '04', '02', '01']],
  ['status=final,amended&_sort=-date', ['05', '04', '03', '02', '01']],
  ['status:not=final', ['03']],
  ['date=lt2020', []],
]

t.test('of many lists asked for at once by many people, each gets her own and nothing else', async t => {
  for (let round = 0; round < 4; round++) {
    const wrong: string[] = []
    await Promise.all(
      [...apps].flatMap(([who, app]) =>
        QUESTIONS.map(async ([query, months]) => {
          const { status, json } = await app(`/Observation?${query}`)
          const found = ids(json)
          if (status !== 200 || String(found) !== String(months.map(month => `${who}-${month}`)))
            wrong.push(`${who} ${query} ${status} ${found}`)
        }),
      ),
    )
    t.same(wrong, [])
  }
})

t.test('a list that names somebody else is empty, also among those of whom it names', async t => {
  const replies = await Promise.all(
    [...apps].flatMap(([who, app]) =>
      PEOPLE.map(async whose => ({
        who,
        whose,
        found: ids((await app(`/Observation?patient=${whose}&_count=50`)).json),
      })),
    ),
  )
  for (const { who, whose, found } of replies) t.equal(found.length, who === whose ? 5 : 0, `${who} asks for ${whose}`)
})

t.test('the pages of a list, walked by many at once, are all of it without repetition', async t => {
  const walk = async (app: typeof engine): Promise<string[]> => {
    const found: string[] = []
    let next: string | undefined = '/Observation?_sort=-date&_count=2'
    while (next) {
      const { json } = await app(next)
      found.push(...ids(json))
      const links = json.link as { relation: string; url: string }[]
      next = links.find(({ relation }) => relation === 'next')?.url.replace(/^.*\/fhir/, '')
    }
    return found
  }
  const walks = await Promise.all([...apps].map(async ([who, app]) => [who, await walk(app)] as const))
  for (const [who, found] of walks)
    t.same(
      found,
      [...MONTHS].reverse().map(month => `${who}-${month}`),
    )
})

t.test(
  'of what engines ask for at once by identifier, by patient and by id, each answer is that of its question',
  async t => {
    const asked: [string, string[]][] = PEOPLE.flatMap((who): [string, string[]][] => [
      [`/Patient?identifier=urn:list|${who}`, [who]],
      [`/Patient?identifier=urn:list|${who},urn:list|nobody&_lastUpdated=gt2000`, [who]],
      [`/Patient?identifier=urn:list|${who}&gender=male`, []],
      [`/Patient?identifier=urn:list|nobody-${who}`, []],
      [`/Patient?_id=${who}`, [who]],
      [`/Observation?patient=${who}&_sort=-date&_count=2`, [`${who}-05`, `${who}-04`]],
      [`/Observation?patient=${who}&_sort=date&_count=2`, [`${who}-01`, `${who}-02`]],
      [`/Observation?patient=${who}&status=amended`, [`${who}-03`]],
      [`/Observation?_id=${who}-01,${who}-02&_sort=-_id`, [`${who}-02`, `${who}-01`]],
    ])
    for (let round = 0; round < 3; round++) {
      const replies = await Promise.all(asked.map(async ([path]) => ids((await engine(path)).json)))
      t.same(
        replies,
        asked.map(([, found]) => found),
      )
    }
  },
)

t.test('what many engines ask for at once is looked up by fewer statements than they are', async t => {
  const searches = PEOPLE.flatMap(who => [1, 2, 3].map(() => `/Patient?identifier=urn:list|${who}`))
  const statements = await statementsOf(s.pool, ['patient'], () => Promise.all(searches.map(each => engine(each))))
  t.ok(statements.length > 0 && statements.length < searches.length, `${statements.length} statements`)
})

t.test('each list of many is recorded with what was found for its asker', async t => {
  await Promise.all([...apps].map(([, app]) => app('/Observation?status=amended&_count=7')))
  const lines = (await auditLines(s.pool)).filter(line => String(line[3]).includes('_count=7'))
  t.same(
    lines.map(line => [line[5], line[8]]).sort(),
    PEOPLE.map(who => [who, { ids: [`Observation/${who}-03`] }]),
  )
})
