import t from 'tap'
import { documentRelease, messageRelease, recordRelease, resultRelease } from '../../src/resources/release.ts'

const now = new Date('2026-11-23T15:00:00Z')
const tag = (code: string) => ({ tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code }] })
const confidential = (code: string) => ({
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }],
})

t.test('a result is shown once it is final, amended, corrected or appended', async t => {
  for (const status of ['final', 'amended', 'corrected', 'appended']) t.equal(resultRelease({ status }, now), 'now')
  for (const status of ['registered', 'partial', 'preliminary', 'cancelled', 'entered-in-error', 'unknown'])
    t.equal(resultRelease({ status }, now), 'never')
  t.equal(resultRelease({}, now), 'never')
})

t.test('tags of HL7 table 0909 say at once, after one working day, or never by itself', async t => {
  const released = (code: string) =>
    resultRelease({ status: 'final', issued: '2026-11-27T10:00:00Z', meta: tag(code) }, now)
  t.equal(released('SIMM'), 'now')
  t.same(released('SID'), new Date('2026-11-30T09:00:00Z'))
  t.same(released('SWNL'), new Date('2026-11-30T09:00:00Z'))
  t.equal(released('SWTH'), 'never')
  t.equal(released('SIDC'), 'never')
  t.equal(released('STBD'), 'never')
})

t.test('what is very restricted is never shown, whatever its tag', async t => {
  t.equal(resultRelease({ status: 'final', meta: { ...tag('SIMM'), ...confidential('V') } }, now), 'never')
  t.equal(recordRelease({ meta: confidential('V') }, now), 'never')
  t.equal(recordRelease({ meta: confidential('N') }, now), 'now')
})

t.test('drafts and errors are not shown', async t => {
  t.equal(documentRelease({ status: 'current', docStatus: 'preliminary' }, now), 'never')
  t.equal(documentRelease({ status: 'current', docStatus: 'final' }, now), 'now')
  t.equal(documentRelease({ status: 'current', docStatus: 'entered-in-error' }, now), 'never')
  t.equal(documentRelease({ status: 'entered-in-error' }, now), 'never')
  t.equal(messageRelease({ status: 'preparation' }, now), 'never')
  t.equal(messageRelease({ status: 'completed' }, now), 'now')
})

t.test('a result that was issued at the end of time, or in a leap second, has a release too', async t => {
  const released = (issued: string) => resultRelease({ status: 'final', issued, meta: tag('SID') }, now)
  t.same(released('2026-06-30T23:59:60Z'), new Date('2026-07-02T08:00:00Z'), 'the second that follows is a Wednesday')
  t.equal(released('9999-12-31T23:59:59Z'), 'never')
  t.equal(released('9999-12-31T23:59:59-14:00'), 'never')
  t.ok(Number(released('0001-01-01T00:00:00Z')) < now.getTime())
  t.equal(released('soon'), 'never', 'a time that cannot be read keeps it closed')
})
