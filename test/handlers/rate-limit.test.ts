// Where a limit is set, who asks without end is told when to ask again, and nobody else waits for it.
import t from 'tap'
import { client, type Reply, store } from '../support/client.ts'
import { patient } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken, token } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const MOST = 5
const s = await server(t, {
  at: '2026-11-22T10:00:00Z',
  variables: { PORTICO_MAX_REQUESTS_PER_MINUTE: String(MOST) },
})
const engine = client(s, await engineToken(s))
const again = client(s, await engineToken(s, 'system/*.rs'))
const other = client(s, await token(s, { sub: 'another-engine', scope: 'system/*.rs' }))
const alice = client(s, await patientToken(s, 'alice'))
const bob = client(s, await patientToken(s, 'bob'))

const times = async (count: number, job: () => Promise<Reply>): Promise<number[]> => {
  const found: number[] = []
  for (let each = 0; each < count; each++) found.push((await job()).status)
  return found
}

t.test('who asks more often than is allowed in a minute is told when to ask again', async t => {
  verifies('fhir-rest', 'REST-7', 'REST-102')
  s.clock.set('2026-11-22T10:00:00Z')
  await store(engine, [patient('alice'), patient('bob')])
  s.clock.set('2026-11-22T10:00:20Z')
  t.same(await times(MOST - 1, () => engine('/Patient/alice')), Array(MOST - 1).fill(200))
  const refused = await engine('/Patient', { method: 'POST', body: { resourceType: 'Patient' } })
  t.equal(refused.status, 429)
  t.equal(refused.headers['retry-after'], '40', 'when the minute is over')
  t.match(refused.headers['content-type'], /^application\/fhir\+json/)
  t.match(refused.json, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'throttled' }] })
  t.match(refused.text, `More than ${MOST} requests`)
  t.equal((await again('/Patient')).status, 429, 'another token of the same client is the same client')
  t.equal((await other('/Patient')).json.total, 2, 'of what was refused nothing was done')
  s.clock.set('2026-11-22T10:01:00Z')
  t.equal((await engine('/Patient/alice')).status, 200)
})

t.test('the people who use an app do not use up each other’s requests', async t => {
  verifies('fhir-rest', 'REST-102')
  s.clock.set('2026-11-22T11:00:00Z')
  t.same(await times(MOST + 1, () => alice('/Patient/alice')), [...Array(MOST).fill(200), 429])
  t.equal((await bob('/Patient/bob')).status, 200)
  const claims = { sub: 'alice', patient: 'alice', scope: 'patient/*.rs', fhirUser: 'Patient/alice' }
  const elsewhere = client(s, await token(s, { ...claims, client_id: 'another-app' }))
  t.equal((await elsewhere('/Patient/alice')).status, 200, 'nor do the apps of one person')
})

t.test('a browser is told of it, and what needs no token is not counted', async t => {
  verifies('fhir-rest', 'REST-51', 'REST-102')
  s.clock.set('2026-11-22T12:00:00Z')
  await times(MOST, () => alice('/Patient/alice'))
  const origin = 'https://app.example'
  const refused = await alice('/Patient/alice', { headers: { origin } })
  t.equal(refused.status, 429)
  t.equal(refused.headers['access-control-allow-origin'], origin)
  t.match(refused.headers['access-control-expose-headers'], 'retry-after')
  t.same(await times(MOST + 1, () => client(s)('/metadata')), Array(MOST + 1).fill(200))
  t.same(await times(MOST + 1, () => client(s)('/Patient')), Array(MOST + 1).fill(401))
})

t.test('without the setting nobody is limited', async t => {
  const free = await server(t)
  const asks = client(free, await engineToken(free))
  t.same([...new Set(await times(50, () => asks('/Patient')))], [200])
})
