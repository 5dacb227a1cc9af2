import t from 'tap'
import { personTokens } from '../../../scripts/demo-client.ts'
import { client } from '../../support/client.ts'
import { demoServer } from '../../support/demo.ts'
import { system } from '../../support/hospital.ts'
import { auditLines } from '../../support/stored.ts'

// The API by which a system of the hospital administers clients, on a whole server: what it takes back is gone at /fhir.

const s = await demoServer(t)
type Answer = { status: number; headers: Headers; body: Record<string, unknown> }

async function send(path: string, token: string | undefined, method = 'GET', body?: unknown): Promise<Answer> {
  const response = await fetch(`${s.baseUrl}/oauth2/clients${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
}

async function tokenOf(authorization: string, scope: string): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope })
  const response = await fetch(`${s.baseUrl}/oauth2/token`, { method: 'POST', body, headers: { authorization } })
  return ((await response.json()) as { access_token: string }).access_token
}

const ENGINE = {
  client_name: 'Engine',
  kind: 'backend',
  scope: 'system/*.cruds',
  token_endpoint_auth_method: 'client_secret_basic',
}
const admin = await tokenOf(await system(s, 'registry', '__clients'), '__clients')

t.test('a system with the scope registers, shows, changes, disables and enables clients', async t => {
  const made = await send('', admin, 'POST', { ...ENGINE, client_id: 'engine' })
  t.equal(made.status, 201)
  t.equal(made.headers.get('cache-control'), 'no-store')
  const secret = made.body.client_secret
  t.match(await send('/engine', admin), { status: 200, body: { client_id: 'engine', client_secret: undefined } })
  t.ok(
    ((await send('', admin)).body as unknown as { client_id: string }[]).some(
      ({ client_id }) => client_id === 'engine',
    ),
  )

  const basic = (of: unknown) => `Basic ${btoa(`engine:${of}`)}`
  const engine = client(s, await tokenOf(basic(secret), 'system/*.cruds'))
  t.equal((await engine('/Patient')).status, 200)
  const app = client(s, (await personTokens(s.baseUrl, 'alice', 'launch/patient patient/*.rs')).access_token)
  t.equal((await app('/Patient')).status, 200)

  for (const id of ['engine', 'demo-app'])
    t.match(await send(`/${id}/disable`, admin, 'POST'), { status: 200, body: { state: 'disabled' } })
  t.equal((await engine('/Patient')).status, 401, 'at once')
  t.equal((await app('/Patient')).status, 401)
  t.match(await send('/engine/enable', admin, 'POST'), { status: 200, body: { state: 'active' } })
  t.equal((await engine('/Patient')).status, 401, 'what was taken back stays so')

  const rotated = await send('/engine/secret', admin, 'POST')
  t.equal(rotated.status, 200)
  t.equal(await tokenOf(basic(secret), 'system/*.cruds'), undefined)
  t.ok(await tokenOf(basic(rotated.body.client_secret), 'system/*.cruds'))
  const overlapped = await send('/engine/secret', admin, 'POST', { overlap_seconds: 60 })
  t.match(overlapped.body, { previous_secret_expires_at: /^\d{4}-.*Z$/ })
  t.ok(await tokenOf(basic(rotated.body.client_secret), 'system/*.cruds'))
  t.match(await send('/engine', admin, 'PUT', { ...ENGINE, maker: 'Example Ltd' }), {
    status: 200,
    body: { maker: 'Example Ltd' },
  })

  const lines = (await auditLines(s.pool)).filter(line => line[5] === 'registry' && line[3] === 'app/engine')
  t.same(
    lines.map(line => line[2]),
    ['register', 'disable', 'enable', 'rotate-secret', 'rotate-secret', 'register-anew'],
  )
})

t.test('nobody else does', async t => {
  const paths: [string, string, unknown?][] = [
    ['', 'GET'],
    ['', 'POST', ENGINE],
    ['/demo-app', 'GET'],
    ['/demo-app', 'PUT', ENGINE],
    ['/demo-confidential/secret', 'POST'],
    ['/demo-app/disable', 'POST'],
    ['/demo-app/enable', 'POST'],
  ]
  const engine = await tokenOf(await system(s, 'other', 'system/*.cruds __launch'), 'system/*.cruds __launch')
  const alice = (await personTokens(s.baseUrl, 'alice', 'openid launch/patient patient/*.rs').catch(() => undefined))
    ?.access_token
  for (const [path, method, body] of paths) {
    const say = `${method} ${path}`
    t.match(await send(path, undefined, method, body), { status: 401, body: { error: 'invalid_token' } }, say)
    t.match(await send(path, 'made-up', method, body), { status: 401 }, say)
    t.match(await send(path, engine, method, body), { status: 403, body: { error: 'insufficient_scope' } }, say)
    if (alice) t.match(await send(path, alice, method, body), { status: 401 }, say)
  }
  const { rows } = await s.pool.query("select state from client where client_id = 'demo-confidential'")
  t.equal(rows[0].state, 'active')
})

t.test('who administers is not decided by those who do', async t => {
  const wide = { ...ENGINE, client_id: 'heir', scope: 'system/*.cruds __clients' }
  t.match(await send('', admin, 'POST', wide), { status: 403, body: { error: 'access_denied' } })
  await system(s, 'second', '__clients')
  for (const [path, method, body] of [
    ['/engine', 'PUT', { ...ENGINE, scope: '__clients' }],
    ['/second', 'PUT', ENGINE],
    ['/second/secret', 'POST'],
    ['/second/disable', 'POST'],
    ['/registry', 'PUT', { ...ENGINE, scope: 'system/*.cruds' }],
  ] as const)
    t.match(await send(path, admin, method, body), { status: 403, body: { error: 'access_denied' } }, path)
  t.equal((await send('/heir', admin)).status, 404)
})

t.test('what is wrong is said', async t => {
  t.match(await send('/nobody', admin), { status: 404, body: { error: 'not_found' } })
  t.match(await send('/nobody/disable', admin, 'POST'), { status: 404 })
  t.match(await send('', admin, 'POST', { ...ENGINE, client_id: 'engine' }), {
    status: 409,
    body: { error: 'invalid_client_metadata', error_description: /there is a client engine/ },
  })
  t.match(await send('', admin, 'POST', { ...ENGINE, scope: 'patient/*.rs', kind: 'backend', x: 1 }), {
    status: 400,
    body: { error: 'invalid_client_metadata' },
  })
  t.equal((await send('', admin, 'POST', '{')).status, 400)
  t.equal((await send('', admin, 'POST', 'x'.repeat(60_000))).status, 413)
})

t.test('a system that is disabled administers no more', async t => {
  await s.pool.query("update client set state = 'disabled' where client_id = 'registry'")
  t.equal((await send('', admin)).status, 401)
})
