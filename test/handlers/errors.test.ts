import type { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { PoolClient } from 'pg'
import t from 'tap'
import { ERROR_CODES } from '../../src/fhir/error-codes.ts'
import type { IssueType, Json } from '../../src/fhir/types.ts'
import { knownError } from '../../src/handlers/errors.ts'
import { inTransaction, openPool } from '../../src/store/db.ts'
import { client, type Sent } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

const s = await server(t, { variables: { PORTICO_MAX_BODY_BYTES: '2048' } })
const engine = client(s, await engineToken(s))
const reader = client(s, await engineToken(s, 'system/Patient.rs'))
const put = (id: string, more: Json = {}): Sent => ({ method: 'PUT', body: { resourceType: 'Patient', id, ...more } })
const twice = { identifier: [{ system: 'http://x', value: '1' }] }
await engine('/Patient/a', put('a', twice))
await engine('/Patient/b', put('b', twice))
await engine('/Patient/gone', put('gone'))
await engine('/Patient/gone', { method: 'DELETE' })

t.test('every error says what NHS England’s services would say, beside HL7’s code', async t => {
  const cases: [status: number, spine: string, hl7: IssueType, path: string, sent?: Sent][] = [
    [404, 'RESOURCE_NOT_FOUND', 'not-found', '/Patient/nobody'],
    [404, 'RESOURCE_NOT_FOUND', 'not-found', '/Nonsense'],
    [410, 'INVALIDATED_RESOURCE', 'deleted', '/Patient/gone'],
    [405, 'UNSUPPORTED_SERVICE', 'not-supported', '/Patient/a', { method: 'POST' }],
    [406, 'UNSUPPORTED_SERVICE', 'not-supported', '/Patient/a?_format=xml'],
    [
      415,
      'UNSUPPORTED_SERVICE',
      'not-supported',
      '/Patient',
      { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } },
    ],
    [412, 'RESOURCE_VERSION_MISMATCH', 'conflict', '/Patient/a', { ...put('a'), headers: { 'if-match': 'W/"9"' } }],
    [412, 'PRECONDITION_FAILED', 'conflict', '/Patient/a', { ...put('a'), headers: { 'if-none-match': '*' } }],
    [412, 'TOO_MANY_MATCHES', 'multiple-matches', '/Patient?identifier=http://x|1', { method: 'DELETE' }],
    [400, 'MISSING_VALUE', 'required', '/Patient', { method: 'POST' }],
    [400, 'INVALID_VALUE', 'invalid', '/Patient/a', put('b')],
    [400, 'INVALID_RESOURCE_ID', 'value', '/Patient/a_b', put('a_b')],
    [400, 'VALIDATION_ERROR', 'structure', '/Patient/a', put('a', { nonsense: 1 })],
    [413, 'TOO_MANY_VALUES_SUBMITTED', 'too-long', '/Patient/a', put('a', { language: 'x'.repeat(3000) })],
    [414, 'TOO_MANY_VALUES_SUBMITTED', 'too-long', `/Patient?name=${'x'.repeat(17_000)}`],
  ]
  for (const [status, code, hl7, path, sent] of cases) {
    const reply = await engine(path, sent)
    const what = `${sent?.method ?? 'GET'} ${path.slice(0, 60)} ${reply.text.slice(0, 300)}`
    t.equal(reply.status, status, what)
    t.ok(ERROR_CODES[hl7]?.statuses.includes(status), `${hl7} is documented with ${status}`)
    const system = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode'
    t.match(reply.json, { issue: [{ severity: 'error', code: hl7, details: { coding: [{ system, code }] } }] }, what)
  }
  const denied = { issue: [{ details: { coding: [{ code: 'ACCESS_DENIED', display: 'Access denied' }] } }] }
  t.match((await client(s)('/Patient/a')).json, denied)
  t.match((await reader('/Patient/a', put('a'))).json, denied)
})

t.test('of what is wrong with us no more is told than where to ask', async t => {
  await s.pool.query('alter table schedule rename to schedule_lost')
  const reply = await engine('/Schedule/any', { headers: { 'x-request-id': 'the-request' } })
  await s.pool.query('alter table schedule_lost rename to schedule')
  t.equal(reply.status, 500)
  t.match(reply.json, { issue: [{ severity: 'error', code: 'exception' }] })
  t.match(reply.text, 'the-request')
  t.notMatch(reply.text, /relation|schedule|select|store/i)
})

t.test('a session that the database ends is no fault of ours or the client’s: 503, to be tried again', async t => {
  const pool = openPool({ databaseUrl: s.pool.options.connectionString ?? '', max: 1 })
  t.teardown(() => pool.end())
  // Not events.once: the error that comes before the end would be its answer.
  const endOf = (db: PoolClient) => new Promise(resolve => (db as unknown as EventEmitter).once('end', resolve))
  const failure = async (work: () => Promise<unknown>): Promise<unknown> => {
    try {
      await work()
    } catch (error) {
      return error
    }
    throw new Error('It should have failed')
  }
  const ended = await failure(() =>
    inTransaction(pool, async db => {
      const { rows } = await db.query('select pg_backend_pid() as pid')
      const closed = endOf(db)
      await s.pool.query('select pg_terminate_backend($1)', [rows[0].pid])
      await closed
      await db.query('select 1')
    }),
  )
  const idle = await failure(() =>
    inTransaction(pool, async db => {
      await db.query("set local idle_in_transaction_session_timeout = '1ms'")
      await endOf(db)
      await db.query('select 1')
    }),
  )
  const killed = await failure(() => pool.query('select pg_terminate_backend(pg_backend_pid())'))
  const elsewhere = openPool({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/nothing' })
  t.teardown(() => elsewhere.end())
  for (const error of [ended, idle, killed, await failure(() => elsewhere.query('select 1'))]) {
    const { status, issues, headers } = knownError(error) ?? {}
    t.same([status, issues?.[0]?.code, headers?.['retry-after']], [503, 'transient', '5'], String(error))
  }
  t.equal(
    knownError(await failure(() => pool.query('select nonsense'))),
    undefined,
    'what is wrong in our SQL is a bug',
  )
})

t.test('the table of errors in the documentation has every code', async t => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  for (const code of ['RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_ID', 'RESOURCE_VERSION_MISMATCH', 'throttled'])
    t.match(page, code)
})
