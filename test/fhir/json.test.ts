import fc from 'fast-check'
import t from 'tap'
import { decimalOf, parseJson, stringifyJson } from '../../src/fhir/json.ts'
import { FhirError } from '../../src/fhir/outcome.ts'

const roundTrip = (text: string) => stringifyJson(parseJson(text).value)

function refusal(text: string, depth = 64): string {
  try {
    parseJson(text, { depth })
  } catch (error) {
    if (error instanceof FhirError && error.status === 400) return error.message
    throw error
  }
  return 'accepted'
}

t.test('numbers come back with every digit', async t => {
  const numbers =
    '0 1 -1 100 0.5 -0.5 1.10 1.0 0.0 -0 -0.0 1e3 1E3 1e+3 1.5e-7 1e400 0.1000 0.0000001 0.12345678901234567890 ' +
    '9007199254740993 123456789012345678901234567890 123456789.123456 0.30000000000000004 100.00 2.71828182845904'
  for (const number of numbers.split(' ')) {
    const text = `{"value":${number}}`
    t.equal(roundTrip(text), text)
    t.equal(decimalOf((parseJson(text).value as { value: unknown }).value), number)
  }
})

t.test('a number that JavaScript keeps stays a number, for speed and for those who compute with it', async t => {
  t.same(parseJson('[0,7,-3,1.5,0.25,120,98.6]').value, [0, 7, -3, 1.5, 0.25, 120, 98.6])
})

t.test('what is not a number has no decimal', async t => {
  for (const value of ['1.10', 'x', '', null, undefined, true, Number.NaN, Number.POSITIVE_INFINITY, {}]) {
    t.equal(decimalOf(value), undefined)
  }
})

t.test('strings that look like numbers, marks or escapes come back as they were', async t => {
  for (const string of [
    '1.10',
    '\\u00001.10',
    '"\\u00001"',
    '\\',
    '\\\\',
    'é',
    '€',
    '😀',
    '\u2028',
    'a\tb\nc',
    '"',
    '-0',
  ]) {
    for (const text of [JSON.stringify(string), JSON.stringify({ [string]: [string, 1] })])
      t.equal(roundTrip(text), text)
  }
  t.equal((parseJson('"\\ud83d\\ude00 \\u00e9"').value as string).normalize(), '😀 é')
  t.equal(roundTrip('"\\\\u00001.10"'), '"\\\\u00001.10"')
  t.equal(roundTrip('["a\\\\",1.0,"\\\\\\"",2.0]'), '["a\\\\",1.0,"\\\\\\"",2.0]')
})

t.test('any JSON comes back equal', async () => {
  const number = fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/)
  const scalar = fc.oneof(
    number,
    fc.string({ unit: 'binary' }).map(one => JSON.stringify(one.replaceAll(/[\u0000\ud800-\udfff]/g, '😀'))),
    fc.constantFrom('true', 'false', 'null'),
  )
  const { json } = fc.letrec<{ json: string }>(tie => ({
    json: fc.oneof(
      { maxDepth: 4 },
      scalar,
      fc.array(tie('json'), { maxLength: 4 }).map(items => `[${items.join(',')}]`),
      fc
        .uniqueArray(fc.tuple(fc.string({ minLength: 1 }), tie('json')), { selector: ([name]) => name, maxLength: 4 })
        .map(members => members.filter(([name]) => !/^\d+$|^__proto__$/.test(name) && !name.includes('\u0000')))
        .map(members => `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`),
    ),
  }))
  fc.assert(
    fc.property(json, text => roundTrip(text) === text),
    { numRuns: 1000 },
  )
})

t.test('white space between the tokens is accepted, and a byte order mark before them', async t => {
  t.same(parseJson('\ufeff { "a" : [ 1 , 2 ] ,\r\n\t"b" : { } } ').value, { a: [1, 2], b: {} })
})

t.test('nesting beyond the limit is refused with the limit, however long the text', async t => {
  t.equal(refusal(`${'['.repeat(64)}${']'.repeat(64)}`), 'accepted')
  t.match(refusal(`${'['.repeat(65)}${']'.repeat(65)}`), /deeper than 64 levels/)
  t.match(refusal('['.repeat(1e7)), /deeper than 64 levels/)
  t.match(refusal('{"a":'.repeat(1e6)), /deeper than 64 levels/)
  t.match(refusal('[[[1]]]', 2), /deeper than 2 levels/)
  t.equal(refusal('["[[[[", "{{{{"]', 1), 'accepted', 'brackets in strings do not nest')
})

