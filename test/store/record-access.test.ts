import t, { type Test } from 'tap'
import { closed, lineOf, record } from '../../src/store/audit.ts'
import { accessesOf, lastUses, readAudit } from '../../src/store/record-access.ts'
import { client, store } from '../support/client.ts'
import { database } from '../support/database.ts'
import { minimal } from '../support/minimal.ts'
import { giveTo } from '../support/search-fixture.ts'
import { server, type TestServer } from '../support/server.ts'
import { engineToken, patientToken, person, token } from '../support/token.ts'

const NOW = '2026-03-02T10:20:00.000Z'

/** A server with a record of Alice and one of another patient, and nothing of either looked at yet. */
async function hospital(t: Test) {
  const s = await server(t, { at: NOW })
  const engine = client(s, await engineToken(s))
  const of = (patient: string, count: number) =>
    Array.from({ length: count }, (_, index) => giveTo(minimal('Observation', `${patient}-${index}`), patient))
  await store(engine, [minimal('Patient', 'alice'), minimal('Patient', 'other')])
  await store(engine, [...of('alice', 4), ...of('other', 3), minimal('Practitioner', 'p')])
  await all(s.pool)
  await s.pool.query('truncate record_access, app_use')
  return { s, engine, alice: client(s, await patientToken(s, 'alice')) }
}

async function all(pool: Parameters<typeof readAudit>[0]): Promise<void> {
  while (await readAudit(pool, 'wait', row => t.fail(`${row} cannot be read`)));
}

const shown = async ({ pool, clock }: TestServer, patient: string) =>
  (await accessesOf(pool, patient, clock(), { most: 100 })).map(
    ({ actor, person: who, client: app, act, type, items }) => [actor, who, app, act, type, items].join(' '),
  )

t.test('who looked is summed up by the hour: who, with what, which kind of thing, how many', async t => {
  const { s, engine, alice } = await hospital(t)
  await alice('/Observation?_count=2')
  await alice('/Observation/alice-0')
  await alice('/Observation/alice-0/_history/1')
  await alice('/Patient/alice')
  await alice('/Practitioner/p')
  await engine('/Observation?_id=alice-1,alice-2,other-1&_include=Observation:subject')
  await engine('/Observation/alice-3', { method: 'DELETE' })
  await all(s.pool)
  t.same(await shown(s, 'alice'), [
    'patient alice test-app looked Patient 1',
    'patient alice test-app looked Observation 4',
    'engine test-engine test-engine looked Patient 1',
    'engine test-engine test-engine looked Observation 2',
    'engine test-engine test-engine changed Observation 1',
  ])
  t.same(await shown(s, 'other'), [
    'engine test-engine test-engine looked Patient 1',
    'engine test-engine test-engine looked Observation 1',
  ])
  s.clock.set('2026-03-02T11:00:00.000Z')
  await alice('/Patient/alice')
  await all(s.pool)
  const [latest, ...earlier] = await accessesOf(s.pool, 'alice', s.clock(), { most: 100 })
  t.match(latest, { hour: '2026-03-02T11:00:00.000Z', first: s.clock(), items: 1 })
  t.equal(earlier.length, 5)
  t.equal(
    (await accessesOf(s.pool, 'alice', s.clock(), { before: latest?.hour, most: 100 })).length,
    5,
    'and before that',
  )
})

t.test('what was refused, not there or somebody else’s was no look', async t => {
  const { s, alice, engine } = await hospital(t)
  await alice('/Observation/other-0')
  await alice('/Observation?_id=other-0')
  await alice('/Observation/nothing')
  await alice('/Observation/alice-0', { method: 'DELETE' })
  await alice('/Observation?_summary=count')
  await engine('/Observation/nothing')
  await all(s.pool)
  t.same(await shown(s, 'alice'), [])
  t.same(await shown(s, 'other'), [])
})

t.test('that something is not released yet is not told by who looked at it', async t => {
  const { s, engine } = await hospital(t)
  const later = { ...giveTo(minimal('DiagnosticReport', 'later'), 'alice'), status: 'final', issued: NOW }
  const tag = (code: string) => ({ tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code }] })
  const never = { ...later, id: 'never', meta: tag('SWTH') }
  await store(engine, [{ ...later, meta: tag('SID') }, never])
  await engine('/DiagnosticReport/later')
  await engine('/DiagnosticReport/never')
  await all(s.pool)
  t.same(await shown(s, 'alice'), [])
  s.clock.set('2026-03-03T09:00:00.000Z')
  t.same((await shown(s, 'alice')).sort(), [
    'engine test-engine test-engine changed DiagnosticReport 1',
    'engine test-engine test-engine looked DiagnosticReport 1',
  ])
})

t.test('a proxy and an app are told from the patient; an app is used also when it finds nothing', async t => {
  const { s } = await hospital(t)
  await person(s, 'bob', ['RelatedPerson/bob'])
  const claims = { client_id: 'test-app', patient: 'alice', scope: 'patient/*.rs', fhirUser: 'RelatedPerson/bob' }
  const bob = client(s, await token(s, { ...claims, sub: 'bob', act: { sub: 'bob' } }))
  await bob('/Patient/alice')
  await all(s.pool)
  t.same(await shown(s, 'alice'), [])
  t.same(await lastUses(s.pool, 'bob'), [{ client: 'test-app', patient: 'alice', at: new Date(NOW) }])
  await s.pool.query(
    `insert into reach values ('RelatedPerson/bob', 'alice', array['*'], '-infinity', 'infinity', 'Consent/1')`,
  )
  s.clock.set('2026-03-02T10:40:00.000Z')
  await bob('/Patient/alice')
  await all(s.pool)
  t.same(await shown(s, 'alice'), ['proxy bob test-app looked Patient 1'])
  t.match(await lastUses(s.pool, 'bob'), [{ at: s.clock() }])
  t.same(await lastUses(s.pool, 'alice'), [])
})

