import t from 'tap'
import { workingDayAfter } from '../../src/resources/working-days.ts'

const after = (time: string) => workingDayAfter(new Date(time)).toISOString()

t.test('the working day after a weekday is the next day at nine in London', async t => {
  t.equal(after('2026-11-23T15:00:00Z'), '2026-11-24T09:00:00.000Z')
})

t.test('a result of a Friday is shown on Monday', async t => {
  t.equal(after('2026-11-27T08:00:00Z'), '2026-11-30T09:00:00.000Z')
})

t.test('bank holidays of England do not count: before Easter it is Tuesday', async t => {
  t.equal(after('2027-03-25T10:00:00Z'), '2027-03-30T08:00:00.000Z')
})

t.test('nine in London is eight in UTC once the clocks have changed', async t => {
  t.equal(after('2026-03-27T10:00:00Z'), '2026-03-30T08:00:00.000Z')
  t.equal(after('2026-10-23T10:00:00Z'), '2026-10-26T09:00:00.000Z')
})

t.test('an evening in London is that day, though UTC is a day behind or ahead', async t => {
  t.equal(after('2026-07-06T23:30:00Z'), '2026-07-08T08:00:00.000Z')
})