t.test('U+0000 in a string is refused, an escaped backslash before u0000 is not', async t => {
  t.match(refusal('{"a":"\\u00001.10"}'), /line 1, column 7.*u0000/)
  t.match(refusal(`{"a":"${'x'.repeat(100)}\\u0000"}`), /u0000/)
  t.match(refusal('{"\\u0000":1}'), /u0000/)
  t.equal(refusal('"\\\\u0000"'), 'accepted')
  t.match(refusal('"\\\\\\u0000"'), /u0000/)
})

t.test('half a surrogate pair is refused, for it could not be sent back', async t => {
  for (const text of ['"\\ud800"', '"\\ud800x"', '"\\udc00"', '"\\udc00\\ud800"', '"\\uD83D\\n"', '{"\\udFFF":1}']) {
    t.match(refusal(text), /contains .u[dD].*does not allow/, text)
  }
  t.equal(refusal('"\\uD83D\\uDE00\\ud83d\\ude00 \\\\ud800"'), 'accepted')
})

t.test('a member that is there twice is refused, also when it is spelt differently', async t => {
  t.match(refusal('{"id":"a",\n "id":"b"}'), /line 2, column 2, the member "id" is there twice/)
  t.match(refusal('{"id":"a","\\u0069d":"b"}'), /the member "id" is there twice/)
  t.match(refusal('[{"a":{"b":1,"b":1}}]'), /the member "b" is there twice/)
  t.equal(refusal('[{"a":{"a":1}},{"a":1}]'), 'accepted')
})

t.test('__proto__ is refused as a member name, not as a value', async t => {
  t.match(refusal('{"__proto__":{"x":1}}'), /"__proto__" is not accepted/)
  t.match(refusal('{"\\u005f_proto__":1}'), /"__proto__" is not accepted/)
  t.equal(refusal('"__proto__"'), 'accepted')
})

t.test('what is not JSON is refused with the place and what was expected there', async t => {
  const wrong: [string, RegExp][] = [
    ['', /line 1, column 1, the text ends where a value was expected/],
    ['{"a":1,}', /line 1, column 8, a member name in double quotes was expected, not "}"/],
    ['{"a":1\n "b":2}', /line 2, column 2, "," or "}" was expected, not /],
    ['{"a" 1}', /column 6, ":" was expected/],
    ['[1 2]', /column 4, "," or "\]" was expected/],
    ['[1,]', /column 4, a value was expected/],
    ['{"a":01}', /column 7/],
    ['{"a":1.}', /column 7/],
    ['{"a":1.0.0}', /column 9/],
    ['{"a":-}', /column 6, a value was expected/],
    ['{"a":1.0e}', /column 9/],
    ['{"a":.5}', /column 6/],
    ['{"a":+1}', /column 6/],
    ['{"a":NaN}', /column 6, a value was expected, not "NaN}"/],
    ["{'a':1}", /column 2, a member name in double quotes/],
    ['"abc', /a string begins that is never closed/],
    ['"a\nb"', /control character or a wrong escape/],
    ['"a\\x"', /wrong escape/],
    ['[1]]', /column 4, the end of the text was expected/],
    ['nul', /a value was expected, not "nul"/],
    ['{"a":\\u0000}', /not allow|value was expected/],
  ]
  for (const [text, message] of wrong) t.match(refusal(text), message, text)
})

t.test('no more than twenty characters of the text are quoted back', async t => {
  t.equal(
    refusal('{"family":Smith-Jones, Alice, born 1950-01-01}'),
    'The body is not valid JSON: at line 1, column 11, a value was expected, not "Smith-Jones, Alice,…"',
  )
})

t.test('a fault at the end of a large text is found without overflowing the stack', async t => {
  t.match(refusal(`["${'a'.repeat(5e6)}", x]`), /a value was expected/)
  t.match(refusal(`["${'\\n'.repeat(2e6)}", x]`), /a value was expected/)
  t.match(refusal(`[${'1,'.repeat(1e6)}]`), /a value was expected/)
})
