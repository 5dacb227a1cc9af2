import t from 'tap'
import { filtered } from '../../../src/validation/profiles/filters.ts'

const codeSystem = {
  content: 'complete',
  concept: [
    { code: 'a', concept: [{ code: 'b', property: [{ code: 'status', valueCode: 'old' }] }, { code: 'c' }] },
    {
      code: 'd',
      property: [
        { code: 'child', valueCode: 'c' },
        { code: 'child', valueCode: 'e' },
      ],
    },
    { code: 'e', concept: [{ code: 'f' }] },
    {
      code: 'g',
      property: [
        { code: 'subsumedBy', valueCode: 'd' },
        { code: 'child', valueCode: 'd' },
      ],
    },
  ],
}
const codes = (...filters: [property: string, op: string, value: string][]) =>
  filtered(
    codeSystem,
    filters.map(([property, op, value]) => ({ property, op, value })),
  )?.sort()

t.test('what is a concept is itself and what is below it, by nesting and by properties', async t => {
  t.same(codes(['concept', 'is-a', 'a']), ['a', 'b', 'c'])
  t.same(codes(['concept', 'is-a', 'd']), ['c', 'd', 'e', 'f', 'g'], 'also where concepts are below each other')
  t.same(codes(['concept', 'descendent-of', 'a']), ['b', 'c'])
  t.same(codes(['code', 'is-not-a', 'a']), ['d', 'e', 'f', 'g'])
  t.same(codes(['concept', 'is-a', 'a'], ['concept', 'is-a', 'd']), ['c'], 'all filters have to hold')
  t.same(codes(['concept', 'is-a', 'nothing']), [])
})

t.test('a property has a value', async t => {
  t.same(codes(['status', '=', 'old']), ['b'])
})

t.test('what cannot be told is not guessed', async t => {
  t.equal(codes(['status', 'regex', 'o.*']), undefined)
  t.equal(codes(['concept', 'is-a', 'a'], ['status', 'exists', 'true']), undefined)
  t.equal(filtered({ ...codeSystem, content: 'fragment' }, []), undefined)
  t.equal(filtered(undefined, []), undefined)
})
