import fc from 'fast-check'
import t from 'tap'
import { foldString } from '../../src/fhir/strings.ts'

t.test('case, accents, spaces and apostrophes do not matter', async t => {
  const same = [
    ['Müller', 'MULLER', 'mu\u0308ller'],
    ['Straße', 'STRASSE', 'strasse'],
    ['O’Brien', "o'brien", 'O‘Brien'],
    ['İstanbul', 'istanbul', 'ISTANBUL'],
    ['ısı', 'isi'],
    ['ΟΔΟΣ', 'οδος', 'οδοσ'],
    ['  High \u00a0 Street\t1 ', 'high street 1'],
    ['ﬁsh', 'fish'],
    ['Zoë', 'ZOE'],
  ]
  for (const [first = '', ...others] of same) for (const other of others) t.equal(foldString(first), foldString(other))
})

t.test('different names stay different', async t => {
  t.not(foldString('Ann'), foldString('Anne'))
  t.not(foldString('Møller'), foldString('Moller'))
  t.equal(foldString('王小明'), '王小明')
})

t.test('folding twice changes nothing', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => foldString(foldString(text)) === foldString(text)),
    {
      numRuns: 2000,
    },
  )
})
