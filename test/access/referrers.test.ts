// A file is seen through what refers to it, and by those alone who see that: by their scopes, their topics, and whose it is.
import t from 'tap'
import { grantOf } from '../../src/access/grant.ts'
import { permit } from '../../src/access/permit.ts'
import type { Json } from '../../src/fhir/types.ts'
import type { Definition } from '../../src/resources/definition.ts'
import { definitionOf } from '../../src/resources/index.ts'
import { readOne } from '../../src/store/read.ts'
import { type Client, client, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { giveTo } from '../support/search-fixture.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken, person, token } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t, { at: '2026-03-02T10:00:00.000Z' })
const engine = client(s, await engineToken(s))

const letter = (id: string, patient: string, file: string, more: Json = {}): Json => ({
  ...giveTo(minimal('DocumentReference', id), patient),
  ...more,
  content: [{ attachment: { url: `Binary/${file}` } }],
})
const file = (id: string, more: Json = {}): Json => ({
  resourceType: 'Binary',
  id,
  contentType: 'text/plain',
  data: 'aGVsbG8=',
  ...more,
})
const tagged = (code: string): Json => ({ meta: { tag: [{ code }] } })
const about = (patient: string): Json => ({ securityContext: { reference: `Patient/${patient}` } })

await store(engine, [
  minimal('Patient', 'alice'),
  minimal('Patient', 'bella'),
  minimal('Group', 'everybody'),
  ...['open', 'closed', 'alone', 'shared'].map(id => file(id)),
  file('bellas', about('bella')),
  letter('open', 'alice', 'open', tagged('open')),
  letter('closed', 'alice', 'closed'),
  letter('names-bellas', 'alice', 'bellas'),
  { ...minimal('Practitioner', 'dr'), photo: [{ url: 'Binary/shared' }] },
])
const read = async (app: Client, id: string) => (await app(`/Binary/${id}`)).status
const alice = async (scope: string) => client(s, await patientToken(s, 'alice', scope))
const user = async (scope: string) => client(s, await token(s, { sub: 'alice', client_id: 'app', scope }))

t.test('a granular scope on letters is one on their files, too', async t => {
  verifies('smart-2.2', 'SAL-1012')
  const apps: [Client, Client][] = [
    [
      await alice('patient/Binary.r patient/DocumentReference.r'),
      await alice('patient/Binary.r patient/DocumentReference.r?_tag=open'),
    ],
    [
      await user('user/Binary.r user/DocumentReference.r'),
      await user('user/Binary.r user/DocumentReference.r?_tag=open'),
    ],
  ]
  for (const [all, limited] of apps) {
    t.same([await read(all, 'open'), await read(all, 'closed'), await read(all, 'alone')], [200, 200, 404])
    t.same([await read(limited, 'open'), await read(limited, 'closed')], [200, 404])
  }
})

t.test('scopes of one context do not open files through letters of the other', async t => {
  for (const scope of ['patient/Binary.r user/DocumentReference.r', 'user/Binary.r patient/DocumentReference.r']) {
    const app = client(s, await token(s, { sub: 'alice', client_id: 'app', patient: 'alice', scope }))
    t.equal(await read(app, 'open'), 404, scope)
  }
})

t.test('what is everybody’s opens no file, nor does a letter that names the file of another patient', async t => {
  const apps = [await alice('patient/*.rs'), await user('user/*.rs')]
  for (const app of apps) {
    t.equal((await app('/Practitioner/dr')).status, 200)
    t.equal(await read(app, 'shared'), 404)
    t.equal(await read(app, 'bellas'), 404)
  }
  t.equal(await read(engine, 'bellas'), 200)
})

t.test('a letter that names a file of another server opens no file here that has the same id', async t => {
  const of = (id: string, url: string): Json => ({ ...letter(id, 'alice', ''), content: [{ attachment: { url } }] })
  const foreign = 'https://gp.example.org/fhir/'
  await store(engine, [
    ...['elsewhere', 'elsewhere-2', 'elsewhere-3', 'here', 'here-2'].map(id => file(id)),
    of('elsewhere', `${foreign}Binary/elsewhere`),
    of('elsewhere-2', `${s.baseUrl}.example.org/fhir/Binary/elsewhere-2`),
    of('elsewhere-3', `${foreign}?of=${s.baseUrl}/fhir/Binary/elsewhere-3`),
    of('here', 'Binary/here'),
    of('here-2', `${s.baseUrl}/fhir/Binary/here-2`),
  ])
  for (const app of [await alice('patient/*.rs'), await user('user/*.rs')]) {
    for (const id of ['elsewhere', 'elsewhere-2', 'elsewhere-3']) t.equal(await read(app, id), 404, id)
    for (const id of ['here', 'here-2']) t.equal(await read(app, id), 200, id)
  }
})

t.test('two who read files at the same time each get what is theirs', async t => {
  await store(engine, [letter('hers', 'bella', 'bellas')])
  await person(s, 'bella', ['Patient/bella'])
  const [a, b] = [await alice('patient/*.rs'), client(s, await patientToken(s, 'bella'))]
  const statuses = await Promise.all([read(a, 'open'), read(b, 'open'), read(a, 'bellas'), read(b, 'bellas')])
  t.same(statuses, [200, 404, 404, 200])
})

t.test('what is no patient’s is nobody’s but the trust’s', async t => {
  for (const app of [await alice('patient/*.cruds'), await user('user/*.cruds')]) {
    t.equal((await app('/Group/everybody')).status, 403)
    t.equal((await app('/Group')).status, 403)
  }
  t.equal((await engine('/Group/everybody')).status, 200)
  const group = definitionOf('Group')
  if (!group) throw new Error('Group is served')
  // A declaration that opens it by mistake opens nothing: it is in nobody's record.
  const opened = { ...group, may: { ...group.may, patient: ['read' as const] } }
  const claims = { sub: 'alice', client_id: 'app', patient: 'alice', jti: 'j', exp: 1, scope: 'patient/*.r user/*.r' }
  const grant = grantOf(claims)
  const access = { grant, requestId: 'r', interaction: 'read', what: 'Group/everybody' }
  t.equal(await readOne(s.pool, permit(grant, opened, 'read'), 'everybody', access, s.clock()), undefined)
})

t.test('user/ scopes reach her own record by what patients may do, and others’ by what proxies may', async t => {
  const observation = definitionOf('Observation')
  if (!observation) throw new Error('Observation is served')
  await store(engine, [
    { resourceType: 'Patient', id: 'carla' },
    { resourceType: 'Patient', id: 'dora' },
    ...['carla', 'dora'].map(id => ({
      resourceType: 'Observation',
      id: `of-${id}`,
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${id}` },
    })),
  ])
  await person(s, 'carla', ['Patient/carla', 'RelatedPerson/carla'])
  await s.pool.query(`insert into reach values ('RelatedPerson/carla', 'dora', '{*}', '-infinity', 'infinity', 'c')`)
  const claims = { sub: 'carla', client_id: 'app', jti: 'j', exp: 1, scope: 'user/*.r' }
  const access = { grant: grantOf(claims), requestId: 'r', interaction: 'read', what: 'Observation' }
  const seen = async (may: Definition['may']) => {
    const permission = permit(grantOf(claims), { ...observation, may }, 'read')
    const found = ['carla', 'dora'].map(id => readOne(s.pool, permission, `of-${id}`, access, s.clock()))
    return (await Promise.all(found)).map(each => each !== undefined)
  }
  t.same(await seen({ patient: ['read'], proxy: ['read'] }), [true, true])
  t.same(await seen({ patient: ['read'] }), [true, false])
  t.same(await seen({ proxy: ['read'] }), [false, true])
})
