import t from 'tap'
import { localTime, midnightOf } from '../../src/resources/time-zone.ts'

const midnight = (day: string) => new Date(midnightOf(Date.parse(`${day}T00:00:00Z`))).toISOString()

t.test('a day begins at midnight in London, in winter and in summer', async t => {
  t.equal(midnight('2026-01-15'), '2026-01-15T00:00:00.000Z')
  t.equal(midnight('2026-07-15'), '2026-07-14T23:00:00.000Z')
})

t.test('a day on which the clocks change begins by the time of the day before', async t => {
  t.equal(midnight('2027-03-28'), '2027-03-28T00:00:00.000Z')
  t.equal(midnight('2027-03-29'), '2027-03-28T23:00:00.000Z')
  t.equal(midnight('2026-10-25'), '2026-10-24T23:00:00.000Z')
  t.equal(midnight('2026-10-26'), '2026-10-26T00:00:00.000Z')
})

t.test('the clocks show the hour and the day of London', async t => {
  t.same(localTime(new Date('2026-07-06T23:30:00Z')), { day: '2026-07-07', hour: 0, minute: 30 })
  t.same(localTime(new Date('2026-12-06T23:30:00Z')), { day: '2026-12-06', hour: 23, minute: 30 })
})

t.test('the first and the last day that FHIR can write have a beginning', async t => {
  t.equal(midnight('9999-12-31'), '9999-12-31T00:00:00.000Z')
  t.ok(Math.abs(midnightOf(-62_135_596_800_000) + 62_135_596_800_000) < 180_000)
})
