// Searches compared with a filter in memory, over conditions and orders that nobody thought of.
import fc from 'fast-check'
import t from 'tap'
import { client, linkOf, namesOf, type Reply, store } from './support/client.ts'
import { patient } from './support/made.ts'
import { EVERYBODYS } from './support/search-names.ts'
import {
  around,
  type Condition,
  condition,
  ORDERS,
  PRESENCE,
  resourceOf,
  type Sample,
  samples,
  tokenCondition,
  twoOfOne,
} from './support/search-oracle.ts'
import { spanOf } from './support/search-spans.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken } from './support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const pat = client(s, await patientToken(s, 'pat'))
const all = samples(60, 42)
const others = samples(60, 43).map(sample => ({ ...sample, id: `o${sample.id}` }))

await store(engine, [
  patient('pat'),
  patient('other'),
  ...all.map(sample => resourceOf(sample, 'pat')),
  ...others.map(sample => resourceOf(sample, 'other')),
  ...around(all, 'pat'),
  ...around(others, 'other'),
  ...EVERYBODYS,
])

const RUNS = { numRuns: 40, seed: 7 }
const query = (
  conditions: readonly Pick<Condition, 'name' | 'value'>[],
  more: readonly [string, string][] = [],
): string =>
  [...conditions.map(({ name, value }) => [name, value] as const), ...more]
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&')

const idsIn = (reply: Reply): string[] => namesOf(reply, 'match').map(name => name.replace('Observation/', ''))

/** The ids that a search finds, in its order; it must be a good one. */
async function found(asked: string): Promise<string[]> {
  const reply = await pat(`/Observation?_count=200&${asked}`)
  if (reply.status !== 200) throw new Error(`${asked}: ${reply.text}`)
  return idsIn(reply)
}

const sorted = (ids: Iterable<string>): string[] => [...ids].sort()
const filtered = (keep: (sample: Sample) => boolean): string[] => sorted(all.filter(keep).map(({ id }) => id))

const equal = (actual: readonly string[], expected: readonly string[], what: string): void => {
  if (actual.join() !== expected.join()) throw new Error(`${what} gives ${actual}, not ${expected}`)
}

const conditions = fc.array(condition, { minLength: 0, maxLength: 3 })

t.test('a search finds what a filter of all resources keeps, counts it, and a form finds the same', async t => {
  await fc.assert(
    fc.asyncProperty(conditions, async asked => {
      const expected = filtered(sample => asked.every(each => each.holds(sample)))
      const text = query(asked)
      equal(sorted(await found(text)), expected, text)
      const counted = await pat(`/Observation?${text}&_summary=count`)
      if (counted.json.total !== expected.length) throw new Error(`${text} counts ${counted.json.total}`)
      const form = new URLSearchParams([
        ...asked.map(({ name, value }): [string, string] => [name, value]),
        ['_count', '200'],
      ])
      equal(
        idsIn(await pat('/Observation/_search', { method: 'POST', body: form })),
        await found(text),
        `the form ${form}`,
      )
    }),
    { ...RUNS, numRuns: 80 },
  )
  t.pass('for all conditions')
})

t.test('two conditions find the intersection, two alternatives the union', async t => {
  await fc.assert(
    fc.asyncProperty(condition, condition, async (a, b) => {
      const [one, two] = [new Set(await found(query([a]))), new Set(await found(query([b])))]
      equal(sorted(await found(query([a, b]))), sorted([...one].filter(id => two.has(id))), `${query([a, b])}`)
    }),
    RUNS,
  )
  await fc.assert(
    fc.asyncProperty(twoOfOne, async ([a, b]) => {
      const union = new Set([...(await found(query([a]))), ...(await found(query([b])))])
      const either = { name: a.name, value: `${a.value},${b.value}` }
      equal(sorted(await found(query([either]))), sorted(union), query([either]))
    }),
    RUNS,
  )
  t.pass('for all conditions')
})

t.test(':not finds the complement, and so does each half of :missing', async t => {
  await fc.assert(
    fc.asyncProperty(tokenCondition, async ({ name, value, holds }) => {
      const asked = query([{ name: `${name}:not`, value }])
      equal(
        sorted(await found(asked)),
        filtered(sample => !holds(sample)),
        asked,
      )
    }),
    RUNS,
  )
  for (const [param, isPresent] of Object.entries(PRESENCE)) {
    t.same(sorted(await found(`${param}:missing=false`)), filtered(isPresent), param)
    t.same(
      sorted(await found(`${param}:missing=true`)),
      filtered(sample => !isPresent(sample)),
      `no ${param}`,
    )
  }
})

