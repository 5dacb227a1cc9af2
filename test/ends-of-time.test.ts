// Dates at the ends of what FHIR can write are dates like others, wherever they stand.
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { client, namesOf, store } from './support/client.ts'
import { made, observation, patient, reference } from './support/made.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken, person, token } from './support/token.ts'
import { verifies } from './support/verifies.ts'

const s = await server(t, { at: '2026-11-22T10:00:00Z' })
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
const subject = { subject: reference('Patient/alice') }
const FIRST = '0001-01-01T00:00:00+14:00'
const LAST = '9999-12-31T23:59:59.999-14:00'
const LEAP = '9999-12-31T23:59:60Z'
const tomorrow = { meta: { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code: 'SID' }] } }

await store(engine, [
  patient('alice', { birthDate: '0001' }),
  patient('late', { deceasedDateTime: '9999' }),
  observation('first', 'alice', { effectiveDateTime: FIRST }),
  observation('last', 'alice', { effectiveDateTime: LAST }),
  observation('all', 'alice', { effectivePeriod: { start: '0001-01-01', end: '9999-12-31' } }),
  observation('leap', 'alice', { effectiveInstant: LEAP, issued: LEAP, ...tomorrow }),
  made('DiagnosticReport', 'old', { ...subject, status: 'final', code: { text: 'x' }, issued: FIRST, ...tomorrow }),
  made('DiagnosticReport', 'far', { ...subject, status: 'final', code: { text: 'x' }, issued: LAST, ...tomorrow }),
  made('DocumentReference', 'letter', {
    ...subject,
    status: 'current',
    content: [{ attachment: { url: 'Binary/x' } }],
    context: { period: { start: '0001', end: '9999' } },
  }),
  made('RelatedPerson', 'bob', { patient: reference('Patient/alice') }),
  made('Consent', 'forever', {
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: reference('Patient/alice'),
    policyRule: { text: 'proxy' },
    provision: {
      type: 'permit',
      period: { start: '0001-01-01', end: '9999-12-31' },
      actor: [{ role: { text: 'proxy' }, reference: reference('RelatedPerson/bob') }],
    },
  }),
])

t.test('whatever is asked of the first and the last year is answered', async t => {
  verifies('fhir-rest', 'REST-71', 'REST-100')
  const dates = ['0001', '0001-01-01', FIRST, '9999', '9999-12-31', LAST, LEAP, '1582-10-10', '2016-12-31T23:59:60Z']
  const paths = dates.flatMap(date => {
    const value = encodeURIComponent(date)
    const prefixes = ['', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap']
    return [
      ...prefixes.flatMap(prefix => [
        `/Observation?date=${prefix}${value}`,
        `/Patient?birthdate=${prefix}${value}`,
        `/Patient?death-date=${prefix}${value}`,
        `/Observation?_lastUpdated=${prefix}${value}`,
        `/Observation?code-value-date=x$${prefix}${value}`,
      ]),
      `/Patient/alice/_history?_since=${value}`,
      `/Observation/_history?_at=${value}`,
      `/_history?_since=${value}&_count=0`,
      `/DocumentReference/$docref?patient=alice&start=${value}&end=${value}`,
      `/DocumentReference/$docref?patient=alice&start=${value}`,
      `/DocumentReference/$docref?patient=alice&end=${value}`,
      ...(date.length <= 10 ? [`/Patient/alice/$everything?start=${value}&end=${value}`] : []),
      ...(date.length > 10
        ? [`/Patient/alice/$everything?_since=${value}`, `/Patient/$everything?_since=${value}`]
        : []),
    ]
  })
  for (const path of paths) {
    const reply = await engine(path)
    t.equal(reply.status, 200, `${path} ${reply.text.slice(0, 200)}`)
  }
})

t.test('what is dated there is found by it', async t => {
  verifies('fhir-rest', 'REST-71', 'REST-100')
  const found = async (query: string) =>
    namesOf(await engine(`/Observation?${query}`))
      .map(name => name.split('/')[1])
      .sort()
  t.same(await found('date=lt0002'), ['all', 'first'])
  t.same(await found('date=gt9998'), ['all', 'last', 'leap'])
  t.same(await found('_sort=date&date=lt0002'), ['all', 'first'])
  t.same(namesOf(await engine('/Patient?birthdate=0001')), ['Patient/alice'])
  t.same(namesOf(await engine('/Patient?death-date=9999')), ['Patient/late'])
  t.same(namesOf(await engine('/DocumentReference/$docref?patient=alice&start=2026&end=2026')), [
    'DocumentReference/letter',
  ])
})

t.test('what has no end lasts longer than any date, and the last day is an end like others', async t => {
  verifies('fhir-rest', 'REST-71')
  const period = (period: Json) => ({ subject: reference('Patient/bert'), period })
  const team = (id: string, span: Json) => made('CareTeam', id, period(span))
  const visit = (id: string, span: Json) =>
    made('Encounter', id, {
      subject: reference('Patient/bert'),
      status: 'finished',
      class: { code: 'AMB' },
      location: [{ location: { display: 'Ward 1' }, period: span }],
    })
  const spans: [string, Json][] = [
    ['open', { start: '2020' }],
    ['until', { end: '9999-12-31' }],
    ['whole', { start: '0001', end: '9999' }],
    ['begins', { start: '9999-12-31' }],
    ['brief', { start: '9999-12-31T23:00:00-14:00', end: '9999-12-31T23:59:59-14:00' }],
  ]
  await store(engine, [
    patient('bert'),
    ...spans.flatMap(([id, span]) => [team(id, span), visit(id, span)]),
    made('CareTeam', 'none', { subject: reference('Patient/bert') }),
  ])
  const tried: [string, string][] = [
    ['gt9999', 'begins brief open'],
    ['ge9999-12-31', 'begins brief open'],
    ['9999', ''],
    ['ne9999', 'begins brief open until whole'],
    ['lt9999', 'open until whole'],
    ['le2019', 'until whole'],
    ['lt0001', 'until'],
    ['sa2020', 'begins brief'],
    ['eb2020', ''],
    ['sa9999', 'brief'],
    ['ap2026', 'open until whole'],
  ]
  for (const path of ['CareTeam?date', 'Encounter?location-period'])
    for (const [value, ids] of tried) {
      const names = namesOf(await engine(`/${path}=${value}`)).map(name => name.split('/')[1])
      t.equal(names.sort().join(' '), ids, `${path}=${value}`)
    }
  t.same(namesOf(await engine('/CareTeam?date:missing=true')), ['CareTeam/none'])
  const order = async (query: string) =>
    namesOf(await engine(`/CareTeam?patient=bert&${query}`)).map(name => name.split('/')[1])
  t.same((await order('_sort=date')).slice(2), ['open', 'begins', 'brief', 'none'])
  t.same((await order('_sort=-date')).slice(0, 4), ['brief', 'begins', 'open', 'whole'])
})

t.test('a release after the end of time never comes, one before its beginning has been', async t => {
  verifies('fhir-rest', 'REST-100')
  t.equal((await alice('/DiagnosticReport/far')).status, 404)
  t.equal((await alice('/DiagnosticReport/old')).status, 200)
  t.equal((await alice('/Observation/leap')).status, 404)
})

t.test('a Consent until the end of time is one without an end', async t => {
  verifies('fhir-rest', 'REST-100')
  await person(s, 'bob', ['RelatedPerson/bob'])
  const bob = client(s, await token(s, { sub: 'bob', patient: 'alice', scope: 'patient/*.rs', act: { sub: 'bob' } }))
  t.equal((await bob('/Patient/alice')).status, 200)
})
