// What user/ scopes reach: all the records that the person who signed in reaches, at that moment and no further.
import t from 'tap'
import { definitions } from '../../src/resources/index.ts'
import { peopleReachable } from '../../src/store/people.ts'
import { type Client, client, entriesOf, inTurn, linkOf, namesOf } from '../support/client.ts'
import { server } from '../support/server.ts'
import { patientToken, person, token } from '../support/token.ts'
import { CANARY, canaryId, twoPatients } from '../support/two-patients.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const { engine, alice, victim } = await twoPatients(s)
const types = [...definitions.values()].filter(({ may }) => may.patient)
const own = (type: string): string => (type === 'Patient' ? 'alice' : `a-${type}`)

/** The app of a person who has chosen no record; `more` are claims. */
const appOf = async (sub: string, scope: string, more: Record<string, unknown> = {}): Promise<Client> =>
  client(s, await token(s, { sub, client_id: 'test-app', scope, ...more }))

await person(s, 'bob', ['RelatedPerson/bob'])
await person(s, 'dr-shah', ['Practitioner/a-Practitioner'])
type Period = { start: string; end: string }
const consent = (id: string, patient: string, topics: readonly string[], status = 'active', period?: Period) => ({
  resourceType: 'Consent',
  id,
  status,
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ text: 'Proxy access' }],
  patient: { reference: `Patient/${patient}` },
  policyRule: { text: 'Proxy access policy' },
  provision: {
    type: 'permit',
    ...(period ? { period } : {}),
    actor: [{ role: { text: 'proxy' }, reference: { reference: 'RelatedPerson/bob' } }],
    ...(topics.length > 0
      ? { class: topics.map(code => ({ system: 'http://hl7.org/fhir/resource-types', code })) }
      : {}),
  },
})
const give = async (...given: Parameters<typeof consent>): Promise<void> => {
  const body = consent(...given)
  const { status, text } = await engine(`/Consent/${body.id}`, { method: 'PUT', body })
  if (status > 201) throw new Error(text)
}

/** All that an app finds of a type, on all pages. */
async function found(app: Client, type: string): Promise<string[]> {
  const names: string[] = []
  for (let next: string | undefined = `/${type}?_count=200`; next !== undefined; ) {
    const reply = await app(next)
    if (reply.status !== 200) throw new Error(reply.text)
    names.push(...namesOf(reply))
    next = linkOf(reply, 'next')
  }
  return names.sort()
}

t.test('a patient’s user/ scopes reach her own record, the same as her patient/ scopes', async t => {
  verifies('smart-2.2', 'SAL-140', 'SAL-368', 'SAL-1017')
  const user = await appOf('alice', 'user/*.rs')
  let some = 0
  await inTurn(types, async ({ type }) => {
    const names = await found(alice, type)
    some += names.length
    t.same(await found(user, type), names, type)
    for (const path of ['', '/_history', '/_history/1', '/$meta']) {
      const [mine, same] = [await alice(`/${type}/${own(type)}${path}`), await user(`/${type}/${own(type)}${path}`)]
      t.equal(same.status, mine.status, `${type}${path}`)
      const foreign = await user(`/${type}/${canaryId(type)}${path}`)
      t.equal(foreign.status, 404, `${type}${path} of somebody else`)
      t.notMatch(foreign.text.replaceAll(canaryId(type), ''), CANARY)
    }
  })
  t.ok(some > 100)
})

t.test('user/ scopes need no patient in context, and patient/ scopes without one give nothing', async t => {
  t.equal((await (await appOf('alice', 'patient/*.rs'))('/Observation')).status, 403)
  const refused = await (await appOf('alice', 'user/Patient.rs'))('/Observation')
  t.equal(refused.status, 403)
  t.match(refused.headers['www-authenticate'], 'scope="user/Observation.s"')
})

t.test('a proxy’s user/ scopes reach whom he acts for, by the topics that he was given, as long as he was', async t => {
  verifies('smart-2.2', 'SAL-140', 'SAL-1017')
  const bob = await appOf('bob', 'user/*.rs', { fhirUser: 'RelatedPerson/bob' })
  for (const { type } of types) t.same(await found(bob, type), [], `${type} of nobody`)
  await give('for-bob', 'alice', ['Appointment'])
  t.same(await found(bob, 'Appointment'), await found(alice, 'Appointment'))
  t.same(await found(bob, 'Patient'), ['Patient/alice'])
  t.ok((await found(bob, 'Practitioner')).length > 0, 'what is everybody’s, for who reaches somebody')
  t.same(await found(bob, 'Observation'), [])
  t.equal((await bob('/Observation/a-Observation')).status, 404)
  t.equal((await bob('/Binary/a-Binary')).status, 404, 'no letters, nothing of what they attach')
  await give('for-bob-too', CANARY, ['DocumentReference'])
  t.same(await found(bob, 'Patient'), ['Patient/alice', `Patient/${CANARY}`])
  t.same(await found(bob, 'Appointment'), await found(alice, 'Appointment'), 'of each what was given of her')
  t.same(await found(bob, 'DocumentReference'), await found(victim, 'DocumentReference'))
  t.equal((await bob(`/Binary/${canaryId('Binary')}`)).status, 200, 'through her letter')
  t.equal((await bob('/Binary/a-Binary')).status, 404)
  await give('for-bob-too', CANARY, ['DocumentReference'], 'inactive')
  t.same(await found(bob, 'Patient'), ['Patient/alice'], 'with the next request')
  t.equal((await bob(`/Binary/${canaryId('Binary')}`)).status, 404)
  await give('for-bob', 'alice', ['Appointment'], 'inactive')
  for (const { type } of types) t.same(await found(bob, type), [], `${type} after it ended`)
})

