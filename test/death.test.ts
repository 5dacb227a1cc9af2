// When a patient has died, nobody reaches her record as a patient or for her, from the next request on; the trust does as ever.
import pg from 'pg'
import t from 'tap'
import type { Json } from '../src/fhir/types.ts'
import { migrate } from '../src/store/migrate.ts'
import { peopleReachable } from '../src/store/people.ts'
import { type Client, client, namesOf, store } from './support/client.ts'
import { emptyDatabase } from './support/database.ts'
import { minimal } from './support/minimal.ts'
import { giveTo } from './support/search-fixture.ts'
import { server } from './support/server.ts'
import { engineToken, patientToken, person, token } from './support/token.ts'

const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const engine = client(s, await engineToken(s))

const patient = (id: string, more: Json = {}): Json => ({ resourceType: 'Patient', id, ...more })
const consent = (id: string, of: string, actor: string): Json => ({
  resourceType: 'Consent',
  id,
  status: 'active',
  scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
  category: [{ text: 'Proxy access' }],
  patient: { reference: `Patient/${of}` },
  policyRule: { text: 'Proxy access policy' },
  provision: { type: 'permit', actor: [{ role: { text: 'proxy' }, reference: { reference: actor } }] },
})

/** A patient with a result, her app, and that of a proxy who has a record of his own. */
async function family(name: string) {
  const [she, he] = [`${name}-she`, `${name}-he`]
  const result = (of: string) => ({ ...giveTo(minimal('Observation', `result-${of}`), of), status: 'final' })
  await store(engine, [
    patient(she),
    patient(he),
    minimal('Practitioner', 'dr'),
    result(she),
    result(he),
    consent(name, she, `RelatedPerson/${he}`),
  ])
  await person(s, she, [`Patient/${she}`])
  await person(s, he, [`RelatedPerson/${he}`, `Patient/${he}`])
  const claims = { sub: he, client_id: 'test-app' }
  return {
    she,
    he,
    hers: client(s, await patientToken(s, she)),
    his: client(s, await patientToken(s, he)),
    proxy: client(s, await token(s, { ...claims, patient: she, scope: 'patient/*.rs', act: { sub: he } })),
    user: client(s, await token(s, { ...claims, scope: 'user/*.rs' })),
    herUser: client(s, await token(s, { sub: she, client_id: 'test-app', scope: 'user/*.rs' })),
  }
}

/** What an app gets of a patient's record, by every way to it. */
async function seen(app: Client, id: string): Promise<string[]> {
  const [read, version, history, list, everything] = [
    await app(`/Observation/result-${id}`),
    await app(`/Observation/result-${id}/_history/1`),
    await app(`/Observation/result-${id}/_history`),
    await app(`/Observation?patient=${id}`),
    await app(`/Patient/${id}/$everything`),
  ]
  return [
    ...(read.status === 200 ? ['read'] : []),
    ...(version.status === 200 ? ['vread'] : []),
    ...(history.status === 200 ? ['history'] : []),
    ...(namesOf(list).length > 0 ? ['search'] : []),
    ...(everything.status === 200 ? ['everything'] : []),
  ]
}
const ALL = ['read', 'vread', 'history', 'search', 'everything']

t.test('her own app and her proxy’s see nothing of her once she has died, however that is said', async t => {
  for (const said of [{ deceasedDateTime: '2026-03-01' }, { deceasedBoolean: true }]) {
    const { she, hers, proxy, user, herUser } = await family(`died-${Object.keys(said)}`.toLowerCase())
    for (const app of [hers, proxy, user, herUser]) t.same(await seen(app, she), ALL)
    await store(engine, [patient(she, said)])
    for (const app of [hers, proxy, user, herUser]) t.same(await seen(app, she), [])
    t.equal((await hers('/Practitioner/dr')).status, 404, 'nor what is everybody’s')
    t.equal((await herUser('/Practitioner/dr')).status, 404)
    t.same(await seen(engine, she), ALL, 'the trust does')
  }
})

