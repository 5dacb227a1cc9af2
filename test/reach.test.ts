// How far a token reaches: the person herself, a proxy by a Consent, and who was told no more than who signed in.
import t from 'tap'
import { definitions } from '../src/resources/index.ts'
import { type Client, client, entriesOf, inTurn, namesOf } from './support/client.ts'
import { server } from './support/server.ts'
import { storedVersions } from './support/stored.ts'
import { patientToken, person, token } from './support/token.ts'
import { CANARY, canaryId, twoPatients } from './support/two-patients.ts'

const START = '2026-03-02T10:00:00.000Z'
const s = await server(t, { at: START })
const { alice, engine } = await twoPatients(s)
const types = [...definitions.values()]
const own = (type: string): string => (type === 'Patient' ? 'alice' : `a-${type}`)

type Change = { status?: string; id?: string; patient?: string; topics?: string[]; period?: Record<string, string> }

/** The Consent by which Alice lets Bob see something, as the trust's system sends it. */
const consent = ({
  status = 'active',
  id = 'for-bob',
  patient = 'alice',
  topics = ['Appointment'],
  period,
}: Change = {}) => ({
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

const give = async (change: Change = {}): Promise<void> => {
  const { id = 'for-bob' } = change
  const { status, text } = await engine(`/Consent/${id}`, { method: 'PUT', body: consent(change) })
  if (status > 201) throw new Error(text)
}

await person(s, 'bob', ['RelatedPerson/bob'])
const proxyFor = async (patient: string, proxy = 'bob'): Promise<Client> =>
  client(
    s,
    await token(s, {
      sub: proxy,
      client_id: 'test-app',
      patient,
      scope: 'openid fhirUser patient/*.cruds',
      fhirUser: `RelatedPerson/${proxy}`,
      act: { sub: proxy },
    }),
  )
const bob = await proxyFor('alice')

/** The types of which somebody gets anything of Alice's, by read, by search and by history. */
async function reachedBy(app: Client): Promise<string[]> {
  const reached = new Set<string>()
  await inTurn(types, async ({ type, may }) => {
    if (!may.proxy) return
    const [read, list, history, version] = [
      await app(`/${type}/${own(type)}`),
      await app(`/${type}?_count=1`),
      await app(`/${type}/${own(type)}/_history`),
      await app(`/${type}/${own(type)}/_history/1`),
    ]
    const found = [read.status === 200, namesOf(list).length > 0, history.status === 200, version.status === 200]
    if (found.some(Boolean)) reached.add(type)
    if (found.some(each => each !== found[0])) reached.add(`${type}: ${found}`)
  })
  return [...reached].sort()
}

const released = await reachedBy(alice)
const isForAppointments = (type: string): boolean => {
  const { topic, compartment } = definitions.get(type) ?? {}
  return (topic === 'appointments' || topic === 'shared') && compartment !== 'referrers'
}
const forAppointments = released.filter(isForAppointments)

t.test('without a Consent a proxy reaches nothing at all', async t => {
  t.ok(released.length > 30)
  t.same(await reachedBy(bob), [])
})

t.test('a Consent for appointments gives appointments, and what whoever reaches her may see', async t => {
  await give()
  const reached = await reachedBy(bob)
  t.same(reached, forAppointments)
  t.ok(reached.includes('Appointment') && reached.includes('Patient') && reached.includes('Practitioner'))
  t.notOk(reached.includes('Observation') || reached.includes('Consent') || reached.includes('Binary'))
})

t.test('includes bring a proxy nothing beyond his topics', async t => {
  const reply = await bob('/Appointment?_count=1000&_include=Appointment:supporting-info&_include=Appointment:patient')
  t.same([...new Set(entriesOf(reply).map(({ resource }) => resource.resourceType))].sort(), ['Appointment', 'Patient'])
  const reverse = await bob('/Patient?_revinclude=Observation:subject&_revinclude=Appointment:patient')
  t.notOk(namesOf(reverse).some(name => name.startsWith('Observation')))
  t.ok(namesOf(reverse).some(name => name.startsWith('Appointment')))
})

t.test('a proxy writes nothing', async t => {
  const before = await storedVersions(s.pool)
  const body = { ...consent({ topics: [] }), id: 'for-bob' }
  t.equal((await bob('/Consent/for-bob', { method: 'PUT', body })).status, 403)
  t.equal((await bob('/Appointment/a-Appointment', { method: 'DELETE' })).status, 403)
  t.same(await storedVersions(s.pool), before)
})

t.test('the Consent of one patient says nothing of a second one', async t => {
  const other = await proxyFor(CANARY)
  t.equal((await other(`/Patient/${CANARY}`)).status, 404)
  t.equal((await other(`/Appointment/${canaryId('Appointment')}`)).status, 404)
  t.same(namesOf(await other('/Appointment')), [])
  t.same(namesOf(await other('/Practitioner')), [])
  t.same(namesOf(await bob(`/Appointment?patient=${CANARY}`)), [])
  t.equal((await bob(`/Appointment/${canaryId('Appointment')}`)).status, 404)
})

t.test('the Consent for one proxy says nothing of another', async t => {
  await person(s, 'carol', ['RelatedPerson/carol', `Patient/${CANARY}`])
  const carol = await proxyFor('alice', 'carol')
  t.equal((await bob('/Appointment/a-Appointment')).status, 200)
  t.equal((await carol('/Appointment/a-Appointment')).status, 404)
  t.same(await reachedBy(carol), [])
})

t.test('a Consent that becomes inactive ends with the next request, and an active one begins', async t => {
  const next = (await bob('/Appointment?_count=1')).json.link as { relation: string; url: string }[]
  const page = next.find(({ relation }) => relation === 'next')?.url ?? ''
  t.ok(namesOf(await bob(page)).length > 0)
  await give({ status: 'inactive' })
  t.equal((await bob('/Appointment/a-Appointment')).status, 404)
  t.same(namesOf(await bob(page)), [], 'a page link from before')
  t.same(await reachedBy(bob), [])
  await give()
  t.equal((await bob('/Appointment/a-Appointment')).status, 200)
  await engine('/Consent/for-bob', { method: 'DELETE' })
  t.equal((await bob('/Appointment/a-Appointment')).status, 404)
  t.same(await reachedBy(bob), [])
})

t.test('a Consent begins and ends with its period', async t => {
  await give({ period: { start: '2026-03-03', end: '2026-03-05' } })
  const at = async (time: string) => {
    s.clock.set(time)
    return (await bob('/Appointment/a-Appointment')).status
  }
  t.equal(await at('2026-03-02T23:59:59.999Z'), 404)
  t.equal(await at('2026-03-03T00:00:00.000Z'), 200)
  t.equal(await at('2026-03-05T23:59:59.999Z'), 200, 'the last day is part of it')
  t.equal(await at('2026-03-06T00:00:00.000Z'), 404)
  t.same(await reachedBy(bob), [])
  s.clock.set(START)
})

t.test('two Consents give the topics of both, and ending one leaves the other', async t => {
  await give({ period: { end: '2030-01-01' } })
  await give({ id: 'letters-for-bob', topics: ['DocumentReference'] })
  t.ok((await reachedBy(bob)).includes('DocumentReference'))
  t.equal((await bob('/Binary/a-Binary')).status, 200, 'through a letter that he may see')
  await give({ status: 'inactive' })
  t.equal((await bob('/Appointment/a-Appointment')).status, 404)
  t.equal((await bob('/DocumentReference/a-DocumentReference')).status, 200)
  await give({ id: 'letters-for-bob', status: 'inactive' })
})

t.test('a Consent without classes gives all that she herself sees, and it ends too', async t => {
  await give({ topics: [] })
  t.same(await reachedBy(bob), released)
  await give({ status: 'entered-in-error' })
  t.same(await reachedBy(bob), [])
})

t.test('an account that is closed reaches nothing with the token that it has', async t => {
  const carol = client(s, await patientToken(s, 'alice', 'patient/*.rs'))
  t.equal((await carol('/Patient/alice')).status, 200)
  await s.pool.query(`update person set state = 'closed' where id = 'alice'`)
  t.same(await reachedBy(carol), [])
  await s.pool.query(`update person set state = 'active' where id = 'alice'`)
})

t.test('who was granted only fhirUser reads the one resource that says who she is', async t => {
  const app = client(s, await patientToken(s, 'alice', 'openid fhirUser'))
  t.equal((await app('/Patient/alice')).status, 200)
  const refused = [
    '/Patient/alice/_history',
    '/Patient/alice/_history/1',
    '/Patient?_id=alice',
    '/Patient',
    '/Patient/third',
    `/Patient/${CANARY}`,
    '/Patient/nobody',
    ...types.filter(({ type }) => type !== 'Patient').flatMap(({ type }) => [`/${type}/a-${type}`, `/${type}`]),
  ]
  for (const path of refused) t.equal((await app(path)).status, 403, path)
  const silent = client(s, await patientToken(s, 'alice', 'openid'))
  t.equal((await silent('/Patient/alice')).status, 403)
})
