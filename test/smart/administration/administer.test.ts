import t from 'tap'
import {
  type Administrator,
  change,
  disable,
  enable,
  list,
  register,
  rotateSecret,
  show,
} from '../../../src/smart/administration/administer.ts'
import { authorizationServer, eight, launchAndRedeem, token } from '../../support/authorization-server.ts'
import { auditLines } from '../../support/stored.ts'
import { verifies } from '../../support/verifies.ts'

const server = await authorizationServer(t)
const administrator: Administrator = {
  pool: server.pool,
  clock: () => server.now,
  by: { actor: 'engine', subject: 'ada', client: 'command line' },
  requestId: 'request-1',
}
const SITE = { redirect_uris: ['https://a.example/'], scope: 'launch/patient patient/*.rs' }
const PORTAL = { client_name: 'Portal', kind: 'confidential', ...SITE }
const ENGINE = {
  client_name: 'Engine',
  kind: 'backend',
  scope: 'system/*.*',
  token_endpoint_auth_method: 'client_secret_basic',
}
const ask = (id: string, secret: unknown, scope = 'system/*.*') =>
  token(server, { grant_type: 'client_credentials', scope }, { authorization: `Basic ${btoa(`${id}:${secret}`)}` })
const revoked = async (jwt: string): Promise<boolean> => {
  const { jti } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
  const { rows } = await server.pool.query(
    "select from revoked_token where jti_hash = sha256(convert_to($1, 'UTF8'))",
    [jti],
  )
  return rows.length > 0
}

t.test('a client is registered, and its secret is told once', async t => {
  const told = await register(administrator, { ...PORTAL, client_id: 'portal', maker: 'Example Ltd' })
  t.match(told, { client_id: 'portal', client_name: 'Portal', maker: 'Example Ltd', state: 'active', has_secret: true })
  t.match(told.client_secret, /^[\w-]{43}$/)
  const shown = await show(administrator, 'portal')
  t.notOk('client_secret' in shown)
  t.notMatch(
    JSON.stringify([shown, await list(administrator)]),
    new RegExp(`sha256|${told.client_secret}`),
    'nor what is kept of it',
  )
  t.match(
    (await list(administrator)).find(({ client_id }) => client_id === 'portal'),
    { kind: 'confidential' },
  )
  const { rows } = await server.pool.query("select * from client where client_id = 'portal'")
  t.notOk(JSON.stringify(rows).includes(String(told.client_secret)))
})

t.test('an id is taken once, of eight who want it at the same time too; without one it is made up', async t => {
  const outcomes = await eight(() =>
    register(administrator, { ...PORTAL, client_id: 'wanted' }).then(
      () => 201,
      ({ statusCode }) => statusCode,
    ),
  )
  t.same(outcomes.sort(), [201, 409, 409, 409, 409, 409, 409, 409])
  const lines = (await auditLines(server.pool)).filter(line => line[3] === 'app/wanted')
  t.equal(lines.length, 1, 'what was not registered is not on record as if it were')
  t.match((await register(administrator, PORTAL)).client_id, /^client-[\w-]{12}$/)
})

t.test('what is wrong is said, and nothing is registered', async t => {
  const wrong = { ...PORTAL, client_id: 'bad', redirect_uris: ['http://a.example/'], scope: 'patient/*.rs nonsense' }
  await t.rejects(register(administrator, wrong), {
    error: 'invalid_redirect_uri',
    error_description: /redirect_uris.*; scope/,
  } as unknown as Error)
  await t.rejects(show(administrator, 'bad'), { statusCode: 404 } as unknown as Error)
})

t.test('an engine with a secret gets tokens; without being registered with one it does not', async t => {
  const { client_secret } = await register(administrator, { ...ENGINE, client_id: 'engine' })
  const { status, body } = await ask('engine', client_secret)
  t.equal(status, 200)
  t.equal(body.scope, 'system/*.*')
  t.equal((await ask('demo-engine', client_secret)).status, 401)
})

t.test('a new secret takes the place of the one before, at once', async t => {
  const before = (await register(administrator, { ...ENGINE, client_id: 'rotating' })).client_secret
  const { client_secret: after } = await rotateSecret(administrator, 'rotating')
  t.not(after, before)
  t.equal((await ask('rotating', before)).status, 401)
  t.equal((await ask('rotating', after)).status, 200)
  await t.rejects(rotateSecret(administrator, 'demo-app'), { error_description: /has no secret/ } as unknown as Error)
  await t.rejects(rotateSecret(administrator, 'nobody'), { statusCode: 404 } as unknown as Error)
})

