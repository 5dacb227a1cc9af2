import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadDemo } from '../src/demo.ts'
import { demoBundles } from '../src/demo-records.ts'
import { server, type TestServer } from './support/server.ts'
import { engineToken, token } from './support/token.ts'

// A Monday morning: what is released on the next working day is not released today.
const NOW = '2026-11-23T10:00:00Z'

async function emptyServer(t: Test): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.teardown(() => rm(dataDir, { recursive: true }))
  return server(t, { at: NOW, variables: { PORTICO_DATA_DIR: dataDir } })
}

async function demoServer(t: Test): Promise<TestServer> {
  const on = await emptyServer(t)
  await loadDemo(on.app)
  return on
}

type Answer = { status: number; total: number | undefined; ids: string[] }

/** A search or read with a token of this person, for this patient. */
async function asks(on: TestServer, bearer: string, path: string): Promise<Answer> {
  const response = await fetch(`${on.baseUrl}/fhir/${path}`, {
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/fhir+json' },
  })
  const body = (await response.json()) as { total?: number; entry?: { resource: { id: string } }[] }
  return { status: response.status, total: body.total, ids: (body.entry ?? []).map(({ resource }) => resource.id) }
}

const ofAlice = (on: TestServer) =>
  token(on, { sub: 'alice', patient: 'alice', scope: 'patient/*.rs', fhirUser: 'Patient/alice' })

const forAnother = (on: TestServer, proxy: string, patient: string) =>
  token(on, {
    sub: proxy,
    patient,
    scope: 'patient/*.rs',
    fhirUser: `RelatedPerson/${proxy}-for-${patient}`,
    act: { sub: proxy },
  })

// For the tests that only look, and today.
const untouched = demoServer(t)

t.test('the demo is loaded once: the next start leaves it as it is', async t => {
  const on = await demoServer(t)
  const bearer = await engineToken(on)
  t.equal((await asks(on, bearer, 'Patient?_summary=count')).total, 9)
  on.clock.set('2026-12-24T10:00:00Z')
  const demo = await loadDemo(on.app)
  t.equal(demo.people.length, 7)
  t.same((await asks(on, bearer, 'Patient/erin/_history')).ids, ['erin'], 'one version')
  t.same((await asks(on, bearer, 'Appointment/alice-future/_history')).ids, ['alice-future'], 'one version')
})

t.test('an engine that sends the same records again changes none of them', async t => {
  const on = await demoServer(t)
  const headers = { authorization: `Bearer ${await engineToken(on)}`, 'content-type': 'application/fhir+json' }
  for (const bundle of demoBundles(new Date(NOW))) {
    const sent = { method: 'POST', headers, body: JSON.stringify(bundle) }
    const response = await fetch(`${on.baseUrl}/fhir`, sent)
    const { entry = [] } = (await response.json()) as { entry?: { response: { status: string; etag: string } }[] }
    const answers = new Set(entry.map(({ response: { status, etag } }) => `${status} ${etag}`))
    t.same([...answers], ['200 OK W/"1"'], `${bundle.id}`)
  }
})

t.test('records that are there keep the demo’s away', async t => {
  const on = await emptyServer(t)
  const bearer = await engineToken(on)
  const made = await fetch(`${on.baseUrl}/fhir/Patient`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Patient' }),
  })
  t.equal(made.status, 201)
  await loadDemo(on.app)
  t.equal((await asks(on, bearer, 'Patient?_summary=count')).total, 1)
})

t.test('Alice has results that fill more than a page, letters, appointments and a thread', async t => {
  const on = await untouched
  const bearer = await ofAlice(on)
  const total = async (path: string) => (await asks(on, bearer, `${path}_summary=count`)).total
  t.equal(await total('Observation?'), 60)
  t.equal(await total('Observation?category=vital-signs&'), 15)
  t.equal(await total('DiagnosticReport?'), 15)
  t.equal(await total('DocumentReference?'), 2)
  t.equal(await total('Appointment?status=booked,fulfilled,cancelled&'), 3)
  t.equal(await total('Communication?part-of=Communication/alice-thread&'), 3)
  t.equal(await total('Task?focus=Appointment/alice-future&'), 1)
  for (const binary of ['alice-letter-knee-pdf', 'alice-letter-knee-html', 'alice-letter-blood-pressure-text'])
    t.equal((await asks(on, bearer, `Binary/${binary}`)).status, 200, binary)
  t.same((await asks(on, bearer, 'Patient')).ids, ['alice'], 'and nobody else’s')
})

t.test(
  'Alice does not see the result that is not released before the next working day, and never the withheld one',
  async t => {
    const on = await demoServer(t)
    const alice = await ofAlice(on)
    const engine = await engineToken(on)
    const status = async (bearer: string, path: string) => (await asks(on, bearer, path)).status
    const unreleased = ['DiagnosticReport/alice-unreleased', 'Observation/alice-unreleased-ferritin']
    const withheld = ['DiagnosticReport/alice-withheld', 'Observation/alice-withheld-ca125']
    for (const path of [...unreleased, ...withheld]) {
      t.equal(await status(alice, path), 404, path)
      t.equal(await status(engine, path), 200, path)
    }
    on.clock.set('2026-11-24T08:59:59Z')
    for (const path of unreleased) t.equal(await status(alice, path), 404, path)
    on.clock.set('2026-11-24T09:00:00Z')
    for (const path of unreleased) t.equal(await status(alice, path), 200, path)
    for (const path of withheld) t.equal(await status(alice, path), 404, path)
  },
)

t.test('Bob sees Alice’s appointments and nothing else of her record', async t => {
  const on = await untouched
  const bearer = await forAnother(on, 'bob', 'alice')
  t.equal((await asks(on, bearer, 'Appointment')).ids.length, 3)
  for (const type of ['Observation', 'DiagnosticReport', 'DocumentReference', 'Communication', 'Condition', 'Task'])
    t.equal((await asks(on, bearer, `${type}?_summary=count`)).total, 0, type)
  t.equal((await asks(on, bearer, 'Binary/alice-letter-knee-pdf')).status, 404)
})

t.test('Carol, whose time ended yesterday, sees nothing', async t => {
  const on = await untouched
  const bearer = await forAnother(on, 'carol', 'alice')
  for (const type of ['Patient', 'Appointment', 'Observation', 'DocumentReference', 'Communication', 'Consent'])
    t.equal((await asks(on, bearer, `${type}?_summary=count`)).total, 0, type)
  t.equal((await asks(on, bearer, 'Patient/alice')).status, 404)
})

t.test('Freya sees her daughter’s record until the midnight at which Erin is 16', async t => {
  const on = await demoServer(t)
  const bearer = await forAnother(on, 'freya', 'erin')
  const sees = async () => (await asks(on, bearer, 'DiagnosticReport')).ids
  t.same(await sees(), ['erin-blood-count'])
  on.clock.set('2026-11-23T23:59:59.999Z')
  t.same(await sees(), ['erin-blood-count'])
  on.clock.set('2026-11-24T00:00:00Z')
  t.same(await sees(), [])
})

t.test('Dev’s former record points to the one that stays, which has everything', async t => {
  const on = await untouched
  const bearer = await engineToken(on)
  t.same((await asks(on, bearer, 'Patient?link=Patient/dev&active=false')).ids, ['dev-former'])
  t.same((await asks(on, bearer, 'Appointment?patient=dev')).ids, ['dev-past'])
  t.same((await asks(on, bearer, 'Appointment?patient=dev-former')).ids, [])
})