type Order = { readonly param: string; readonly descending: boolean }
const order: fc.Arbitrary<Order> = fc.record({
  param: fc.constantFrom(...Object.keys(ORDERS)),
  descending: fc.boolean(),
})
const sortOf = (orders: readonly Order[]): string =>
  orders.map(({ param, descending }) => `${descending ? '-' : ''}${param}`).join(',')

/** How two samples are ordered; 0 where the order does not say. What has no value comes last. */
function compare(orders: readonly Order[], a: Sample, b: Sample): number {
  for (const { param, descending } of orders) {
    // Where the last comes first, what has no beginning is with what has no date: neither comes before anything.
    const [one, two] = [a, b].map(sample => {
      const value = ORDERS[param]?.(sample)
      return descending && value === Number.NEGATIVE_INFINITY ? undefined : value
    })
    if (one === two) continue
    if (one === undefined) return 1
    if (two === undefined) return -1
    return one < two === descending ? 1 : -1
  }
  return 0
}

const byId = new Map(all.map(sample => [sample.id, sample]))

t.test('an order is total, right and the same each time', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(order, { minLength: 1, maxLength: 3 }), conditions, async (orders, asked) => {
      const text = `${query(asked, [['_sort', sortOf(orders)]])}`
      const ids = await found(text)
      equal(
        sorted(ids),
        filtered(sample => asked.every(each => each.holds(sample))),
        text,
      )
      for (let at = 1; at < ids.length; at++) {
        const [before, after] = [byId.get(ids[at - 1] ?? ''), byId.get(ids[at] ?? '')]
        if (!before || !after || compare(orders, before, after) > 0) throw new Error(`${text}: ${ids}`)
      }
      equal(await found(text), ids, text)
    }),
    { ...RUNS, numRuns: 60 },
  )
  t.pass('for all orders')
})

t.test('the pages of a list are the whole list, once, while others write', async t => {
  let isOver = false
  let number = 0
  const write = async () => {
    while (!isOver) {
      const sample = all[number++ % all.length] as Sample
      await store(engine, [resourceOf({ ...sample, id: `w${number}` }, 'pat')])
      if (number % 3 === 0) await engine(`/Observation/w${number - 1}`, { method: 'DELETE' })
    }
  }
  const writing = write()
  const pages = fc.integer({ min: 3, max: 25 })
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(order, { maxLength: 2 }), conditions, pages, async (orders, asked, size) => {
        const more: [string, string][] = [['_count', String(size)]]
        if (orders.length > 0) more.push(['_sort', sortOf(orders)])
        const shown: string[] = []
        for (let next: string | undefined = `/Observation?${query(asked, more)}`; next !== undefined; ) {
          const reply: Reply = await pat(next)
          shown.push(...idsIn(reply))
          next = linkOf(reply, 'next')
        }
        const text = query(asked, more)
        if (new Set(shown).size !== shown.length) throw new Error(`${text} repeats: ${shown}`)
        const expected = filtered(sample => asked.every(each => each.holds(sample)))
        equal(sorted(shown.filter(id => byId.has(id))), expected, text)
      }),
      { ...RUNS, numRuns: 20 },
    )
  } finally {
    isOver = true
    await writing
  }
  t.ok(number > 0, `${number} were written meanwhile`)
})

t.test('the months of a year add up to it, with what is of no month alone', async t => {
  const year = await found('date=2026')
  const months = await Promise.all(
    Array.from({ length: 12 }, (_, index) => found(`date=2026-${String(index + 1).padStart(2, '0')}`)),
  )
  const isWide = ({ date }: Sample) => date !== undefined && spanOf(date)[1] - spanOf(date)[0] > 31 * 86_400_000
  const ofNone = year.filter(id => byId.has(id) && isWide(byId.get(id) as Sample))
  const known = (ids: readonly string[]) => sorted(ids.filter(id => byId.has(id)))
  t.same(known([...months.flat(), ...ofNone]), known(year))
  t.equal(new Set(months.flat()).size, months.flat().length, 'no resource is of two months')
})