t.test('a proxy’s user/ scopes begin and end with the period of the Consent', async t => {
  await give('for-bob', 'alice', ['Appointment'], 'active', { start: '2026-03-03', end: '2026-03-05' })
  const bob = await appOf('bob', 'user/*.rs', { fhirUser: 'RelatedPerson/bob' })
  const at = async (time: string) => {
    s.clock.set(time)
    return (await bob('/Appointment/a-Appointment')).status
  }
  t.equal(await at('2026-03-02T23:59:59.999Z'), 404)
  t.equal(await at('2026-03-03T00:00:00.000Z'), 200)
  t.equal(await at('2026-03-05T23:59:59.999Z'), 200, 'the last day is part of it')
  t.equal(await at('2026-03-06T00:00:00.000Z'), 404)
  s.clock.set('2026-03-02T10:00:00.000Z')
  await give('for-bob', 'alice', ['Appointment'], 'inactive')
})

t.test('a proxy who has a record too reaches both, his own in full', async t => {
  await person(s, 'both', ['RelatedPerson/bob', `Patient/${CANARY}`])
  await give('for-both', 'alice', ['Appointment'])
  const app = await appOf('both', 'user/*.rs')
  t.same(await found(app, 'Patient'), ['Patient/alice', `Patient/${CANARY}`])
  t.same(await found(app, 'Observation'), await found(victim, 'Observation'))
  t.ok((await found(app, 'Appointment')).includes('Appointment/a-Appointment'))
  await give('for-both', 'alice', ['Appointment'], 'inactive')
})

t.test('patient/ and user/ scopes of one token each keep their own reach', async t => {
  verifies('smart-2.2', 'SAL-1017')
  await give('for-bob', 'alice', [])
  await give('for-bob-too', CANARY, ['Appointment'])
  const claims = { patient: 'alice', fhirUser: 'RelatedPerson/bob', act: { sub: 'bob' } }
  const app = await appOf('bob', 'patient/Observation.rs user/Appointment.rs', claims)
  t.same(await found(app, 'Observation'), await found(alice, 'Observation'))
  t.ok((await found(app, 'Appointment')).includes(`Appointment/${canaryId('Appointment')}`), 'of all whom he reaches')
  t.equal((await app('/Patient/alice')).status, 403)
  const both = await appOf('bob', 'patient/Observation.rs user/Observation.rs?_id=none patient/*.r user/*.r', claims)
  t.same(await found(both, 'Observation'), await found(alice, 'Observation'))
  t.equal((await both(`/Appointment/${canaryId('Appointment')}`)).status, 200)
  t.equal((await both(`/Observation/${canaryId('Observation')}`)).status, 404)
  const included = await both('/Observation?_id=a-Observation&_include=*')
  t.notMatch(JSON.stringify(entriesOf(included).map(({ fullUrl }) => fullUrl)), canaryId('Observation'))
  await give('for-bob', 'alice', [], 'inactive')
  await give('for-bob-too', CANARY, ['Appointment'], 'inactive')
  t.same(await found(both, 'Observation'), [])
})

t.test('a query part limits user/ scopes, too', async t => {
  verifies('smart-2.2', 'SAL-1012')
  const app = await appOf('alice', 'user/Observation.rs?_id=a-Observation')
  t.same(await found(app, 'Observation'), ['Observation/a-Observation'])
  t.equal((await app(`/Observation/${canaryId('Observation')}`)).status, 404)
  const other = await appOf('alice', `user/Observation.rs?_id=${canaryId('Observation')}`)
  t.same(await found(other, 'Observation'), [])
})

