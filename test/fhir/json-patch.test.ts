import t from 'tap'
import { parseJson, stringifyJson } from '../../src/fhir/json.ts'
import { patchInEntry } from '../../src/fhir/patch.ts'
import type { Json } from '../../src/fhir/types.ts'
import { patchFrom } from '../../src/handlers/intent.ts'
import { statusOf } from '../support/refused.ts'

const SODIUM =
  '{"resourceType":"Observation","status":"final","note":[{"text":"a"},{"text":"b"}],"valueQuantity":{"value":1.10,"unit":"mmol/L"}}'

const read = (text: string): unknown => parseJson(text).value

const patched = (patch: string): string => stringifyJson(patchFrom(read(patch))(read(SODIUM) as Json))

t.test('decimals keep their digits, those that stay and those that come', async t => {
  t.match(patched('[]'), '"value":1.10,')
  t.match(patched('[{"op":"replace","path":"/status","value":"amended"}]'), '"value":1.10,')
  t.match(patched('[{"op":"replace","path":"/valueQuantity/value","value":2.500}]'), '"value":2.500,')
  t.match(patched('[{"op":"copy","from":"/valueQuantity","path":"/valueRange"}]'), '"valueRange":{"value":1.10,')
})

t.test('a number is tested by its value, whatever its digits', async t => {
  for (const value of ['1.10', '1.1', '1.100', '11e-1'])
    t.doesNotThrow(() => patched(`[{"op":"test","path":"/valueQuantity/value","value":${value}}]`), value)
  for (const value of ['1.11', '1.1000000000000000000000001', '11e-2', '-1.1', '0', '"1.10"', 'null', '{}'])
    t.equal(
      statusOf(() => patched(`[{"op":"test","path":"/valueQuantity/value","value":${value}}]`)),
      422,
      value,
    )
  t.doesNotThrow(() => patched('[{"op":"test","path":"/note","value":[{"text":"a"},{"text":"b"}]}]'))
  t.equal(
    statusOf(() => patched('[{"op":"test","path":"/note","value":[{"text":"a"}]}]')),
    422,
  )
  t.equal(
    statusOf(() => patched('[{"op":"test","path":"/toString","value":{}}]')),
    422,
  )
})

t.test('only what the resource holds has a place, and a list has places from 0 to its end', async t => {
  const nowhere = [
    '{"op":"add","path":"/note/","value":{"text":"c"}}',
    '{"op":"add","path":"/note/3","value":{"text":"c"}}',
    '{"op":"add","path":"/note/length","value":0}',
    '{"op":"add","path":"/status/0","value":"x"}',
    '{"op":"copy","from":"/note/length","path":"/valueQuantity/value"}',
    '{"op":"copy","from":"/status/length","path":"/valueQuantity/value"}',
    '{"op":"copy","from":"/note/-","path":"/note/0"}',
    '{"op":"test","path":"/note/length","value":2}',
    '{"op":"replace","path":"/note/-","value":{"text":"c"}}',
    '{"op":"remove","path":"/note/-"}',
    '{"op":"remove","path":"/note/2"}',
    '{"op":"move","from":"/note/0","path":"/note/2"}',
    '{"op":"move","from":"/note/2","path":"/note/0"}',
  ]
  for (const operation of nowhere)
    t.equal(
      statusOf(() => patched(`[${operation}]`)),
      422,
      operation,
    )
  t.match(patched('[{"op":"add","path":"/note/2","value":{"text":"c"}}]'), '"b"},{"text":"c"}]')
  t.match(patched('[{"op":"move","from":"/note/0","path":"/note/1"}]'), '[{"text":"b"},{"text":"a"}]')
  t.match(patched('[{"op":"move","from":"/note/1","path":"/note/1"}]'), '[{"text":"a"},{"text":"b"}]')
})

t.test('operations apply in their order', async t => {
  const patch = `[{"op":"remove","path":"/note/0"},{"op":"add","path":"/note/-","value":{"text":"c"}},
    {"op":"move","from":"/note/1","path":"/note/0"},{"op":"add","path":"/note/1","value":{"text":"d"}}]`
  t.match(patched(patch), '"note":[{"text":"c"},{"text":"d"},{"text":"b"}]')
})

t.test('what is left empty goes away', async t => {
  const text = patched('[{"op":"remove","path":"/note/1"},{"op":"remove","path":"/note/0"}]')
  t.notMatch(text, 'note')
})

t.test('a patch that is none is 400, one that does not fit is 422', async t => {
  const malformed = [
    '[1]',
    '[{"op":"_get","path":"/status"}]',
    '[{"op":"delete","path":"/status"}]',
    '[{"op":"add","path":"status","value":1}]',
    '[{"op":"add","path":"/a~2b","value":1}]',
    '[{"op":"add","path":"/note/01","value":1}]',
    '[{"op":"add","path":"/note/4294967296","value":1}]',
    '[{"op":"add","path":"/__proto__/x","value":1}]',
    '[{"op":"add","path":"/status"}]',
    '[{"op":"move","path":"/status"}]',
    '{"op":"add"}',
  ]
  for (const patch of malformed)
    t.equal(
      statusOf(() => patched(patch)),
      400,
      patch,
    )
  const unfit = [
    '[{"op":"remove","path":"/nothing"}]',
    '[{"op":"replace","path":"/nothing","value":1}]',
    '[{"op":"add","path":"/nothing/here","value":1}]',
    '[{"op":"add","path":"/note/3","value":1}]',
    '[{"op":"add","path":"/note/x","value":1}]',
    '[{"op":"copy","from":"/nothing","path":"/status"}]',
    '[{"op":"add","path":"/constructor/prototype/x","value":1}]',
  ]
  for (const patch of unfit)
    t.equal(
      statusOf(() => patched(patch)),
      422,
      patch,
    )
})

t.test('a patch can be applied again: what it puts in place is not its own', async t => {
  const patch = patchFrom(read('[{"op":"add","path":"/subject","value":{"reference":"urn:uuid:1"}}]'))
  const first = patch({ resourceType: 'Observation' }) as { subject: Json }
  first.subject.reference = 'Patient/1'
  t.same(patch({ resourceType: 'Observation' }), { resourceType: 'Observation', subject: { reference: 'urn:uuid:1' } })
})

t.test('an entry of a Bundle carries a JSON Patch in a Binary', async t => {
  const data = Buffer.from('[{"op":"replace","path":"/valueQuantity/value","value":3.0}]').toString('base64')
  const patch = patchFrom(
    patchInEntry({ resourceType: 'Binary', contentType: 'application/json-patch+json', data }, 64),
  )
  t.match(stringifyJson(patch(read(SODIUM) as Json)), '"value":3.0,')
  for (const contentType of ['application/pdf', undefined])
    t.equal(
      statusOf(() => patchInEntry({ resourceType: 'Binary', contentType, data }, 64)),
      400,
    )
  t.equal(
    statusOf(() => patchFrom(patchInEntry(undefined, 64))),
    400,
  )
})
