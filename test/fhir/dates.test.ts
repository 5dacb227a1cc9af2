import fc from 'fast-check'
import t from 'tap'
import { boundary, daysIn, formatInstant, rangeOf } from '../../src/fhir/dates.ts'

const iso = (text: string) => {
  const range = rangeOf(text)
  return range && [range.lo, range.hi].map(at => new Date(at).toISOString().replace('.000Z', 'Z'))
}

t.test('each precision covers its span', async t => {
  t.same(iso('2024'), ['2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'])
  t.same(iso('2024-02'), ['2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'])
  t.same(iso('2024-12'), ['2024-12-01T00:00:00Z', '2025-01-01T00:00:00Z'])
  t.same(iso('2024-02-29'), ['2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'])
  t.same(iso('2024-02-29T10:30'), ['2024-02-29T10:30:00Z', '2024-02-29T10:31:00Z'])
  t.same(iso('2024-02-29T10:30:05Z'), ['2024-02-29T10:30:05Z', '2024-02-29T10:30:06Z'])
  t.same(iso('2024-02-29T10:30:05.1Z'), ['2024-02-29T10:30:05.100Z', '2024-02-29T10:30:05.200Z'])
  t.same(iso('2024-02-29T10:30:05.12Z'), ['2024-02-29T10:30:05.120Z', '2024-02-29T10:30:05.130Z'])
  t.same(iso('2024-02-29T10:30:05.123Z'), ['2024-02-29T10:30:05.123Z', '2024-02-29T10:30:05.124Z'])
  t.same(iso('2024-02-29T10:30:05.1234567Z'), ['2024-02-29T10:30:05.123Z', '2024-02-29T10:30:05.124Z'])
})

t.test('zones are taken to UTC, and no zone is UTC', async t => {
  t.same(iso('2024-07-01T00:30:00+01:00'), ['2024-06-30T23:30:00Z', '2024-06-30T23:30:01Z'])
  t.same(iso('2024-07-01T23:30-05:30'), ['2024-07-02T05:00:00Z', '2024-07-02T05:01:00Z'])
  t.same(rangeOf('2024-07-01T10:00:00'), rangeOf('2024-07-01T10:00:00Z'))
  t.same(rangeOf('2024-07-01T10:00:00-00:00'), rangeOf('2024-07-01T10:00:00Z'))
  t.ok(rangeOf('2024-07-01T10:00:00+14:00'))
})

t.test('years from 0001 to 9999 and leap seconds are accepted', async t => {
  t.same(iso('0001'), ['0001-01-01T00:00:00Z', '0002-01-01T00:00:00Z'])
  t.same(iso('0099-12'), ['0099-12-01T00:00:00Z', '0100-01-01T00:00:00Z'])
  t.same(iso('9999'), ['9999-01-01T00:00:00Z', '+010000-01-01T00:00:00Z'])
  t.same(iso('2016-12-31T23:59:60Z'), ['2017-01-01T00:00:00Z', '2017-01-01T00:00:01Z'])
})

t.test('what is no date has no range', async t => {
  const wrong =
    '0000|24|2024-|2024-1|2024-00|2024-13|2024-02-30|2023-02-29|1900-02-29|2024-04-31|2024-01-00|2024-01-1|20240101|' +
    '2024-01-01T|2024-01-01T10|2024-01-01T24:00|2024-01-01T10:60|2024-01-01T10:00:61|2024-01-01T10:00:00.|' +
    '2024-01-01T10:00:00z|2024-01-01T10:00:00+1:00|2024-01-01T10:00:00+14:01|2024-01-01T10:00:00Zx|2024-01-01Z|' +
    '2024-01-01 10:00:00|2024-01-01T10:00:00+01|yesterday| 2024|2024 |-2024|+2024|２０２４||12024-01-01'
  for (const text of wrong.split('|')) t.equal(rangeOf(text), undefined, text)
})

t.test('any instant is read back as the millisecond it was', async () => {
  const between = {
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  }
  fc.assert(
    fc.property(fc.date(between), date => {
      const range = rangeOf(formatInstant(date))
      return range?.lo === date.getTime() && range.hi === date.getTime() + 1
    }),
  )
})

t.test('the days of a month follow the Gregorian calendar', async t => {
  t.same(
    [2000, 1900, 2024, 2023].map(year => daysIn(year, 2)),
    [29, 28, 29, 28],
  )
  t.same(
    [1, 4, 12].map(month => daysIn(2024, month)),
    [31, 30, 31],
  )
})

t.test('the ends of spans are written also in years that FHIR cannot write', async t => {
  t.equal(boundary(Date.parse('2024-02-29T10:30:05.120Z')), '2024-02-29T10:30:05.120+00')
  t.equal(boundary(rangeOf('9999')?.hi ?? 0), '10000-01-01T00:00:00.000+00')
  t.equal(boundary(rangeOf('0001-01-01T00:00:00+14:00')?.lo ?? 0), '0001-12-31T10:00:00.000+00 BC')
  t.equal(boundary(Number.POSITIVE_INFINITY), 'infinity')
  t.equal(boundary(Number.NEGATIVE_INFINITY), '-infinity')
})
