import t from 'tap'
import { dayAndTimeOf, dayOf, timeOf } from '../../src/smart/times.ts'

t.test('times are those of a clock in London, in winter and in summer', async t => {
  t.equal(dayAndTimeOf(new Date('2026-11-22T14:05:00Z')), '22 November 2026 at 2:05pm')
  t.equal(dayAndTimeOf(new Date('2026-07-01T23:30:00Z')), '2 July 2026 at 12:30am')
  t.equal(timeOf(new Date('2026-01-01T12:00:00Z')), '12:00pm')
  t.equal(timeOf(new Date('2026-01-01T00:09:00Z')), '12:09am')
  t.equal(timeOf(new Date('2026-01-01T10:09:00Z')), '10:09am')
  t.equal(dayOf(new Date('2026-07-01T23:30:00Z')), '2 July 2026')
})
