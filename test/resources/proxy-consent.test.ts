import t from 'tap'
import { proxyGrants } from '../../src/resources/proxy-consent.ts'

const consent = (change: object = {}, provision: object = {}) => ({
  resourceType: 'Consent',
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  provision: {
    type: 'permit',
    period: { start: '2026-01-01', end: '2026-12-31' },
    actor: [{ reference: { reference: 'RelatedPerson/bob', identifier: { system: 's', value: '1' } } }],
    ...provision,
  },
  ...change,
})

t.test('an active consent gives its actors all topics for its period', async t => {
  const period = { topics: ['*'], begins: '2026-01-01T00:00:00.000Z', ends: '2027-01-01T00:00:00.000Z' }
  t.same(proxyGrants(consent()), [
    { actor: 'RelatedPerson/bob', ...period },
    { actor: 's|1', ...period },
  ])
})

t.test('a date without a time is a day of the trust: midnight in London, in summer too', async t => {
  const edges = (start: string, end: string) => {
    const [grant] = proxyGrants(consent({}, { period: { start, end } }))
    return [grant?.begins, grant?.ends]
  }
  t.same(edges('2026-06-01', '2026-08-31'), ['2026-05-31T23:00:00.000Z', '2026-08-31T23:00:00.000Z'])
  t.same(edges('2026-03-29', '2026-10-25'), ['2026-03-29T00:00:00.000Z', '2026-10-26T00:00:00.000Z'])
  t.same(edges('2026-04', '2026-09'), ['2026-03-31T23:00:00.000Z', '2026-09-30T23:00:00.000Z'])
  t.same(edges('2026', '2026'), ['2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'])
  t.same(
    edges('2026-06-01T00:00:00Z', '2026-08-31T12:00:00+01:00'),
    ['2026-06-01T00:00:00.000Z', '2026-08-31T11:00:01.000Z'],
    'a time is what it says',
  )
})

t.test('the types that its classes name limit the topics', async t => {
  const system = 'http://hl7.org/fhir/resource-types'
  const grants = proxyGrants(
    consent(
      {},
      {
        class: [
          { system, code: 'Appointment' },
          { system, code: 'Observation' },
        ],
      },
    ),
  )
  t.same(grants[0]?.topics, ['appointments', 'results'])
  t.same(proxyGrants(consent({}, { class: [{ system, code: 'Claim' }] })), [], 'a class that is no topic gives nothing')
})

t.test('a consent that is not active, or not about privacy, gives nothing', async t => {
  for (const status of ['draft', 'proposed', 'rejected', 'inactive', 'entered-in-error'])
    t.same(proxyGrants(consent({ status })), [])
  t.same(proxyGrants(consent({ scope: { coding: [{ code: 'patient-privacy' }] } })), [])
})

t.test('a consent that says more than can be honoured gives nothing rather than too much', async t => {
  t.same(proxyGrants(consent({}, { type: 'deny' })), [])
  t.same(proxyGrants(consent({}, { provision: [{ type: 'deny' }] })), [])
  for (const limit of [
    { purpose: [{ code: 'TREAT' }] },
    { data: [{ meaning: 'instance', reference: { reference: 'Observation/1' } }] },
    { action: [{ coding: [{ code: 'access' }] }] },
    { securityLabel: [{ code: 'N' }] },
    { code: [{ coding: [{ system: 'http://loinc.org', code: '718-7' }] }] },
    { dataPeriod: { start: '2026-01-01' } },
  ])
    t.same(proxyGrants(consent({}, limit)), [], Object.keys(limit).join())
})

t.test('nobody is given anything who is not named as here', async t => {
  for (const reference of ['https://other.example/fhir/RelatedPerson/bob', '#bob', 'urn:uuid:0', 'bob', ''])
    t.same(proxyGrants(consent({}, { actor: [{ reference: { reference } }] })), [], reference)
  for (const actor of [undefined, [], [{}], [{ reference: { identifier: { value: '1' } } }]])
    t.same(proxyGrants(consent({}, { actor })), [], JSON.stringify(actor))
})

t.test('a class of another system of codes is no topic', async t => {
  const classes = [{ system: 'urn:other', code: 'Observation' }, { code: 'Observation' }]
  t.same(proxyGrants(consent({}, { class: classes })), [])
})

t.test('a period that cannot be read is closed, an open one is open', async t => {
  t.match(proxyGrants(consent({}, { period: { end: 'soon' } })), [{ ends: '-infinity' }, {}])
  const forever = { start: '0001', end: '9999-12-31' }
  t.match(proxyGrants(consent({}, { period: forever })), [{ begins: /^(0001-01-01|-infinity)/, ends: 'infinity' }, {}])
  t.match(proxyGrants(consent({}, { period: {} })), [{ begins: '-infinity', ends: 'infinity' }, {}])
})
