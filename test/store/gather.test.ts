import t from 'tap'
import { gather } from '../../src/store/gather.ts'

const LIMITS = { most: 4, many: 3, batches: 2, patience: 1 }
// Longer than any test: only the number of questions ends the waiting.
const VERY_PATIENT = { ...LIMITS, patience: 3_600_000 }

/** An answerer that notes how it was asked; a question below zero cannot be answered, nor anything beside it. */
function noted(limits = LIMITS) {
  const asked: number[][] = []
  const ask = gather<number, string>(async (kind, questions) => {
    asked.push([...questions])
    if (questions.some(question => question < 0)) throw new Error('below zero')
    return questions.map(question => `${kind}${question}`)
  }, limits)
  return { asked, ask }
}

t.test('questions of one turn are asked together, at most so many at once, each with its own answer', async t => {
  const { asked, ask } = noted()
  t.same(await Promise.all([1, 2, 3, 4, 5, 6].map(n => ask('a', n))), ['a1', 'a2', 'a3', 'a4', 'a5', 'a6'])
  t.same(asked, [
    [1, 2, 3, 4],
    [5, 6],
  ])
})

const turn = () => new Promise(resolve => setImmediate(resolve))

t.test('who asks after many have asked together waits for as many as those were', async t => {
  const { asked, ask } = noted(VERY_PATIENT)
  await Promise.all([1, 2, 3].map(n => ask('a', n)))
  const first = ask('a', 4)
  await turn()
  await turn()
  t.equal(asked.length, 1)
  await Promise.all([first, ask('a', 5), ask('a', 6)])
  t.same(asked.slice(1), [[4, 5, 6]])
})

t.test('who stays alone is answered when the time of patience is over, and the next one at once', async t => {
  const { asked, ask } = noted()
  await Promise.all([1, 2, 3].map(n => ask('a', n)))
  t.equal(await ask('a', 4), 'a4')
  const next = ask('a', 5)
  await turn()
  await turn()
  t.same(asked.slice(1), [[4], [5]])
  t.equal(await next, 'a5')
})

t.test('questions of different kinds are never asked together', async t => {
  const { asked, ask } = noted()
  t.same(await Promise.all([ask('a', 1), ask('b', 1), ask('a', 2)]), ['a1', 'b1', 'a2'])
  t.same(asked, [[1, 2], [1]])
})

t.test('one that cannot be answered does not fail its neighbours', async t => {
  const { ask } = noted()
  const answers = await Promise.allSettled([ask('a', 1), ask('a', -1), ask('a', 2)])
  t.same(
    answers.map(each => (each.status === 'fulfilled' ? each.value : each.reason.message)),
    ['a1', 'below zero', 'a2'],
  )
})
