import t from 'tap'
import { turns } from '../../src/store/turns.ts'

t.test('so much work is under way at once, in its order, and what fails gives its turn on', async t => {
  const inTurn = turns(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const work = (number: number) =>
    inTurn(async () => {
      begun.push(number)
      await new Promise<void>(resolve => ends.push(resolve))
      if (number === 1) throw new Error('one')
      return number
    })
  const all = [1, 2, 3, 4].map(work)
  const settled = Promise.allSettled(all)
  await Promise.resolve()
  t.same(begun, [1, 2])
  ends[0]?.()
  await t.rejects(Promise.all(all.slice(0, 1)), { message: 'one' })
  t.same(begun, [1, 2, 3])
  ends[1]?.()
  t.equal(await all[1], 2)
  t.same(begun, [1, 2, 3, 4])
  for (const end of ends) end()
  t.same(
    (await settled).map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
})
