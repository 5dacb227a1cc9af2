import t from 'tap'
import { type Client, client, linkOf, namesOf, type Reply, store } from '../support/client.ts'
import { observation, patient } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const pat = client(s, await patientToken(s, 'pat'))
const RESULTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

await store(engine, [
  patient('pat'),
  ...RESULTS.map((id, day) => observation(id, 'pat', { effectiveDateTime: `2026-01-0${9 - day}` })),
])

/** The pages of a list, each link followed with something added to it. */
async function pagesOf(asked: Client, first: string, added: string): Promise<Reply[]> {
  const pages = [await asked(first)]
  for (;;) {
    const next = linkOf(pages.at(-1) as Reply, 'next')
    if (next === undefined) return pages
    pages.push(await asked(next + added))
  }
}

const sizes = (pages: readonly Reply[]): number[] => pages.map(page => namesOf(page).length)

t.test('who follows a page link may ask for larger or smaller pages from there on', async t => {
  verifies('fhir-rest', 'REST-64')
  const all = RESULTS.map(id => `Observation/${id}`)
  const [larger, smaller] = [
    await pagesOf(pat, '/Observation?_count=2', '&_count=1000'),
    await pagesOf(pat, '/Observation?_count=5', '&_count=1&_format=json'),
  ]
  t.same(sizes(larger), [2, 5])
  t.same(sizes(smaller), [5, 1, 1])
  for (const pages of [larger, smaller])
    t.same(
      pages.flatMap(page => namesOf(page)),
      all,
    )

  const [, second] = smaller as [Reply, Reply]
  t.match(linkOf(second, 'self'), /\?_page=[\w-]+&_count=1$/)
  t.same(namesOf(await pat(linkOf(second, 'self') ?? '')), namesOf(second), 'and the page says how it was asked for')
  t.same((await pat(`${linkOf(smaller[0] as Reply, 'next')}&_count=0`)).json.total, 7)
})

t.test('so it is for histories and whole records', async t => {
  for (const path of ['/_history', '/Observation/_history', '/Patient/pat/$everything']) {
    const pages = await pagesOf(pat, `${path}?_count=3`, '&_count=2')
    const whole = namesOf(await pat(path))
    t.same(
      pages.flatMap(page => namesOf(page)),
      whole,
      path,
    )
    t.same(sizes(pages).slice(0, 2), [3, 2], path)
  }
})

t.test('a page link takes nothing else, and no size that is none', async t => {
  const next = linkOf(await pat('/Observation?_count=2'), 'next') ?? ''
  const everything = linkOf(await pat('/Patient/pat/$everything?_count=2'), 'next') ?? ''
  for (const link of [next, everything])
    for (const added of ['&_count=many', '&_count=-1', '&code=x', '&_since=2026-01-01']) {
      const { status, text } = await pat(link + added)
      t.match(`${status} ${text}`, /^400 .*OperationOutcome/, added)
    }
})