t.test('user/ scopes of a practitioner open nothing, whoever he is besides', async t => {
  verifies('smart-2.2', 'SAL-1018')
  const fhirUser = 'Practitioner/a-Practitioner'
  for (const sub of ['dr-shah', 'alice']) {
    const app = await appOf(sub, 'openid fhirUser user/*.cruds', { fhirUser })
    for (const { type } of types) {
      t.equal((await app(`/${type}`)).status, 403)
      if (type !== 'Practitioner') t.equal((await app(`/${type}/${own(type)}`)).status, 403, type)
    }
    const role = await appOf(sub, 'user/*.rs', { fhirUser: 'PractitionerRole/a-PractitionerRole' })
    t.equal((await role('/Patient')).status, 403)
  }
  const shah = await appOf('dr-shah', 'user/*.rs')
  t.same(await found(shah, 'Patient'), [], 'nor where the token does not say who he is')
  t.same(await found(shah, 'Practitioner'), [])
})

t.test('a Patient that is linked to another one is another record', async t => {
  verifies('smart-2.2', 'SAL-139')
  const link = [{ other: { reference: 'Patient/alice' }, type: 'seealso' }]
  await engine('/Patient/linked', { method: 'PUT', body: { resourceType: 'Patient', id: 'linked', link } })
  const back = [{ other: { reference: 'Patient/linked' }, type: 'replaces' }]
  await engine('/Patient/other', { method: 'PUT', body: { resourceType: 'Patient', id: 'other', link: back } })
  const apps = [client(s, await patientToken(s, 'linked')), await appOf('linked', 'user/*.rs')]
  for (const app of apps) {
    t.equal((await app('/Patient/linked')).status, 200)
    t.equal((await app('/Patient/alice')).status, 404, 'whom she names')
    t.equal((await app('/Patient/other')).status, 404, 'who names her')
    t.same(namesOf(await app('/Patient?_include=Patient:link&_revinclude=Patient:link')), ['Patient/linked'])
  }
})

t.test('a Consent in which no patient is named, or one who is not known yet, opens nothing', async t => {
  const identifier = { system: 'urn:mrn', value: 'not known yet' }
  const of = (subject: object) => ({ resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...subject })
  for (const body of [of({}), of({ subject: { identifier } }), of({ subject: { reference: 'Group/unknown' } })])
    t.equal((await engine('/Observation', { method: 'POST', body })).status, 201)
  await person(s, 'hana', ['RelatedPerson/hana'])
  const provision = {
    type: 'permit',
    actor: [{ role: { text: 'proxy' }, reference: { reference: 'RelatedPerson/hana' } }],
  }
  const { patient: _, ...nobodys } = consent('of-nobody', 'x', [])
  for (const body of [
    { ...nobodys, provision },
    { ...nobodys, id: 'of-a-stranger', patient: { identifier }, provision },
  ])
    t.equal((await engine(`/Consent/${body.id}`, { method: 'PUT', body })).status, 201)
  const app = await appOf('hana', 'user/*.rs')
  const seen: string[] = []
  await inTurn(types, async ({ type }) => {
    seen.push(...(await found(app, type)))
  })
  t.same(seen, [])
  t.same(await peopleReachable(s.pool, 'hana', s.clock()), [])

  const known = { resourceType: 'Patient', id: 'known-by-now', identifier: [identifier] }
  t.equal((await engine('/Patient/known-by-now', { method: 'PUT', body: known })).status, 201)
  t.same(await found(app, 'Patient'), ['Patient/known-by-now'], 'the one in whose name the Consent is')
  t.same(await found(app, 'Consent'), ['Consent/of-a-stranger'])
  t.equal((await found(app, 'Observation')).length, 1)
})

t.test('an account that is closed reaches nothing by user/ scopes', async t => {
  await person(s, 'closed', ['Patient/alice'])
  const app = await appOf('closed', 'user/*.rs')
  t.equal((await app('/Patient/alice')).status, 200)
  await s.pool.query("update person set state = 'closed' where id = 'closed'")
  t.equal((await app('/Patient/alice')).status, 404)
})

t.test('user/ scopes write nothing, and who has them reads who she is', async t => {
  verifies('smart-2.2', 'SAL-1008')
  const app = await appOf('alice', 'user/*.cruds')
  t.equal((await app('/Observation', { method: 'POST', body: { resourceType: 'Observation' } })).status, 403)
  t.equal((await app('/Observation/a-Observation', { method: 'DELETE' })).status, 403)
  const self = await appOf('alice', 'openid fhirUser', { fhirUser: 'Patient/alice' })
  t.equal((await self('/Patient/alice')).status, 200)
  t.equal((await self(`/Patient/${CANARY}`)).status, 403)
  t.equal((await self('/Patient')).status, 403)
})

t.test('a page link of one’s user/ scopes opens nothing for somebody else', async t => {
  const [user, other] = [await appOf('alice', 'user/*.rs'), await appOf('bob', 'user/*.rs')]
  const next = linkOf(await user('/Observation?_count=1'), 'next') ?? ''
  t.equal((await user(next)).status, 200)
  t.equal((await other(next)).status, 400)
  t.equal((await client(s, await patientToken(s, 'alice'))(next)).status, 400, 'nor where a record was chosen')
})
