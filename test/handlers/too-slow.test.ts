// What takes too long is ended: one client's heavy questions must not keep the others from asking theirs.
import t from 'tap'
import { client, store } from '../support/client.ts'
import { patient } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const BEGUN = '2026-11-23T10:00:00.000Z'
const s = await server(t, { at: BEGUN, variables: { PORTICO_MAX_BATCH_SECONDS: '20' } })
const engine = client(s, await engineToken(s))
await store(engine, [patient('alice')])

/** Asks while nobody can read a Schedule, and does something as soon as the database waits for that. */
async function whileHeld<Result>(asked: () => Promise<Result>, then: (pid: number) => Promise<unknown>) {
  const holder = await s.pool.connect()
  try {
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
    await holder.query('begin')
    await holder.query('lock table schedule in access exclusive mode')
    const reply = asked()
    let waiting: number | undefined
    while (waiting === undefined)
      waiting = (
        await s.pool.query<{ pid: number }>('select pid from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [
          rows[0]?.pid,
        ])
      ).rows[0]?.pid
    await then(waiting)
    await holder.query('commit')
    return await reply
  } finally {
    holder.release()
  }
}

t.test('a search whose statement the database has ended is 503, to be asked for less', async t => {
  verifies('fhir-rest', 'REST-110')
  const reply = await whileHeld(
    () => engine('/Schedule?date=ge2026'),
    // As it does by itself when the time is over.
    pid => s.pool.query('select pg_cancel_backend($1)', [pid]),
  )
  t.equal(reply.status, 503)
  t.equal(reply.headers['retry-after'], '5')
  t.match(reply.json, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'timeout' }] })
  t.match(reply.text, /less at once/)
})

t.test('a batch that has read for so long reads no more, and does what is left to be written', async t => {
  verifies('fhir-rest', 'REST-110')
  const get = (url: string) => ({ request: { method: 'GET', url } })
  const entry = [
    ...Array.from({ length: 4 }, () => get('Schedule?date=ge2026')),
    get('Patient/alice'),
    get('Patient?_id=alice'),
    { request: { method: 'PUT', url: 'Patient/bob' }, resource: patient('bob') },
  ]
  const body = { resourceType: 'Bundle', type: 'batch', entry }
  const reply = await whileHeld(
    () => engine('/', { method: 'POST', body }),
    async () => s.clock.set('2026-11-23T10:00:20.000Z'),
  )
  s.clock.set(BEGUN)
  t.equal(reply.status, 200)
  const answers = reply.json.entry as { response: { status: string; outcome?: unknown } }[]
  t.same(
    answers.map(({ response }) => response.status.slice(0, 3)),
    ['200', '200', '200', '200', '503', '503', '201'],
  )
  t.match(answers[4]?.response.outcome, { issue: [{ code: 'timeout', diagnostics: /20 seconds/ }] })
  const again = await engine('/', { method: 'POST', body: { ...body, entry: entry.slice(4, 6) } })
  t.notMatch(again.text, '503', 'what is left comes with another one')
})
