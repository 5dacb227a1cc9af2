import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  FHIR,
  REDIRECT,
  redeem,
  signInAs,
  submit,
  token,
  VERIFIER,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// RFC 9126: the app hands its request to the server first, and sends the browser with a reference to it.

t.test('a request that was pushed', async t => {
  const server = await authorizationServer(t)
  const basic = { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` }
  const push = async (changes: Record<string, string | undefined> = {}, headers: Record<string, string> = {}) => {
    const body = new URLSearchParams(new URL(authorizeUrl(changes)).search)
    const response = await server.get(`${BASE}/oauth2/par`, { method: 'POST', body, headers })
    const answer = (await response.json()) as { request_uri: string; expires_in: number; error: string }
    return { status: response.status, headers: response.headers, body: answer }
  }
  const open = (request_uri: string, more: Record<string, string> = {}) =>
    `${BASE}/oauth2/authorize?${new URLSearchParams({ client_id: 'demo-app', request_uri, ...more })}`
  const allow = async (url: string) => {
    const visit = browser(BASE, server.get)
    const consent = await signInAs(visit, await visit(url), 'alice')
    const ticks = fieldsOf(consent.html).filter(({ name }) => name === 'scope')
    const fields = ticks.map(({ value }): [string, string] => ['scope', value])
    return new URL((await submit(visit, consent, 'consent', [['patient', 'alice'], ...fields])).url).searchParams
  }

  t.test('leads to the same tokens as one that the browser carries, aud and offline access included', async t => {
    verifies('smart-2.2', 'SAL-1025', 'SAL-42')
    const pushed = await push({ aud: `${FHIR}/` })
    t.match(pushed, { status: 201, body: { request_uri: /^urn:ietf:params:oauth:request_uri:/, expires_in: 60 } })
    t.equal(pushed.headers.get('cache-control'), 'no-store')
    const answer = await allow(open(pushed.body.request_uri))
    t.equal(answer.get('state'), 'the state/+=& of the app')
    const { body } = await redeem(server, answer.get('code') ?? '')
    t.match(body, { patient: 'alice', refresh_token: /./, scope: /offline_access/ })
  })

  t.test('cannot be changed by what the browser carries', async t => {
    verifies('smart-2.2', 'SAL-1025')
    const { body } = await push({ scope: 'launch/patient patient/Patient.rs' })
    const answer = await allow(
      open(body.request_uri, {
        scope: 'launch/patient patient/*.cruds offline_access',
        redirect_uri: 'http://127.0.0.1:1/callback',
        state: 'another',
        code_challenge: 'x'.repeat(43),
        aud: 'https://evil.example',
        launch: 'another',
      }),
    )
    t.equal(answer.get('state'), 'the state/+=& of the app')
    const tokens = await redeem(server, answer.get('code') ?? '')
    t.match(tokens, { status: 200, body: { scope: 'launch/patient patient/Patient.rs', refresh_token: undefined } })
  })

  t.test('is good once, for its own app, and for a minute', async t => {
    verifies('smart-2.2', 'SAL-1025')
    const status = async (url: string) => {
      const response = await server.get(url, { redirect: 'manual' })
      const to = new URL(response.headers.get('location') ?? '', BASE)
      return to.searchParams.get('error') ?? response.status
    }
    const used = (await push()).body.request_uri
    await allow(open(used))
    t.equal(await status(open(used)), 400, 'an error page: nothing says where else to go')
    const other = (await push()).body.request_uri
    t.equal(await status(open(other, { client_id: 'demo-confidential' })), 400, 'of another app')
    const late = (await push()).body.request_uri
    const { rows } = await server.pool.query(
      "select extract(epoch from max(expires_at) - now())::float8 as left from oidc_payload where model = 'PushedAuthorizationRequest'",
    )
    t.ok(rows[0].left > 0 && rows[0].left <= 60)
    await server.pool.query(
      `update oidc_payload set payload = payload || '{"exp": 1}' where model = 'PushedAuthorizationRequest'`,
    )
    t.equal(await status(open(late)), 400)
    t.equal(await status(open('urn:ietf:params:oauth:request_uri:unknown')), 400)
    t.equal(await status(open('https://evil.example/request.jwt')), 400, 'nothing is fetched')
  })

  t.test('is refused when it is pushed, by the same rules and with what is wrong', async t => {
    for (const [title, changes, error] of [
      ['no aud', { aud: undefined }, 'invalid_request'],
      ['another aud', { aud: 'https://evil.example' }, 'invalid_target'],
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['plain', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['another redirect URI', { redirect_uri: 'https://evil.example' }, 'invalid_request'],
      ['nothing that can be granted', { scope: 'system/*.rs' }, 'invalid_scope'],
      ['an unknown launch', { launch: 'unknown', scope: 'launch patient/*.rs' }, 'invalid_request'],
      ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
      ['a reference to another', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }, 'request_uri_not_supported'],
    ] as const) {
      t.match(await push(changes), { status: 400, body: { error } }, title)
    }
  })

  t.test('has to be pushed by who it says', async t => {
    verifies('smart-2.2', 'SAL-64')
    const secret = { client_id: 'demo-confidential' }
    t.match(await push(secret), { status: 401, body: { error: 'invalid_client' } })
    t.match(await push({ client_id: 'demo-app' }, basic), { status: 400, body: { error: 'invalid_request' } })
    const { body } = await push(secret, basic)
    const answer = await allow(open(body.request_uri, secret))
    const form = { grant_type: 'authorization_code', redirect_uri: REDIRECT, code_verifier: VERIFIER }
    t.equal((await token(server, { ...form, code: answer.get('code') ?? '' }, basic)).status, 200)
  })

  t.test('may come from a page of its app', async t => {
    const origin = 'http://localhost:3000'
    const { headers } = await push({}, { origin })
    t.equal(headers.get('access-control-allow-origin'), origin)
    const refused = await push({ aud: 'x' }, { origin })
    t.equal(refused.headers.get('access-control-allow-origin'), origin)
    t.notOk((await push({}, { origin: 'https://evil.example' })).headers.get('access-control-allow-origin'))
  })
})