t.test('who has one record open and sees another’s with user/ scopes has looked at that one', async t => {
  const { s } = await hospital(t)
  await person(s, 'bob', ['Patient/alice', 'RelatedPerson/bob'])
  await s.pool.query(
    `insert into reach values ('RelatedPerson/bob', 'other', array['*'], '-infinity', 'infinity', 'Consent/1')`,
  )
  const claims = { sub: 'bob', client_id: 'test-app', patient: 'alice', scope: 'patient/*.rs user/*.rs' }
  const bob = client(s, await token(s, claims))
  t.equal((await bob('/Observation/other-0')).status, 200)
  t.equal((await bob('/Observation/alice-0')).status, 200)
  await all(s.pool)
  t.same(await shown(s, 'other'), ['patient bob test-app looked Observation 1'])
  t.same(await shown(s, 'alice'), ['patient bob test-app looked Observation 1'])
})

t.test('a row counts once, however many read at the same time', async t => {
  const { s, alice } = await hospital(t)
  await Promise.all(Array.from({ length: 40 }, () => alice('/Observation/alice-1')))
  await Promise.all(Array.from({ length: 6 }, (_, index) => readAudit(s.pool, index % 2 ? 'wait' : 'leave', t.fail)))
  await all(s.pool)
  t.same(await shown(s, 'alice'), ['patient alice test-app looked Observation 40'])
})

t.test('the many rows of one transaction count once each, and those of the next go on from there', async t => {
  const { s, engine } = await hospital(t)
  await s.pool.query("select setval(pg_get_serial_sequence('audit_raw', 'id'), 990)")
  const more = Array.from({ length: 25 }, (_, index) => giveTo(minimal('Goal', `more-${index}`), 'alice'))
  await store(engine, more)
  await all(s.pool)
  await engine('/Patient/alice')
  await all(s.pool)
  await all(s.pool)
  t.same(await shown(s, 'alice'), [
    'engine test-engine test-engine looked Patient 1',
    'engine test-engine test-engine changed Goal 25',
  ])
})

t.test('a row that appears late is not passed over', async t => {
  const { s, alice } = await hospital(t)
  const late = await s.pool.connect()
  await late.query('begin')
  const grant = { actor: 'patient', subject: 'alice', client: 'slow-app', patient: 'alice' } as const
  const access = { grant, requestId: 'r', interaction: 'read', what: 'Observation/alice-2' }
  await record(late, closed(lineOf(access, s.clock()), { version: 1 }))
  await alice('/Observation/alice-1')
  await all(s.pool)
  t.same(await shown(s, 'alice'), [], 'what may still be overtaken is waited for')
  await late.query('commit')
  late.release()
  await all(s.pool)
  t.same(await shown(s, 'alice'), [
    'patient alice test-app looked Observation 1',
    'patient alice slow-app looked Observation 1',
  ])
})

t.test('a line that cannot be read is left out and named, and what comes after it is read', async t => {
  const { s, alice } = await hospital(t)
  await alice('/Patient/alice')
  const grant = { actor: 'engine', subject: 'test-engine', client: 'test-engine' } as const
  const access = { grant, requestId: 'r', interaction: 'read', what: 'Patient/alice' }
  const line = closed(lineOf(access, s.clock()), { version: 1 })
  await s.pool.query('insert into audit_raw (lines) values ($1)', [`${line}\n["spoilt\n${line}`])
  await alice('/Patient/alice')
  const unreadable: string[] = []
  while (await readAudit(s.pool, 'wait', row => unreadable.push(row)));
  t.match(unreadable, [/^\d+\/\d+$/])
  t.equal(unreadable.length, 1)
  t.same(await shown(s, 'alice'), [
    'patient alice test-app looked Patient 2',
    'engine test-engine test-engine looked Patient 2',
  ])
})

t.test('another database of the server does not hold it up', async t => {
  const { s, alice } = await hospital(t)
  const { pool } = await database(t)
  const other = await pool.connect()
  await other.query('begin')
  await other.query('select pg_current_xact_id()')
  await alice('/Observation/alice-1')
  await all(s.pool)
  t.same(await shown(s, 'alice'), ['patient alice test-app looked Observation 1'])
  await other.query('rollback')
  other.release()
})

t.test('lines of before this table was there are read too', async t => {
  const { s, alice } = await hospital(t)
  await alice('/Observation/alice-1')
  await s.pool.query("update audit_raw set tx = '0'")
  await s.pool.query("truncate record_access; update audit_read set tx = '0', id = 0")
  await all(s.pool)
  t.ok((await shown(s, 'alice')).includes('patient alice test-app looked Observation 1'))
})

t.test('one patient’s page is found along an index', async t => {
  const { s } = await hospital(t)
  await s.pool.query(`insert into record_access select 'p' || n % 500, timestamptz '2026-01-01' + n * interval '1 minute',
    'engine', 'e', 'e', 'looked', 'Observation', '-infinity', 1, now(), now() from generate_series(1, 50000) n`)
  await s.pool.query('analyze record_access')
  const { rows } = await s.pool.query(`explain (format json) select * from record_access where patient = 'p7'
    and hour < 'infinity'::timestamptz and shown_from <= now() order by hour desc, actor desc, person desc, client desc, act desc, type desc limit 100`)
  const plan = JSON.stringify(rows)
  t.match(plan, 'record_access_pkey')
  t.notMatch(plan, /"Sort"|"Seq Scan"/)
})
