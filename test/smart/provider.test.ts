import t from 'tap'
import { setClientState } from '../../src/store/clients.ts'
import { setPersonState } from '../../src/store/people.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  claimsOf,
  eight,
  FHIR,
  launch,
  launchAndRedeem,
  REDIRECT,
  redeem,
  type Server,
  succeeded,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

/** Where an authorization request is sent: to the app with an error, or nowhere. */
async function asked(server: Server, changes: Record<string, string | undefined>) {
  const response = await server.get(authorizeUrl(changes), { redirect: 'manual' })
  const location = response.headers.get('location')
  return { status: response.status, html: await response.text(), to: location ? new URL(location, BASE) : undefined }
}

const basicOf = ({ secret }: Server) => ({
  authorization: `Basic ${Buffer.from(`demo-confidential:${secret}`).toString('base64')}`,
})

t.test('the authorization endpoint', async t => {
  const server = await authorizationServer(t)

  t.test('shows an error page, and redirects nowhere, for a redirect URI that is not registered', async t => {
    for (const redirect_uri of [
      'https://evil.example/callback',
      'http://127.0.0.1.evil.example/callback',
      'http://127.0.0.1@evil.example/callback',
      'http://127.0.0.1/callback/',
      'http://127.0.0.1/callback/../evil',
      'http://127.0.0.1/callback?next=https://evil.example',
      'http://127.0.0.1/callback#fragment',
      'http://127.0.0.2/callback',
      'https://127.0.0.1/callback',
      'http://127.0.0.1/CALLBACK',
      'javascript:alert(1)//http://127.0.0.1/callback',
      '',
      undefined,
    ]) {
      const { status, to, html } = await asked(server, { redirect_uri })
      t.equal(status, 400, String(redirect_uri))
      t.notOk(to, 'no redirect')
      t.match(html, 'could not be connected')
    }
    const unknown = await asked(server, { client_id: 'nobody' })
    t.match(unknown, { status: 400, to: undefined })
    t.notMatch(unknown.html, '127.0.0.1', 'nothing of the request is on the page')
  })

  t.test('takes any port of a loopback redirect URI, RFC 8252 section 7.3', async t => {
    for (const redirect_uri of ['http://127.0.0.1:1/callback', 'http://localhost:65535/callback']) {
      const { to } = await asked(server, { redirect_uri })
      t.match(to?.pathname, /^\/oauth2\/interaction\//, redirect_uri)
    }
  })

  t.test('answers the app with an error and its state for what is wrong with the request', async t => {
    const cases: [string, Record<string, string | undefined>, string][] = [
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['no method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
      ['plain', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['a challenge that is not one', { code_challenge: 'short' }, 'invalid_request'],
      ['no aud', { aud: undefined }, 'invalid_request'],
      ['another aud', { aud: 'https://evil.example/fhir' }, 'invalid_target'],
      ['an aud that only begins right', { aud: `${FHIR}.evil.example` }, 'invalid_target'],
      ['a deeper aud', { aud: `${FHIR}/Patient` }, 'invalid_target'],
      ['two slashes', { aud: `${FHIR}//` }, 'invalid_target'],
      ['another resource beside the right aud', { resource: 'https://evil.example/fhir' }, 'invalid_target'],
      ['no scope that can be granted', { scope: 'patient/Patient.dus user/Claim.read' }, 'invalid_scope'],
      ["the engine's scopes", { scope: 'system/*.cruds' }, 'invalid_scope'],
      ['implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ]
    for (const [title, changes, error] of cases) {
      const { to } = await asked(server, changes)
      const answer = new URLSearchParams(to?.search || to?.hash.slice(1))
      t.equal(answer.get('error'), error, title)
      t.equal(answer.get('state'), 'the state/+=& of the app')
      t.equal(answer.get('code'), null)
    }
  })

  t.test('takes aud with a trailing slash, or as resource of RFC 8707', async t => {
    for (const changes of [{ aud: `${FHIR}/` }, { aud: undefined, resource: FHIR }, { resource: FHIR }]) {
      const { to } = await asked(server, changes)
      t.match(to?.pathname, /^\/oauth2\/interaction\//)
    }
  })

  t.test('grants the letters that have a meaning, and no more, of what was asked for', async t => {
    const { body } = await launchAndRedeem(server, {
      changes: { scope: 'launch/patient patient/Observation.cruds patient/Nonsense.rs system/*.cruds' },
    })
    t.equal(body.scope, 'launch/patient patient/Observation.rs')
    t.equal(claimsOf(body.access_token).scope, body.scope)
  })

  t.test('does not send a code when the sign-in of another browser is continued', async t => {
    const { to } = await asked(server, {})
    const stranger = await server.get(`${BASE}${to?.pathname}`)
    t.equal(stranger.status, 400)
    t.match(await stranger.text(), 'This page has expired')
  })
})

t.test('the token endpoint', async t => {
  const server = await authorizationServer(t)
  const code = async () => (await launch(server)).answer.searchParams.get('code') ?? ''

  t.test('redeems a code once, of eight requests at the same time', async t => {
    const used = await code()
    t.match(used, /^[\w-]+$/, 'a code needs no encoding: fhirclient sends it as it is')
    t.equal(succeeded(await eight(() => redeem(server, used))), 1)
  })

  t.test('takes a second use of a code for theft and revokes what was issued for it', async t => {
    const used = await code()
    const { body } = await redeem(server, used)
    await server.pool.query(
      "update oidc_payload set consumed_at = consumed_at - interval '2 seconds' where model = 'AuthorizationCode'",
    )
    t.match(await redeem(server, used), { status: 400, body: { error: 'invalid_grant' } })
    const refresh = await token(server, {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: 'demo-app',
    })
    t.match(refresh, { status: 400, body: { error: 'invalid_grant' } })
    const { rows } = await server.pool.query('select from revoked_token')
    t.ok(rows.length > 0, 'the access token is on the list of revoked ones')
  })

  t.test('refuses a code with the wrong verifier, redirect URI or client', async t => {
    const used = await code()
    for (const changes of [
      { code_verifier: 'another-verifier-that-is-long-enough-for-the-rfc-7636' },
      { code_verifier: '' },
      { redirect_uri: 'http://127.0.0.1:4712/callback' },
      { redirect_uri: `${REDIRECT}/` },
    ]) {
      const { status, body } = await redeem(server, used, changes)
      t.equal(status, 400)
      t.match(body.error, /^invalid_(grant|request)$/)
    }
    t.match(await redeem(server, used, { client_id: 'demo-engine' }), { status: 401 })
    const other = await token(
      server,
      { grant_type: 'authorization_code', code: used, redirect_uri: REDIRECT, code_verifier: 'x'.repeat(43) },
      { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` },
    )
    t.match(other, { status: 400, body: { error: 'invalid_grant' } }, 'a code of another client')
    t.equal((await redeem(server, used)).status, 200, 'the right client still can')
  })

  t.test(
    'rotates a refresh token, and answers eight requests at the same time with one and the same new one',
    async t => {
      verifies('smart-2.2', 'SAL-116', 'SAL-1004')
      const { body } = await launchAndRedeem(server)
      const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
      const answers = await eight(() => token(server, form))
      t.equal(succeeded(answers), 8)
      const next = new Set(answers.map(answer => answer.body.refresh_token))
      t.equal(next.size, 1)
      t.notOk(next.has(body.refresh_token))
      const [only = ''] = next
      t.equal((await token(server, { ...form, refresh_token: only })).status, 200)
    },
  )

  t.test('answers a refresh again whose answer was lost, to the same app and with nothing more', async t => {
    verifies('smart-2.2', 'SAL-1004', 'SAL-103', 'SAL-104', 'SAL-108')
    const { body } = await launchAndRedeem(server, { changes: { scope: 'offline_access patient/Patient.rs' } })
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
    const lost = await token(server, form)
    await server.pool.query("update oidc_payload set consumed_at = consumed_at - interval '9 seconds'")
    const other = basicOf(server)
    const { client_id: _own, ...anonymous } = form
    t.match(await token(server, anonymous, other), { status: 400, body: { error: 'invalid_grant' } }, 'another app')
    const wide = await token(server, { ...form, scope: 'patient/Patient.rs patient/Observation.rs' })
    t.match(wide, { status: 400, body: { error: 'invalid_scope' } })
    const again = await token(server, form)
    t.match(again, {
      status: 200,
      body: { scope: body.scope, patient: 'alice', refresh_token: lost.body.refresh_token },
    })
    t.not(again.body.access_token, lost.body.access_token)
    t.equal((await token(server, { ...form, refresh_token: again.body.refresh_token })).status, 200)
  })

  t.test('takes a refresh token that comes again after its successor was used for theft, however soon', async t => {
    verifies('smart-2.2', 'SAL-1004')
    const { body } = await launchAndRedeem(server)
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
    const second = (await token(server, form)).body.refresh_token
    const third = (await token(server, { ...form, refresh_token: second })).body.refresh_token
    t.match(await token(server, form), { status: 400, body: { error: 'invalid_grant' } })
    t.match(await token(server, { ...form, refresh_token: third }), { status: 400, body: { error: 'invalid_grant' } })
  })

  t.test('takes a later second use of a refresh token for theft and revokes the family', async t => {
    verifies('smart-2.2', 'SAL-1004', 'SAL-1010')
    const { body } = await launchAndRedeem(server)
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
    const next = (await token(server, form)).body.refresh_token
    await server.pool.query("update oidc_payload set consumed_at = consumed_at - interval '11 seconds'")
    t.match(await token(server, form), { status: 400, body: { error: 'invalid_grant' } })
    t.match(await token(server, { ...form, refresh_token: next }), { status: 400, body: { error: 'invalid_grant' } })
    const { rows } = await server.pool.query('select from revoked_token where jti_hash = sha256($1)', [
      claimsOf(body.access_token).jti,
    ])
    t.equal(rows.length, 1, 'and with it the access tokens')
  })

  t.test('never widens a scope at refresh, narrows it when asked, and keeps what was granted', async t => {
    const { body } = await launchAndRedeem(server, {
      changes: { scope: 'offline_access launch/patient patient/Patient.rs patient/Observation.rs' },
      untick: ['patient/Observation.rs'],
    })
    t.equal(body.scope, 'offline_access launch/patient patient/Patient.rs', 'what was not ticked is not granted')
    const form = { grant_type: 'refresh_token', client_id: 'demo-app' }
    const refused = await token(server, { ...form, refresh_token: body.refresh_token, scope: 'patient/*.rs' })
    t.match(refused, { status: 400, body: { error: 'invalid_scope' } })
    const unticked = await token(server, {
      ...form,
      refresh_token: body.refresh_token,
      scope: 'patient/Observation.rs',
    })
    t.not(unticked.status, 200)
    const narrowed = await token(server, { ...form, refresh_token: body.refresh_token, scope: 'patient/Patient.rs' })
    t.match(narrowed, { status: 200, body: { scope: 'patient/Patient.rs', patient: 'alice' } })
    const full = await token(server, { ...form, refresh_token: narrowed.body.refresh_token })
    t.equal(full.body.scope, body.scope)
  })

  t.test('refreshes for a public app that names no client, and for no other', async t => {
    const { body } = await launchAndRedeem(server)
    const bare = await token(server, { grant_type: 'refresh_token', refresh_token: body.refresh_token })
    t.equal(bare.status, 200)
    const ended = await token(server, { grant_type: 'refresh_token', refresh_token: 'unknown' }, { origin: 'http://a' })
    t.match(ended, { status: 400, body: { error: 'invalid_grant' } })
    t.equal(ended.headers.get('access-control-allow-origin'), 'http://a', 'its page can read that')
    t.equal(ended.headers.get('cache-control'), 'no-store')
  })

  t.test('issues no refresh token when staying signed in was not ticked', async t => {
    const { body } = await launchAndRedeem(server, { untick: ['offline_access'] })
    t.notOk(body.refresh_token)
    t.notMatch(body.scope, 'offline_access')
  })

  t.test('refuses a refresh when the account was closed or the app was disabled', async t => {
    const { body } = await launchAndRedeem(server, { who: 'dev' })
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
    const identity = { who: 'dev', changes: { scope: 'openid fhirUser offline_access' } }
    const { refresh_token } = (await launchAndRedeem(server, identity)).body
    await setPersonState(server.pool, 'dev', 'closed')
    t.match(await token(server, form), { status: 400, body: { error: 'invalid_grant' } })
    t.match(await token(server, { ...form, refresh_token }), { status: 400, body: { error: 'invalid_grant' } })
    await setPersonState(server.pool, 'dev', 'active')
    await setClientState(server.pool, 'demo-app', 'disabled')
    t.match(await token(server, form), { status: 401, body: { error: 'invalid_client' } })
    await setClientState(server.pool, 'demo-app', 'active')
    t.equal((await token(server, form)).status, 200)
  })

  t.test('answers in its own form when the request is too large', async t => {
    const { status, headers, body } = await token(server, { grant_type: 'x'.repeat(60_000) })
    t.match({ status, body }, { status: 413, body: { error: 'invalid_request' } })
    t.equal(headers.get('pragma'), 'no-cache')
  })

  t.test('knows no other grant type, and no parameter twice', async t => {
    t.match(await token(server, { grant_type: 'password', client_id: 'demo-app' }), {
      status: 400,
      body: { error: 'unsupported_grant_type' },
    })
    const twice = await server.get(`${BASE}/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams('grant_type=authorization_code&client_id=demo-app&client_id=demo-app'),
    })
    t.equal(twice.status, 400)
  })
})
