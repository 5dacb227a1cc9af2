import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { seedDemo } from '../src/demo-people.ts'
import { findBySignIn } from '../src/store/people.ts'
import { claimsOf } from './support/authorization-server.ts'
import { server } from './support/server.ts'

const run = promisify(execFile)

t.test('the demo', async t => {
  const { pool, baseUrl } = await server(t)
  const dataDir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.teardown(() => rm(dataDir, { recursive: true }))
  const demo = await seedDemo(pool, { dataDir })
  const env = { PATH: process.env.PATH, PORTICO_BASE_URL: baseUrl, PORTICO_DATA_DIR: dataDir }
  const token = async (...args: string[]) =>
    run(process.execPath, ['--import=tsx', 'scripts/token.ts', ...args], { env })

  t.test('is the same when it is loaded again', async t => {
    const before = await readFile(join(dataDir, 'demo-engine.jwk.json'), 'utf8')
    t.same(await seedDemo(pool, { dataDir }), demo)
    t.equal(await readFile(join(dataDir, 'demo-engine.jwk.json'), 'utf8'), before)
  })

  t.test('keeps its secrets for their owner', async t => {
    for (const file of ['demo-engine.jwk.json', 'demo-confidential.secret']) {
      t.equal((await stat(join(dataDir, file))).mode & 0o777, 0o600, file)
    }
    const { rows } = await pool.query<{ metadata: { jwks?: { keys: object[] } } }>('select metadata from client')
    for (const { metadata } of rows) for (const key of metadata.jwks?.keys ?? []) t.notOk('d' in key)
  })

  t.test('has no account for Erin, who is 15', async t => {
    t.equal(await findBySignIn(pool, 'erin@example.org'), undefined)
    t.notOk(demo.people.some(({ email }) => email.startsWith('erin')))
  })

  t.test('gives out one token and nothing else, by `npm run token`', async t => {
    const alice = await token('alice')
    t.match(alice, { stdout: /^[\w-]+\.[\w-]+\.[\w-]+\n$/, stderr: '' })
    t.match(claimsOf(alice.stdout), {
      sub: 'alice',
      patient: 'alice',
      scope: 'openid fhirUser launch/patient patient/*.rs',
    })
    const engine = await token('engine', 'system/Patient.rs', 'system/Observation.rs')
    t.match(claimsOf(engine.stdout), { sub: 'demo-engine', scope: 'system/Patient.rs system/Observation.rs' })
    await pool.query(
      `insert into reach values ('RelatedPerson/bob-for-alice', 'alice', '{appointments}', '-infinity', 'infinity', 'c')`,
    )
    const bob = await token('bob', 'patient/Appointment.rs')
    t.match(claimsOf(bob.stdout), {
      sub: 'bob',
      patient: 'alice',
      act: { sub: 'bob' },
      scope: 'patient/Appointment.rs',
    })
  })

  t.test('says why there is no token, and fails', async t => {
    for (const [args, why] of [
      [[], 'usage'],
      [['nobody'], 'cannot sign in'],
      [['alice', 'patient/Nonsense.rs'], 'none of the requested scopes'],
      [['engine', 'patient/*.rs'], 'invalid_scope'],
    ] as const) {
      await t.rejects(token(...args), { code: 1, stdout: '', stderr: new RegExp(why) })
    }
  })
})
