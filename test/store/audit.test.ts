// Every access is in the audit record before its answer leaves, and without the record there is no answer.
import t, { type Test } from 'tap'
import { client, linkOf, type Reply, type Sent, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { giveTo } from '../support/search-fixture.ts'
import { server } from '../support/server.ts'
import { auditLines, storedVersions } from '../support/stored.ts'
import { engineToken, patientToken, person, token } from '../support/token.ts'

const NOW = '2026-03-02T10:00:00.000Z'
const s = await server(t, { at: NOW })
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
await person(s, 'bob', ['RelatedPerson/bob'])
const claims = { client_id: 'test-app', patient: 'alice', scope: 'patient/*.rs', fhirUser: 'RelatedPerson/bob' }
const bob = client(s, await token(s, { ...claims, sub: 'bob', act: { sub: 'bob' } }))
const observations = ['a', 'b', 'c'].map(id => ({ ...giveTo(minimal('Observation', id), 'alice'), status: 'final' }))
await store(engine, [minimal('Patient', 'alice'), minimal('Patient', 'other'), ...observations])

let requests = 0

/** Makes a request, and gives the lines that stand in the record of it when the answer is here. */
async function linesOf(
  app: typeof engine,
  path: string,
  sent: Sent = {},
): Promise<{ reply: Reply; lines: unknown[][] }> {
  const id = `request-${++requests}`
  const reply = await app(path, { ...sent, headers: { ...sent.headers, 'x-request-id': id } })
  const lines = (await auditLines(s.pool)).filter(line => line[1] === id)
  return { reply, lines }
}

async function isRecorded(
  t: Test,
  app: typeof engine,
  path: string,
  interaction: string,
  what: string,
  result: object,
  sent?: Sent,
) {
  const { reply, lines } = await linesOf(app, path, sent)
  const say = `${sent?.method ?? 'GET'} ${path} ${reply.status}`
  t.equal(lines.length, 1, say)
  const [time, , done, about, ...rest] = lines[0] ?? []
  t.same([time, done, about], [NOW, interaction, what], say)
  t.match(rest.at(-1), result, say)
  return rest
}

t.test('each interaction leaves one line that says who did what, when, and what came of it', async t => {
  const body = { ...minimal('Patient', 'new') }
  const put = { method: 'PUT', body }
  await isRecorded(t, engine, '/Patient/alice', 'read', 'Patient/alice', { version: 1 })
  await isRecorded(t, engine, '/Patient/nobody', 'read', 'Patient/nobody', { version: null })
  await isRecorded(t, engine, '/Patient/alice/_history/1', 'vread', 'Patient/alice/_history/1', { versions: [1] })
  await isRecorded(t, engine, '/Patient/alice/_history', 'history-instance', 'Patient/alice/_history', {
    ids: ['Patient/alice/_history/1'],
  })
  await isRecorded(t, engine, '/Patient?_id=alice', 'search-type', 'Patient?_id=alice', { ids: ['Patient/alice'] })
  await isRecorded(t, engine, '/Patient?_id=none', 'search-type', 'Patient?_id=none', { ids: [] })
  await isRecorded(t, engine, '/Patient?_summary=count', 'search-type', 'Patient?_summary=count', { count: 2 })
  await isRecorded(t, engine, '/Patient/new', 'update', 'Patient/new', { status: 201, version: 1 }, put)
  await isRecorded(t, engine, '/Patient/new', 'update', 'Patient/new', { status: 200, version: 1 }, put)
  await isRecorded(
    t,
    engine,
    '/Patient/new',
    'delete',
    'Patient/new',
    { status: 204, version: 2 },
    { method: 'DELETE' },
  )
  const { reply, lines } = await linesOf(engine, '/Patient', { method: 'POST', body })
  t.match(lines, [
    [NOW, String, 'create', `Patient/${reply.json.id}`, 'engine', 'test-engine', 'test-engine', null, { status: 201 }],
  ])
})

const foundIn = (lines: readonly unknown[][]): string[] =>
  lines.flatMap(line => (line.at(-1) as { ids?: string[] }).ids ?? [])

t.test('what was found is named, what was included too', async t => {
  const { lines } = await linesOf(alice, '/Observation?_id=a,b&_include=Observation:subject')
  t.same(foundIn(lines).sort(), ['Observation/a', 'Observation/b', 'Patient/alice'])
  const first = await linesOf(alice, '/Observation?_count=2')
  const second = await linesOf(alice, linkOf(first.reply, 'next') ?? '')
  const named = [first, second].flatMap(each => foundIn(each.lines))
  t.same([...named].sort(), ['Observation/a', 'Observation/b', 'Observation/c'], 'each page what was on it')
})

t.test('a line tells the patient from her proxy, and the app from both', async t => {
  t.same((await isRecorded(t, alice, '/Patient/alice', 'read', 'Patient/alice', { version: 1 })).slice(0, 4), [
    'patient',
    'alice',
    'test-app',
    'alice',
  ])
  t.same((await isRecorded(t, bob, '/Patient/alice', 'read', 'Patient/alice', { version: null })).slice(0, 4), [
    'proxy',
    'bob',
    'test-app',
    'alice',
  ])
})

t.test('what was refused is recorded, and what was somebody else’s looks as if it were not there', async t => {
  await isRecorded(t, alice, '/Patient/other', 'read', 'Patient/other', { version: null })
  await isRecorded(t, alice, '/Patient/alice', 'delete', 'Patient/alice', { status: 403 }, { method: 'DELETE' })
  await isRecorded(
    t,
    alice,
    '/Patient/alice',
    'update',
    'Patient/alice',
    { status: 403 },
    { method: 'PUT', body: minimal('Patient', 'alice') },
  )
})

t.test('many at once leave a line each', async t => {
  const ids = Array.from({ length: 150 }, (_, index) => ['a', 'b', 'c', 'none'][index % 4] ?? '')
  const before = (await auditLines(s.pool)).length
  await Promise.all(
    ids.map((id, index) => (index % 2 === 0 ? alice(`/Observation/${id}`) : engine(`/Observation?_id=${id}`))),
  )
  const lines = (await auditLines(s.pool)).slice(before)
  t.equal(lines.length, ids.length)
  t.same(lines.map(line => String(line[3]).replace('?_id=', '/')).sort(), ids.map(id => `Observation/${id}`).sort())
})

t.test('an entry of a batch is recorded like a request of its own', async t => {
  const entry = ['Patient/alice', 'Observation?_id=a', 'Patient/nobody'].map(url => ({
    request: { method: 'GET', url },
  }))
  const { lines } = await linesOf(engine, '/', {
    method: 'POST',
    body: { resourceType: 'Bundle', type: 'batch', entry },
  })
  t.same(lines.map(line => line[3]).sort(), ['Observation?_id=a', 'Patient/alice', 'Patient/nobody'])
})

t.test('where nothing can be recorded nothing is answered, and nothing is written', async t => {
  const before = await storedVersions(s.pool)
  await s.pool.query('alter table audit_raw rename to audit_lost')
  const asked: [string, Sent?][] = [
    ['/Patient/alice'],
    ['/Patient/alice/_history'],
    ['/Patient/alice/_history/1'],
    ['/Observation?_id=a'],
    ['/Observation?_summary=count'],
    ['/Patient/unrecorded', { method: 'PUT', body: minimal('Patient', 'unrecorded') }],
    ['/Patient/alice', { method: 'DELETE' }],
  ]
  for (const [path, sent] of asked) {
    const { status, text } = await engine(path, sent)
    t.equal(status, 500, path)
    t.notMatch(text, /alice|Observation\/a/)
  }
  await s.pool.query('alter table audit_lost rename to audit_raw')
  t.same(await storedVersions(s.pool), before)
  t.equal((await engine('/Patient/alice')).status, 200)
})
