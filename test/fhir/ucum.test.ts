import fc from 'fast-check'
import t from 'tap'
import { canonicalUnit, isUnit } from '../../src/fhir/ucum.ts'

const same = (a: number, one: string, b: number, other: string): boolean => {
  const [from, to] = [canonicalUnit(one), canonicalUnit(other)]
  return from !== undefined && from.unit === to?.unit && from.scale(a) === to.scale(b)
}

t.test('units that measure the same are compared in the same one', async t => {
  const pairs: [number, string, number, string][] = [
    [1, 'g', 1000, 'mg'],
    [0.3, 'g', 300, 'mg'],
    [5.4, 'mmol/L', 5400, 'umol/L'],
    [140, 'mm[Hg]', 18.66508, 'kPa'],
    [1, 'mg/dL', 10, 'mg/L'],
    [37, 'Cel', 98.6, '[degF]'],
    [37, 'Cel', 310.15, 'K'],
    [50, '%', 0.5, '1'],
    [60, '{beats}/min', 1, '/s'],
    [7, 'mL/min/{1.73_m2}', 7, 'mL/min'],
    [1, '[IU]/L', 1, 'm[IU]/mL'],
    [2, 'kg', 2000, 'g'],
  ]
  for (const [a, one, b, other] of pairs) t.ok(same(a, one, b, other), `${a} ${one} is ${b} ${other}`)
})

t.test('units that measure different things are never compared', async t => {
  for (const [one, other] of [
    ['g', 'm'],
    ['[IU]/L', '/L'],
    ['[IU]/L', "[arb'U]/L"],
    ['L/[IU]', '[IU]/L'],
    ['mg', 'mmol'],
    ['s', '/s'],
  ] as const)
    t.not(canonicalUnit(one)?.unit, canonicalUnit(other)?.unit, `${one} and ${other}`)
})

t.test('what is no unit, or on a scale that is no line, has no canonical form', async t => {
  for (const code of ['', 'tablets', '[pH]', 'dB', '((((', 'constructor', '__proto__', 'x'.repeat(1000), 'mg/', '{'])
    t.equal(canonicalUnit(code), undefined, code.slice(0, 20))
  fc.assert(
    fc.property(fc.string(), code => {
      const found = canonicalUnit(code)
      return found === undefined || Number.isFinite(found.scale(1))
    }),
  )
})

t.test('units of UCUM are known, with annotations and on scales that cannot be compared too', async t => {
  const right = [
    'kg',
    'mm[Hg]',
    '10*9/L',
    '%',
    '/min',
    '[pH]',
    '{score}',
    '{beats}/min',
    'mL/min/{1.73_m2}',
    'g{dry}',
    '1',
  ]
  for (const code of right) t.ok(isUnit(code), code)
  const wrong = ['Kg', 'foo', 'kg/', 'a b', 'm²', '', 'constructor', 'kg{', 'toString/L', 'x'.repeat(81)]
  for (const code of wrong) t.notOk(isUnit(code), code)
})
