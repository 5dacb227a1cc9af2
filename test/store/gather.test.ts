import t from 'tap'
import { gather } from '../../src/store/gather.ts'

const LIMITS = { most: 4, many: 3, batches: 2 }

/** An answerer that notes how it was asked; a question below zero cannot be answered, nor anything beside it. */
function noted() {
  const asked: number[][] = []
  const ask = gather<number, string>(async (kind, questions) => {
    asked.push([...questions])
    if (questions.some(question => question < 0)) throw new Error('below zero')
    return questions.map(question => `${kind}${question}`)
  }, LIMITS)
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