t.test('her proxy keeps what is his', async t => {
  const { she, he, his, user } = await family('kept')
  await store(engine, [patient(she, { deceasedBoolean: true })])
  t.same(await seen(his, he), ALL)
  t.same(await seen(user, he), ALL)
  t.same(namesOf(await user('/Patient')), [`Patient/${he}`])
})

t.test('when a proxy has died, his account reaches nobody any more', async t => {
  const { she, he, his, hers, proxy, user } = await family('proxy')
  await store(engine, [patient(he, { deceasedDateTime: '2026-02-28T03:00:00Z' })])
  t.same(await seen(proxy, she), [])
  t.same(await seen(user, she), [])
  t.same(await seen(his, he), [])
  t.same(await seen(hers, she), ALL, 'but she does')
})

t.test('a notice that is taken back gives back what there was', async t => {
  const { she, hers, proxy } = await family('back')
  for (const undone of [{}, { deceasedBoolean: false }]) {
    await store(engine, [patient(she, { deceasedBoolean: true })])
    t.same(await seen(hers, she), [])
    await store(engine, [patient(she, undone)])
    t.same(await seen(hers, she), ALL)
    t.same(await seen(proxy, she), ALL)
  }
})

t.test('a Consent that is written after it opens nothing', async t => {
  const { she, he, proxy } = await family('after')
  await store(engine, [patient(she, { deceasedBoolean: true })])
  await store(engine, [{ ...consent('after', she, `RelatedPerson/${he}`), dateTime: '2026-03-02' }])
  await store(engine, [consent('after-too', she, `RelatedPerson/${he}`)])
  t.same(await seen(proxy, she), [])
})

t.test('what is written of others leaves her record closed', async t => {
  const { she, he, hers } = await family('others')
  await store(engine, [patient(she, { deceasedBoolean: true })])
  await store(engine, [patient(he, { gender: 'male' }), patient('somebody-else')])
  t.same(await seen(hers, she), [])
})

t.test('her record stays closed when her Patient is deleted', async t => {
  const { she, hers } = await family('deleted')
  await store(engine, [patient(she, { deceasedBoolean: true })])
  t.equal((await engine(`/Patient/${she}`, { method: 'DELETE' })).status, 204)
  t.same(await seen(hers, she), [])
})

t.test('no record of hers is offered at sign-in, nor is a refresh answered', async t => {
  const { she, he } = await family('offered')
  const offered = async (who: string) => (await peopleReachable(s.pool, who, s.clock())).map(each => each.patient)
  t.same(await offered(she), [she])
  t.same(await offered(he), [he, she])
  await store(engine, [patient(she, { deceasedBoolean: true })])
  t.same(await offered(she), [])
  t.same(await offered(he), [he])
  await store(engine, [patient(he, { deceasedBoolean: true })])
  t.same(await offered(he), [])
})

t.test('who had died before the server knew of this is known by it', async t => {
  const { url, drop } = await emptyDatabase({ migrated: false })
  await migrate(url)
  const db = new pg.Client(url)
  await db.connect()
  t.teardown(async () => {
    await db.end()
    await drop()
  })
  await migrate(url, 'down')
  while ((await db.query("select to_regclass('ended_reach') as there")).rows[0]?.there !== null)
    await migrate(url, 'down')
  const insert = `insert into patient (id, ver, upd, method, keys, refs, content) values ($1, 1, now(), 'PUT', '{}', '{}', $2)`
  await db.query(insert, ['alive', '{"resourceType":"Patient","deceasedBoolean":false}'])
  await db.query(insert, ['dead', '{"resourceType":"Patient","deceasedBoolean":true}'])
  await db.query(insert, ['dated', '{"resourceType":"Patient","deceasedDateTime":"2020"}'])
  await db.query(insert, ['silent', '{"resourceType":"Patient"}'])
  await migrate(url)
  const { rows } = await db.query<{ actor: string }>('select actor from ended_reach order by actor')
  t.same(
    rows.map(({ actor }) => actor),
    ['Patient/dated', 'Patient/dead'],
  )
})
