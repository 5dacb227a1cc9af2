import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { database } from './support/database.ts'
import { auditLines } from './support/stored.ts'

const PROGRAM = fileURLToPath(new URL('../src/clients.ts', import.meta.url))

t.test('clients are administered from the command line', async t => {
  const { pool, url } = await database(t)
  const run = async (...args: string[]) => {
    const env = { ...process.env, DATABASE_URL: url, PORTICO_SECRET: 'a secret of the command line tests' }
    const child = spawn(process.execPath, ['--import', 'tsx', PROGRAM, ...args], { env })
    const out = { stdout: '', stderr: '' }
    child.stdout.on('data', data => {
      out.stdout += data
    })
    child.stderr.on('data', data => {
      out.stderr += data
    })
    const [code] = await once(child, 'close')
    return { code, ...out }
  }
  const made = await run(
    'register',
    '--kind',
    'backend',
    '--name',
    'E',
    '--scope',
    'system/*.*',
    '--id',
    'e',
    '--secret',
  )
  t.equal(made.code, 0)
  t.match(JSON.parse(made.stdout), { client_id: 'e', client_secret: /^[\w-]{43}$/ })
  const [line] = await auditLines(pool)
  t.match(line, [String, String, 'register', 'app/e', 'engine', String, 'command line', null, {}])

  const wrong = await run('register', '--kind', 'public', '--name', 'A', '--scope', 'system/*.rs')
  t.equal(wrong.code, 1)
  t.match(wrong.stderr, /redirect_uris: an app needs at least one; scope: system/)
  const unknown = await run()
  t.equal(unknown.code, 2)
  t.match(unknown.stderr, 'rotate-secret ID')
})
