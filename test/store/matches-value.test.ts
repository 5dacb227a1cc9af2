// The prefixes as a table: which of them finds which value, for one value that is searched for.
// https://hl7.org/fhir/R4/search.html#prefix
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { type Client, client, namesOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

const s = await server(t, { at: '2020-06-20T12:00:00Z' })
const engine = client(s, await engineToken(s))

const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const

/** Which of the prefixes find each resource. */
async function tableOf(ask: Client, type: string, param: string, value: string): Promise<Record<string, string>> {
  const found: Record<string, string[]> = {}
  for (const prefix of PREFIXES) {
    const reply = await ask(`/${type}?${param}=${encodeURIComponent(`${prefix}${value}`)}&_count=100`)
    t.equal(reply.status, 200, `${prefix}${value}`)
    for (const name of namesOf(reply)) {
      const id = name.replace(/^.*\//, '')
      found[id] = [...(found[id] ?? []), prefix]
    }
  }
  return Object.fromEntries(Object.entries(found).map(([id, prefixes]) => [id, prefixes.join(' ')]))
}

type Span = { readonly start?: string; readonly end?: string }

/** Searched for: June 2020. `ap` reaches half a month further to both sides. */
const SPANS: Readonly<Record<string, readonly [string | Span, string]>> = {
  before: ['2020-05-10', 'ne lt le eb'],
  'just-before': ['2020-05-31', 'ne lt le eb ap'],
  'into-it': [{ start: '2020-05-20', end: '2020-06-10' }, 'ne lt le ap'],
  within: ['2020-06-15', 'eq ge le ap'],
  moment: ['2020-06-30T23:59:59.999Z', 'eq ge le ap'],
  itself: ['2020-06', 'eq ge le ap'],
  whole: [{ start: '2020-06-01', end: '2020-06-30' }, 'eq ge le ap'],
  around: ['2020', 'ne gt lt ge le ap'],
  'out-of-it': [{ start: '2020-06-20', end: '2020-07-10' }, 'ne gt ge ap'],
  'next-moment': ['2020-07-01T00:00:00Z', 'ne gt ge sa ap'],
  after: ['2020-08-01', 'ne gt ge sa'],
  'zone-before': ['2020-06-01T00:30:00+01:00', 'ne lt le eb ap'],
  'until-before': [{ end: '2020-05-10' }, 'ne lt le eb'],
  'until-within': [{ end: '2020-06-10' }, 'ne lt le ap'],
  'until-after': [{ end: '2020-08-10' }, 'ne gt lt ge le ap'],
  'from-before': [{ start: '2020-05-10' }, 'ne gt lt ge le ap'],
  'from-within': [{ start: '2020-06-10' }, 'ne gt ge ap'],
  'from-after': [{ start: '2020-08-10' }, 'ne gt ge sa'],
  none: ['', ''],
}

const EXPECTED = Object.fromEntries(
  Object.entries(SPANS).flatMap(([id, [, prefixes]]) => (prefixes === '' ? [] : [[id, prefixes]])),
)

t.test('a date and a Period are found by the span that they cover, open ends included', async t => {
  const performed = (span: string | Span): Json => {
    if (span === '') return {}
    return typeof span === 'string' ? { performedDateTime: span } : { performedPeriod: span }
  }
  await store(
    engine,
    Object.entries(SPANS).map(([id, [span]]) => ({
      resourceType: 'Procedure',
      id,
      status: 'completed',
      subject: { reference: 'Patient/alice' },
      ...performed(span),
    })),
  )
  t.same(await tableOf(engine, 'Procedure', 'date', '2020-06'), EXPECTED)
})

t.test('a Timing is found by its outer limits, whether it has bounds or events', async t => {
  const occurrence = (span: string | Span): Json => {
    if (span === '') return {}
    if (typeof span === 'string' && /^\d{4}-\d\d-\d\d/.test(span)) return { occurrenceTiming: { event: [span] } }
    return typeof span === 'string'
      ? { occurrenceDateTime: span }
      : { occurrenceTiming: { repeat: { boundsPeriod: span, frequency: 1 } } }
  }
  await store(
    engine,
    Object.entries(SPANS).map(([id, [span]]) => ({
      resourceType: 'ServiceRequest',
      id,
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/alice' },
      ...occurrence(span),
    })),
  )
  t.same(await tableOf(engine, 'ServiceRequest', 'occurrence', '2020-06'), EXPECTED)
})

t.test('the time of the last change is a moment, found by its millisecond', async t => {
  const moments: Readonly<Record<string, readonly [string, string]>> = {
    'm-before': ['2020-05-10T00:00:00Z', 'ne lt le eb'],
    'm-just-before': ['2020-05-31T23:59:59.999Z', 'ne lt le eb ap'],
    'm-first': ['2020-06-01T00:00:00Z', 'eq ge le ap'],
    'm-within': ['2020-06-15T12:30:00Z', 'eq ge le ap'],
    'm-last': ['2020-06-30T23:59:59.999Z', 'eq ge le ap'],
    'm-next': ['2020-07-01T00:00:00Z', 'ne gt ge sa ap'],
    'm-after': ['2020-08-01T00:00:00Z', 'ne gt ge sa'],
  }
  await store(
    engine,
    Object.keys(moments).map(id => ({ resourceType: 'Organization', id, name: id })),
  )
  // The moment is PostgreSQL's own, which no test can turn.
  for (const [id, [moment]] of Object.entries(moments))
    await s.pool.query('update organization set upd = $2 where id = $1', [id, moment])
  const expected = Object.fromEntries(Object.entries(moments).map(([id, [, prefixes]]) => [id, prefixes]))
  t.same(await tableOf(engine, 'Organization', '_lastUpdated', '2020-06'), expected)
  const toTheMillisecond = await tableOf(engine, 'Organization', '_lastUpdated', '2020-06-15T12:30:00.000Z')
  t.match(toTheMillisecond, { 'm-first': /^ne lt le eb/, 'm-within': 'eq ge le ap', 'm-last': /^ne gt ge sa/ })
})

t.test('an instant is found at every precision, and by any zone', async t => {
  await store(engine, [
    {
      resourceType: 'Slot',
      id: 'slot',
      schedule: { reference: 'Schedule/s' },
      status: 'free',
      start: '2020-06-15T10:30:15.250+01:00',
      end: '2020-06-15T10:45:00+01:00',
    },
  ])
  const finds = async (value: string) => namesOf(await engine(`/Slot?start=${encodeURIComponent(value)}`)).length === 1
  for (const value of [
    '2020',
    '2020-06',
    '2020-06-15',
    '2020-06-15T09:30Z',
    '2020-06-15T09:30:15Z',
    '2020-06-15T11:30:15+02:00',
    '2020-06-15T09:30:15.25Z',
    'gt2020-06-15T09:30:15.249Z',
    'sa2020-06-15T09:29Z',
    'eb2020-06-16',
    'lt9999-12-31',
    'gt0001-01-01',
    'ge0001',
    'le9999',
  ])
    t.ok(await finds(value), value)
  for (const value of [
    '2020-06-15T10:30Z',
    '2020-06-15T09:30:15.249Z',
    'gt2020-06-15',
    'sa2020-06-15',
    'ap2019-01-01',
    'ap0001',
  ])
    t.notOk(await finds(value), value)
})

const MMOL = { system: 'http://unitsofmeasure.org', code: 'mmol/L', unit: 'mmol/l' }

/** Searched for: 5, which is 4.5 to 5.5 where the precision counts. */
const NUMBERS: Readonly<Record<string, readonly [string, number, string]>> = {
  'far-below': ['', 3, 'ne lt le eb'],
  below: ['', 4.4, 'ne lt le eb'],
  'rounds-up': ['', 4.5, 'eq lt le eb ap'],
  exactly: ['', 5, 'eq ge le ap'],
  'rounds-down': ['', 5.49, 'eq gt ge sa ap'],
  above: ['', 5.6, 'ne gt ge sa'],
  'less-than': ['<', 5, 'ne lt le eb ap'],
  'at-most': ['<=', 5, 'ne lt ge le ap'],
  'more-than': ['>', 5, 'ne gt ge sa ap'],
  'at-least': ['>=', 5, 'ne gt ge le ap'],
  'less-than-more': ['<', 9, 'ne gt lt ge le ap'],
  'more-than-less': ['>', 2, 'ne gt lt ge le ap'],
}

t.test('a quantity is found by its number, one with a comparator by all that it may be', async t => {
  await store(
    engine,
    Object.entries(NUMBERS).map(([id, [comparator, value]]) => ({
      resourceType: 'Observation',
      id,
      status: 'final',
      code: { text: 'x' },
      valueQuantity: { value, ...(comparator ? { comparator } : {}), ...MMOL },
    })),
  )
  const expected = Object.fromEntries(Object.entries(NUMBERS).map(([id, [, , prefixes]]) => [id, prefixes]))
  t.same(await tableOf(engine, 'Observation', 'value-quantity', '5'), expected)
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5|${MMOL.system}|mmol/L`), expected)
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5||mmol/L`), expected, 'by its code')
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5||mmol/l`), expected, 'by its unit')
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5|${MMOL.system}|mol/m3`), expected, 'by another unit')
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5|${MMOL.system}|mmol`), {})
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5|http://other|mmol/L`), {})
  t.same(await tableOf(engine, 'Observation', 'value-quantity', `5||umol/L`), {})
})

t.test('the precision of a number is what is written, in whatever unit', async t => {
  const finds = async (value: string) => {
    const query = encodeURIComponent(`${value.replace(' ', `|${MMOL.system}|`)}`)
    return namesOf(await engine(`/Observation?value-quantity=${query}&_id=rounds-down`)).length === 1
  }
  for (const value of [
    '5.49',
    '5.490',
    '5',
    '549e-2',
    '5.5',
    '5490 umol/L',
    'ge5490 umol/L',
    'le5490 umol/L',
    '0.005 mol/L',
  ])
    t.ok(await finds(value), value)
  for (const value of ['5.4', '5.6', '5.4900001', '5491 umol/L', 'gt5490 umol/L', 'lt5490 umol/L', '0.00500 mol/L'])
    t.notOk(await finds(value), value)
})