t.test('a secret can be good for a while beside the one that takes its place, and one before that is not', async t => {
  verifies('smart-2.2', 'SAL-1030')
  const first = (await register(administrator, { ...ENGINE, client_id: 'overlapping' })).client_secret
  const { client_secret: second, ...told } = await rotateSecret(administrator, 'overlapping', { overlap_seconds: 600 })
  const left = Date.parse(String(told.previous_secret_expires_at)) - Date.now()
  t.ok(left > 590_000 && left < 610_000, `${left}`)
  t.equal((await ask('overlapping', first)).status, 200)
  t.equal((await ask('overlapping', second)).status, 200)
  t.equal((await ask('overlapping', 'another')).status, 401)
  await change(administrator, 'overlapping', { ...ENGINE, maker: 'B' })
  t.equal((await ask('overlapping', first)).status, 200, 'a change of something else changes nothing about that')
  await server.pool.query("update client set previous_until = now() where client_id = 'overlapping'")
  t.equal((await ask('overlapping', first)).status, 401, 'when the time is over')
  const { client_secret: third } = await rotateSecret(administrator, 'overlapping', { overlap_seconds: 600 })
  const { client_secret: fourth } = await rotateSecret(administrator, 'overlapping', { overlap_seconds: 600 })
  t.same(
    await Promise.all([second, third, fourth].map(async secret => (await ask('overlapping', secret)).status)),
    [401, 200, 200],
  )
  await rotateSecret(administrator, 'overlapping')
  t.equal((await ask('overlapping', fourth)).status, 401, 'a secret that got known is ended at once')
  t.equal((await ask('overlapping', third)).status, 401)
  const bad = [-1, 1.5, '60', 1e9, null].map(overlap_seconds => ({ overlap_seconds }))
  for (const given of [...bad, { overlap: 60 }, 'x', [60]])
    await t.rejects(rotateSecret(administrator, 'overlapping', given), { statusCode: 400 } as unknown as Error)
  t.notMatch(JSON.stringify(await show(administrator, 'overlapping')), /sha256|previous/)
})

t.test('a client that is disabled has no tokens any more, and gets none', async t => {
  const { client_secret } = await register(administrator, { ...ENGINE, client_id: 'leaving' })
  const own = (await ask('leaving', client_secret)).body.access_token
  const { body } = await launchAndRedeem(server)
  const refresh = () =>
    token(server, { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: body.refresh_token })
  t.match(await disable(administrator, 'leaving'), { state: 'disabled' })
  t.match(await disable(administrator, 'demo-app'), { state: 'disabled' })
  t.ok(await revoked(own))
  t.ok(await revoked(body.access_token))
  t.equal((await ask('leaving', client_secret)).status, 401)
  t.not((await refresh()).status, 200)
  t.match(await enable(administrator, 'leaving'), { state: 'active' })
  t.match(await enable(administrator, 'demo-app'), { state: 'active' })
  t.equal((await ask('leaving', client_secret)).status, 200)
  t.not((await refresh()).status, 200, 'what was taken back does not come back')
  t.ok(await revoked(own))
})

t.test('a token that is being issued while its client is disabled is dead too', async t => {
  const { client_secret } = await register(administrator, { ...ENGINE, client_id: 'racing' })
  const asked = eight(() => ask('racing', client_secret))
  await disable(administrator, 'racing')
  for (const { status, body } of await asked) t.ok(status !== 200 || (await revoked(body.access_token)), `${status}`)
})

t.test('a client is described anew: what it has no more is gone, its secret stays', async t => {
  const { client_secret } = await register(administrator, { ...ENGINE, client_id: 'changing', maker: 'A' })
  const now = await change(administrator, 'changing', { ...ENGINE, scope: 'system/Patient.rs', unserved: 'skip' })
  t.match(now, { scope: 'system/Patient.rs', maker: undefined, has_secret: true, unserved: 'skip' })
  t.notOk('client_secret' in now)
  t.equal((await ask('changing', client_secret)).status, 400, 'no scope of these any more')
  t.equal((await ask('changing', client_secret, 'system/Patient.rs')).status, 200)
  await t.rejects(change(administrator, 'changing', { ...PORTAL }), {
    error_description: /kind stay/,
  } as unknown as Error)
  await t.rejects(change(administrator, 'changing', { ...ENGINE, client_id: 'other' }), {
    error_description: /stay/,
  } as unknown as Error)
  await t.rejects(change(administrator, 'nobody', ENGINE), { statusCode: 404 } as unknown as Error)
})

t.test('each change is on record: who did what to which client', async t => {
  const lines = (await auditLines(server.pool)).filter(line => line[1] === 'request-1')
  const of = (interaction: string, app: string) =>
    lines.find(line => line[2] === interaction && line[3] === `app/${app}`)
  for (const [interaction, app] of [
    ['register', 'engine'],
    ['register-anew', 'changing'],
    ['rotate-secret', 'rotating'],
    ['disable', 'demo-app'],
    ['enable', 'demo-app'],
  ] as const)
    t.match(of(interaction, app), [
      String,
      'request-1',
      interaction,
      `app/${app}`,
      'engine',
      'ada',
      'command line',
      null,
    ])
  t.match(of('register', 'engine')?.at(-1), { scope: 'system/*.*' })
  t.notMatch(JSON.stringify(lines), /[\w-]{43}/, 'no secret')
})

t.test('without the record nothing is changed', async t => {
  await server.pool.query('alter table audit_raw rename to audit_lost')
  await t.rejects(register(administrator, { ...PORTAL, client_id: 'unrecorded' }))
  await t.rejects(disable(administrator, 'portal'))
  await server.pool.query('alter table audit_lost rename to audit_raw')
  await t.rejects(show(administrator, 'unrecorded'), { statusCode: 404 } as unknown as Error)
  t.match(await show(administrator, 'portal'), { state: 'active' })
})
