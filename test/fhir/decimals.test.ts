import t from 'tap'
import { quantityRange } from '../../src/fhir/decimals.ts'

t.test('a decimal covers half a unit of its last digit to each side', async t => {
  const spans: [string, number, number][] = [
    ['100', 99.5, 100.5],
    ['1.00', 0.995, 1.005],
    ['1e2', 50, 150],
    ['1.0e2', 95, 105],
    ['1E-3', 0.0005, 0.0015],
    ['0', -0.5, 0.5],
    ['-0.0', -0.05, 0.05],
    ['-5', -5.5, -4.5],
    ['13.2', 13.15, 13.25],
    ['0.1', 0.05, 0.15],
    ['9007199254740993', 9007199254740992, 9007199254740994],
  ]
  for (const [text, lo, hi] of spans) t.same(quantityRange(text), { lo, hi }, text)
})

t.test('what is no decimal covers nothing', async t => {
  for (const text of ['', 'x', '1.', '.5', '1,5', '--1', ' 1']) {
    const { lo, hi } = quantityRange(text)
    t.ok(Number.isNaN(lo) && Number.isNaN(hi), text)
  }
})
