import { hash } from 'node:crypto'
import t, { type Test } from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import { seedDemo } from '../../src/demo-people.ts'
import { server, type TestServer } from '../support/server.ts'

// Failed attempts to sign in are counted by the address that they come from. Who can choose that address is never slowed
// down; and if all have the proxy's, one attacker slows down everybody.

const AUTHORIZE = new URLSearchParams({
  response_type: 'code',
  client_id: 'demo-app',
  redirect_uri: 'http://127.0.0.1/callback',
  scope: 'launch/patient patient/Patient.rs',
  state: 's',
  code_challenge: 'x'.repeat(43),
  code_challenge_method: 'S256',
})

/** Signs in with a wrong password, by a request that has these headers; how often each address was counted then. */
async function counted(t: Test, variables: Record<string, string>, headers: Record<string, string>) {
  const running: TestServer = await server(t, { variables })
  await seedDemo(running.pool, { dataDir: t.testdir() })
  const { baseUrl, pool } = running
  const open = browser(baseUrl, (input, init) => fetch(input, { ...init, headers: { ...init?.headers, ...headers } }))
  const page = await open(`${baseUrl}/oauth2/authorize?${AUTHORIZE}&aud=${encodeURIComponent(`${baseUrl}/fhir`)}`)
  const csrf = fieldsOf(page.html).find(({ name }) => name === 'csrf')?.value ?? ''
  const form = new URLSearchParams({ csrf, name: 'alice@example.org', password: 'wrong' })
  t.equal((await open(`${page.url}/sign-in`, form)).status, 400)
  const { rows } = await pool.query<{ key: string }>("select encode(key, 'hex') as key from sign_in_attempt")
  const isCounted = (address: string) => rows.some(({ key }) => key === hash('sha256', `address:${address}`))
  return ['127.0.0.1', '198.51.100.7', '203.0.113.9', '2001:db8:1:2::/64'].filter(isCounted)
}

t.test('nobody is believed about his address unless a proxy is configured', async t => {
  const forged = {
    'x-forwarded-for': '198.51.100.7',
    'x-real-ip': '198.51.100.7',
    forwarded: 'for=198.51.100.7',
    'true-client-ip': '198.51.100.7',
  }
  t.same(await counted(t, {}, forged), ['127.0.0.1'])
})

t.test(
  'a proxy that is configured is believed about the one address that it adds, not about what came before',
  async t => {
    const trusting = { PORTICO_TRUSTED_PROXIES: '127.0.0.1' }
    t.same(await counted(t, trusting, { 'x-forwarded-for': '198.51.100.7' }), ['198.51.100.7'])
    t.same(await counted(t, trusting, { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' }), ['198.51.100.7'])
    t.same(await counted(t, trusting, { 'x-forwarded-for': '2001:db8:1:2:3:4:5:6' }), ['2001:db8:1:2::/64'])
    t.same(await counted(t, trusting, { forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' }), ['127.0.0.1'])
  },
)

t.test('who is not the proxy is not believed', async t => {
  const elsewhere = { PORTICO_TRUSTED_PROXIES: '10.0.0.0/8' }
  t.same(await counted(t, elsewhere, { 'x-forwarded-for': '198.51.100.7' }), ['127.0.0.1'])
})
