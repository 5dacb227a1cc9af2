import t from 'tap'
import { PRIMITIVES } from '../../src/fhir/primitives.ts'

/** Values that are, and values that are not, of each datatype: https://hl7.org/fhir/R4/datatypes.html#primitive */
const values: Record<string, [right: unknown[], wrong: unknown[]]> = {
  boolean: [
    [true, false],
    ['true', 0, null, {}],
  ],
  integer: [
    [0, -2147483648, 2147483647],
    [1.5, 2147483648, '1', '\u00001.0', null],
  ],
  positiveInt: [
    [1, 2147483647],
    [0, -1, '1'],
  ],
  unsignedInt: [
    [0, 2147483647],
    [-1, '\u0000-0'],
  ],
  decimal: [
    [0, 1.5, '\u00001.10', '\u00001e400', '\u0000-1E-0999'],
    ['1.10', '', null, `\u0000${'1'.repeat(64)}`, '\u00001e1000', '\u00001E-1000000000', '\u00000e+00123456'],
  ],
  string: [
    ['x', ' x', '\u00a0', 'a\r\n\tb', '😀', '\u007f'],
    ['', ' ', '\n', 'a\u0000', 'a\u001f', 1, null, []],
  ],
  markdown: [['# x'], ['', '\u0007', 1]],
  uri: [
    ['urn:a', 'x', '#'],
    ['', 'a b', 'a\n', 'a\u00a0b', 1],
  ],
  url: [['http://x'], ['', ' http://x']],
  canonical: [['http://x|1'], ['', 'a b']],
  oid: [
    ['urn:oid:1.2.3', 'urn:oid:2.16.840'],
    ['1.2.3', 'urn:oid:3.1', 'urn:oid:1', 'urn:oid:1.02', 'urn:oid:1.2.'],
  ],
  uuid: [
    ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
    ['c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:c757873dec9a4326a141556f43239520', 'urn:uuid:'],
  ],
  id: [
    ['a', 'A-1.z', 'a'.repeat(64)],
    ['', 'a_b', 'a b', 'a/b', 'ä', 'a'.repeat(65), 1],
  ],
  code: [
    ['a', 'a b', 'a/b'],
    ['', ' a', 'a ', 'a  b', '\ta', 1],
  ],
  date: [
    ['2024', '2024-02', '2024-02-29'],
    ['24', '2023-02-29', '2024-02-29T00:00:00Z', '2024-2', '', 2024],
  ],
  dateTime: [
    ['2024', '2024-02-29', '2024-02-29T10:30:00Z', '2024-02-29T10:30:00.123456+05:30', '2024-02-29T10:30:00-12:00'],
    ['2024-02-29T10:30:00', '2024-02-29T10:30Z', '2024-02-29T10', '2024-02-29T10:30:00+15:00', '', 2024],
  ],
  instant: [
    ['2024-02-29T10:30:00Z', '2024-02-29T10:30:00.1Z', '2024-02-29T23:59:60+00:00'],
    ['2024-02-29', '2024-02-29T10:30:00', '2024-02-29T10:30Z', '2024-02-30T10:30:00Z', '2024-02-29T10:30+01:00'],
  ],
  time: [
    ['00:00:00', '23:59:59.999'],
    ['24:00:00', '10:30', '10:30:00Z', '1:00:00', ''],
  ],
  base64Binary: [
    ['aGVsbG8=', 'aGVs bG8=\r\n', 'AA==', '+/+/'],
    ['', 'a', 'aGVsbG8', 'a===', 'AA=A', 'aé==', '====', 1],
  ],
  xhtml: [['<div xmlns="http://www.w3.org/1999/xhtml">x</div>'], ['', '<p/>', 1, null]],
}

t.test('each datatype accepts its values and no others', async t => {
  for (const [name, [right, wrong]] of Object.entries(values)) {
    const primitive = PRIMITIVES.get(name)
    for (const value of right) t.equal(primitive?.accepts(value), true, `${name} ${JSON.stringify(value)}`)
    for (const value of wrong) t.equal(primitive?.accepts(value), false, `${name} ${JSON.stringify(value)}`)
  }
})

t.test('every primitive datatype is tried here', async t => {
  t.same([...PRIMITIVES.keys()].sort(), Object.keys(values).sort())
})

t.test('long and hostile values are judged in linear time', async t => {
  const begin = Date.now()
  for (const { accepts } of PRIMITIVES.values()) {
    for (const part of ['A', ' ', 'a ', '=', '1', '-', '\n', '0.', '<div ', '&#']) accepts(`${part.repeat(300_000)}!`)
  }
  t.ok(Date.now() - begin < 5000, `${Date.now() - begin} ms`)
})
