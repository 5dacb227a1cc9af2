import t from 'tap'
import { calendarFrom } from '../../src/demo/calendar.ts'

t.test('a time is told on London’s clocks, in winter and in summer', async t => {
  const { at } = calendarFrom(new Date('2026-03-27T10:00:00Z'))
  t.equal(at(0, '10:20'), '2026-03-27T10:20:00+00:00')
  t.equal(at(3, '10:20'), '2026-03-30T10:20:00+01:00')
  t.equal(at(1, '23:59:59'), '2026-03-28T23:59:59+00:00')
  t.equal(at(2, '23:59:59'), '2026-03-29T23:59:59+01:00', 'on the night after the clocks changed')
})

t.test('today is London’s day, which in summer begins an hour before UTC’s', async t => {
  t.equal(calendarFrom(new Date('2026-07-01T22:59:00Z')).day(0), '2026-07-01')
  t.equal(calendarFrom(new Date('2026-07-01T23:00:00Z')).day(0), '2026-07-02')
  t.equal(calendarFrom(new Date('2026-12-31T23:59:00Z')).day(1), '2027-01-01')
})

t.test('clinics are open on weekdays, and what is past stays past', async t => {
  const saturday = calendarFrom(new Date('2026-11-21T10:00:00Z'))
  t.match(saturday.clinic(-7, '10:00'), '2026-11-13', 'the Friday before a Saturday')
  t.match(saturday.clinic(-6, '10:00'), '2026-11-13', 'the Friday before a Sunday')
  t.match(saturday.clinic(7, '10:00'), '2026-11-30', 'the Monday after a Saturday')
  t.match(saturday.clinic(8, '10:00'), '2026-11-30', 'the Monday after a Sunday')
  t.match(saturday.clinic(9, '10:00'), '2026-11-30', 'a Monday itself')
})

t.test('a birthday is the same day of an earlier year', async t => {
  t.equal(calendarFrom(new Date('2026-11-22T10:00:00Z')).birthday(1, 16), '2010-11-23')
  t.equal(calendarFrom(new Date('2026-12-31T10:00:00Z')).birthday(1, 16), '2011-01-01')
  t.equal(calendarFrom(new Date('2028-02-28T10:00:00Z')).birthday(1, 16), '2012-02-29')
})
