import t from 'tap'
import { NHS_NUMBER } from '../../src/fhir/nhs-number.ts'
import { verifies } from '../support/verifies.ts'

const { plain, fault } = NHS_NUMBER

t.test('an NHS number is right whose last digit checks the other nine', async t => {
  verifies('fhir-rest', 'REST-103')
  for (const number of ['9999458076', '9993021571', '9992914173', '9990000018', '9990000050'])
    t.equal(fault(number), undefined, number)
})

t.test('a mistyped digit is noticed at every place, and so are two that are swapped', async t => {
  const right = '9999458076'
  for (const [index, digit] of [...right].entries()) {
    const wrong = right.slice(0, index) + ((Number(digit) + 1) % 10) + right.slice(index + 1)
    t.match(fault(wrong), /check digit/, wrong)
  }
  t.match(fault('9999548076'), /check digit/)
})

t.test('nine digits to which no digit fits begin no NHS number', async t => {
  for (let last = 0; last < 10; last++) t.match(fault(`999000014${last}`), /check digit/)
})

t.test('one digit ten times is no NHS number, though its check digit is right', async t => {
  for (let digit = 0; digit < 10; digit++) t.match(fault(String(digit).repeat(10)), /one digit ten times/)
})

t.test('what has not ten digits is no NHS number', async t => {
  for (const wrong of ['', '999945807', '99994580761', '999945807X', '٩٩٩٩٤٥٨٠٧٦'])
    t.match(fault(wrong), /ten digits/, wrong)
})

t.test('spaces and hyphens do not count', async t => {
  for (const written of ['999 945 8076', '999-945-8076', ' 9999458076', '999\u00a0945\u00a08076'])
    t.equal(plain(written), '9999458076', written)
})

t.test('what is said of a wrong number does not repeat it', async t => {
  for (const wrong of ['9999458077', '1111111111', '99994580']) t.notMatch(fault(wrong), wrong)
})
