// Reads by id that arrive together go to the database together: each must get its own answer all the same.
import t from 'tap'
import { type Client, client, store } from '../support/client.ts'
import { observation, patient } from '../support/made.ts'
import { minimal } from '../support/minimal.ts'
import { giveTo } from '../support/search-fixture.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken, person, token } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const PEOPLE = ['alice', 'bea', 'cyd', 'dev']
await store(engine, [
  ...PEOPLE.map(id => minimal('Patient', id)),
  ...PEOPLE.flatMap(id => ['1', '2', '3'].map(n => ({ ...giveTo(minimal('Appointment', `${id}-${n}`), id) }))),
  ...PEOPLE.map(id => ({ ...minimal('Practitioner', `dr-${id}`), active: true })),
])
const apps = new Map<string, Client>()
for (const id of PEOPLE) apps.set(id, client(s, await patientToken(s, id)))
apps.set('engine', engine)

t.test('of many reads at once by many people, each gets what it asked for and may see', async t => {
  const asked = [...apps].flatMap(([who, app]) =>
    PEOPLE.flatMap(whose => [
      { app, path: `/Patient/${whose}`, id: whose, isSeen: who === whose || who === 'engine' },
      ...['1', '2', '3', '4'].map(n => ({
        app,
        path: `/Appointment/${whose}-${n}`,
        id: `${whose}-${n}`,
        isSeen: n !== '4' && (who === whose || who === 'engine'),
      })),
      { app, path: `/Practitioner/dr-${whose}`, id: `dr-${whose}`, isSeen: true },
    ]),
  )
  for (let round = 0; round < 5; round++) {
    const wrong: string[] = []
    await Promise.all(
      asked.map(async ({ app, path, id, isSeen }) => {
        const { status, json } = await app(path)
        if (status !== (isSeen ? 200 : 404) || (isSeen && json.id !== id)) wrong.push(`${path} ${status} ${json.id}`)
      }),
    )
    t.same(wrong, [])
  }
})

t.test('the same id, asked for many times at once, is answered each time', async t => {
  const replies = await Promise.all(Array.from({ length: 250 }, () => engine('/Patient/alice')))
  t.equal(new Set(replies.map(({ text }) => text)).size, 1)
  t.ok(replies.every(({ status }) => status === 200))
})

t.test('an account that is closed, or a token without the scope, gets nothing out of a batch with others', async t => {
  await s.pool.query(`update person set state = 'closed' where id = 'dev'`)
  const weak = client(s, await patientToken(s, 'cyd', 'patient/Observation.rs'))
  const dev = apps.get('dev') ?? engine
  const replies = await Promise.all(
    Array.from({ length: 30 }, (_, index) => [engine, dev, weak][index % 3] ?? engine).map(app =>
      app('/Practitioner/dr-dev'),
    ),
  )
  t.same([...new Set(replies.map(({ status }, index) => `${index % 3} ${status}`))].sort(), ['0 200', '1 404', '2 403'])
})

t.test('what one may read is not judged as what another asked before', async t => {
  const s = await server(t)
  const engine = client(s, await engineToken(s))
  const alice = client(s, await patientToken(s, 'alice'))
  await store(engine, [
    patient('alice'),
    patient('carol'),
    observation('hers', 'alice'),
    observation('carols', 'carol'),
    ...['bob', 'dan'].map(id => ({ resourceType: 'RelatedPerson', id, patient: { reference: 'Patient/alice' } })),
  ])
  t.equal((await engine('/Observation/carols')).status, 200)
  t.equal((await alice('/Observation/hers')).status, 200)
  t.equal((await alice('/Observation/carols')).status, 404, 'an engine reads all')

  await person(s, 'bob', ['RelatedPerson/bob'])
  await s.pool.query(
    "insert into reach values ('RelatedPerson/bob', 'alice', '{appointments}', '-infinity', 'infinity', 'c')",
  )
  const claims = { sub: 'bob', patient: 'alice', fhirUser: 'RelatedPerson/bob', act: { sub: 'bob' } }
  const bob = client(s, await token(s, { ...claims, scope: 'openid fhirUser patient/RelatedPerson.r' }))
  t.equal((await bob('/RelatedPerson/bob')).status, 200, 'who he is')
  t.equal((await bob('/RelatedPerson/dan')).status, 404, 'is not of a topic that he was given')
})
