import t from 'tap'
import { prettyJson } from '../../src/fhir/pretty.ts'

t.test('it is laid out as JSON.stringify does it', async t => {
  for (const value of [
    { a: [1, 'x', { b: null }], c: { d: 'e: {[,]}' } },
    { a: 'quote " and \\', b: '\\"' },
    { a: 'é\n' },
  ])
    t.equal(prettyJson(JSON.stringify(value)), JSON.stringify(value, undefined, 2))
})

t.test('numbers stay as they are written', async t => {
  t.equal(prettyJson('{"value":1.00,"other":[1e3,-0]}'), '{\n  "value": 1.00,\n  "other": [\n    1e3,\n    -0\n  ]\n}')
})

t.test('what is laid out already is laid out the same', async t => {
  const text = JSON.stringify({ a: [1, { b: 'c' }] }, undefined, 2)
  t.equal(prettyJson(text), text)
})
