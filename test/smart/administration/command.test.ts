import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import type { Administrator } from '../../../src/smart/administration/administer.ts'
import { runCommand, UsageError } from '../../../src/smart/administration/command.ts'
import { database } from '../../support/database.ts'

const { pool } = await database(t)
const administrator: Administrator = {
  pool,
  clock: () => new Date(),
  by: { actor: 'engine', subject: 'ada', client: 'command line' },
  requestId: 'r',
}
const folder = await mkdtemp(join(tmpdir(), 'portico-'))
t.teardown(() => rm(folder, { recursive: true }))
const run = (...args: string[]) => runCommand(args, administrator)
const told = async (...args: string[]) => JSON.parse(await run(...args)) as Record<string, unknown>
const APP = ['register', '--kind', 'public', '--name', 'Steps', '--scope', 'launch/patient patient/*.rs']

t.test('an app is registered by what is said of it', async t => {
  const args = [
    ...APP,
    '--id',
    'steps',
    '--maker',
    'Example Ltd',
    '--redirect',
    'https://a.example/',
    '--redirect',
    'https://b.example/',
  ]
  t.match(
    await told(
      ...args,
      '--origin',
      'https://c.example',
      '--logout',
      'https://a.example/bye',
      '--contact',
      'x@a.example',
    ),
    {
      client_id: 'steps',
      client_name: 'Steps',
      maker: 'Example Ltd',
      scope: 'launch/patient patient/*.rs',
      redirect_uris: ['https://a.example/', 'https://b.example/'],
      cors_origins: ['https://c.example'],
      post_logout_redirect_uris: ['https://a.example/bye'],
      contacts: ['x@a.example'],
      state: 'active',
    },
  )
})

t.test('an engine by its keys, or with a secret', async t => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const file = join(folder, 'jwks.json')
  await writeFile(file, JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }))
  const engine = ['register', '--kind', 'backend', '--name', 'Engine', '--scope', 'system/*.cruds']
  t.match(await told(...engine, '--id', 'keys', '--jwks', file), { jwks: { keys: [{ kid: 'k' }] }, has_secret: false })
  t.match(await told(...engine, '--jwks-uri', 'https://e.example/jwks'), {
    token_endpoint_auth_method: 'private_key_jwt',
  })
  t.match(await told(...engine, '--id', 'secret', '--secret', '--unserved', 'skip'), {
    client_secret: /^[\w-]{43}$/,
    unserved: 'skip',
  })
  await t.rejects(run(...engine, '--jwks', join(folder, 'nothing.json')), {
    name: 'Error',
    message: /--jwks .*nothing/,
  })
})

t.test('a change says what changes, the rest stays', async t => {
  const before = await told('show', 'steps')
  t.match(await told('change', 'steps', '--maker', 'Other Ltd'), { ...before, maker: 'Other Ltd' })
  t.match(await told('change', 'steps', '--redirect', 'https://d.example/'), {
    redirect_uris: ['https://d.example/'],
    maker: 'Other Ltd',
  })
  t.match(await told('change', 'keys', '--jwks-uri', 'https://e.example/jwks'), {
    jwks_uri: 'https://e.example/jwks',
    jwks: undefined,
  })
})

t.test('the others need an id', async t => {
  t.match(await told('rotate-secret', 'secret'), { client_id: 'secret', client_secret: /^[\w-]{43}$/ })
  const kept = await told('rotate-secret', 'secret', '--overlap', '3600')
  t.match(kept.previous_secret_expires_at, /^\d{4}-/)
  await t.rejects(run('rotate-secret', 'secret', '--overlap', 'soon'), {
    error_description: /whole number/,
  } as unknown as Error)
  t.match(await told('disable', 'secret'), { state: 'disabled' })
  t.match(await run('list'), /^secret +backend +disabled +Engine$/m)
  t.match(await told('enable', 'secret'), { state: 'active' })
  t.match(await run('list'), /^steps +public +active +Steps \(Other Ltd\)$/m)
})

t.test('what cannot be understood is said', async t => {
  const usage = async (args: string[], words: RegExp) => {
    const error = await run(...args).catch(cause => cause)
    t.ok(error instanceof UsageError, args.join(' '))
    t.match(error.message, words)
  }
  await usage(['remove', 'steps'], /what is steps/)
  await usage(['sing'], /no command “sing”/)
  await usage(['show'], /show needs the id/)
  await usage(['show', 'a', 'b'], /what is b/)
  await usage(['list', 'a'], /what is a/)
  await usage(['register', '--colour', 'red'], /--colour/)
})
