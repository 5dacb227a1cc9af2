import { createHash } from 'node:crypto'
import t from 'tap'
import { browser, fieldsOf, personTokens, type Visited } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { disableClient, enableClient, setClientState } from '../../src/store/clients.ts'
import { demoServer } from '../support/demo.ts'
import { secondProcess } from '../support/second-process.ts'
import { verifies } from '../support/verifies.ts'

// A trust runs several processes behind one address. What one of them takes back the others must not accept.

const server = await demoServer(t)
const other = await secondProcess(t, server)
const SCOPE = 'offline_access patient/*.rs'

const read = async (address: string, token: string): Promise<number> => {
  const response = await fetch(`${address}/fhir/Patient/alice`, { headers: { authorization: `Bearer ${token}` } })
  await response.arrayBuffer()
  return response.status
}
const post = async (address: string, path: string, form: Record<string, string>) => {
  const response = await fetch(`${address}/oauth2/${path}`, { method: 'POST', body: new URLSearchParams(form) })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, string> }
}

/** How long the other process goes on accepting a token, in milliseconds. */
async function millisecondsUntilRefused(token: string): Promise<number> {
  const begin = performance.now()
  while ((await read(other, token)) === 200) if (performance.now() - begin > 5000) return Number.POSITIVE_INFINITY
  return performance.now() - begin
}

t.test('a token that one process has given is good at the other, until either takes it back', async t => {
  verifies('smart-2.2', 'SAL-1010')
  const taken: number[] = []
  for (const which of ['access_token', 'refresh_token'] as const) {
    const tokens = await personTokens(server.baseUrl, 'alice', SCOPE)
    t.equal(await read(other, tokens.access_token), 200)
    const { status } = await post(server.baseUrl, 'revoke', { token: tokens[which] ?? '', client_id: 'demo-app' })
    t.equal(status, 200)
    t.equal(await read(server.baseUrl, tokens.access_token), 401, 'at the one that was asked there is no delay at all')
    taken.push(await millisecondsUntilRefused(tokens.access_token))
  }
  t.ok(Math.max(...taken) < 1000, `after ${taken.map(Math.round)} ms`)
})

t.test('a refresh at one process is known at the other, lost answers and theft included', async t => {
  verifies('smart-2.2', 'SAL-1004', 'SAL-1010')
  const { access_token, refresh_token = '' } = await personTokens(server.baseUrl, 'alice', SCOPE)
  const form = { grant_type: 'refresh_token', client_id: 'demo-app' }
  const first = await post(server.baseUrl, 'token', { ...form, refresh_token })
  const again = await post(other, 'token', { ...form, refresh_token })
  t.equal(again.status, 200)
  t.equal(again.body.refresh_token, first.body.refresh_token)
  const next = await post(other, 'token', { ...form, refresh_token: again.body.refresh_token ?? '' })
  t.equal(next.status, 200)
  t.match(await post(server.baseUrl, 'token', { ...form, refresh_token }), { status: 400 }, 'it was not lost')
  for (const token of [access_token, first.body.access_token, next.body.access_token]) {
    t.ok((await millisecondsUntilRefused(token ?? '')) < 1000)
  }
})

/** A sign-in, and what an app may do for as long as it lasts. */
async function onlineAccess() {
  const open = browser(server.baseUrl)
  const verifier = 'v'.repeat(43)
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'demo-app',
    redirect_uri: 'http://127.0.0.1/callback',
    scope: 'online_access patient/*.rs',
    aud: `${server.baseUrl}/fhir`,
    state: 'x',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const send = (page: Visited, action: string, fields: Record<string, string>) => {
    const kept = fieldsOf(page.html).filter(({ name }) => ['csrf', 'scope', 'patient'].includes(name))
    const form = new URLSearchParams(kept.map(({ name, value }) => [name, value]))
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    return open(`${page.url.replace(/(\/interaction\/[^/]+).*/, '$1')}/${action}`, form)
  }
  const signIn = await open(`${server.baseUrl}/oauth2/authorize?${query}`)
  const consent = await send(signIn, 'sign-in', { name: 'alice@example.org', password: DEMO_PASSWORD })
  const code = new URL((await send(consent, 'consent', {})).url).searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: 'demo-app', redirect_uri: 'http://127.0.0.1/callback' }
  const { body } = await post(other, 'token', { ...form, code, code_verifier: verifier })
  return { open, body }
}

t.test('what was granted for while somebody is signed in ends at both when she signs out at one', async t => {
  verifies('smart-2.2', 'SAL-1029', 'SAL-100')
  const { open, body } = await onlineAccess()
  const { access_token = '', refresh_token = '' } = body
  t.equal(await read(other, access_token), 200)
  const page = await open(`${server.baseUrl}/oauth2/session/end`)
  const xsrf = fieldsOf(page.html).find(({ name }) => name === 'xsrf')?.value ?? ''
  await open(`${server.baseUrl}/oauth2/session/end/confirm`, new URLSearchParams({ xsrf, logout: 'yes' }))
  t.equal(await read(server.baseUrl, access_token), 401)
  t.ok((await millisecondsUntilRefused(access_token)) < 1000)
  const form = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token }
  t.match(await post(other, 'token', form), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('the tokens of an app that is disabled are refused by both', async t => {
  verifies('smart-2.2', 'SAL-1010')
  const { access_token } = await personTokens(server.baseUrl, 'alice', SCOPE)
  t.equal(await read(other, access_token), 200)
  t.equal(await read(server.baseUrl, access_token), 200)
  await disableClient(server.pool, 'demo-app')
  t.ok((await millisecondsUntilRefused(access_token)) < 1000)
  await enableClient(server.pool, 'demo-app')
  t.equal(await read(other, access_token), 401, 'for good')
})

t.test('an app that is disabled gets no token from either', async t => {
  const { refresh_token = '' } = await personTokens(server.baseUrl, 'alice', SCOPE)
  await setClientState(server.pool, 'demo-app', 'disabled')
  const form = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token }
  t.match(await post(other, 'token', form), { status: 401, body: { error: 'invalid_client' } })
})
