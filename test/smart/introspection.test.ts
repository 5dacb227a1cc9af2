import { SignJWT } from 'jose'
import t from 'tap'
import { setClientState } from '../../src/store/clients.ts'
import {
  authorizationServer,
  BASE,
  claimsOf,
  launchAndRedeem,
  type Server,
  token,
} from '../support/authorization-server.ts'
import { mint, system, systemToken } from '../support/hospital.ts'
import { verifies } from '../support/verifies.ts'

async function ask(server: Server, token: string | readonly string[], headers: Record<string, string>, more = {}) {
  const body = new URLSearchParams(more)
  for (const each of typeof token === 'string' ? [token] : token) body.append('token', each)
  const response = await server.get(`${BASE}/oauth2/introspect`, { method: 'POST', body, headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

t.test('a system of the hospital that may introspect', async t => {
  const server = await authorizationServer(t)
  const portal = await systemToken(server, 'portal', '__launch')
  const watcher = await systemToken(server, 'watcher', '__introspect')
  const bearer = { authorization: `Bearer ${watcher}` }
  const { body: launched } = await mint(server, portal, {
    client_id: 'demo-app',
    patient: 'alice',
    intent: 'x',
    encounter: 'e',
  })
  const scope = 'launch openid fhirUser offline_access patient/Patient.rs'
  const issued = await launchAndRedeem(server, { changes: { scope, launch: launched.launch } })
  const said = async (token: string, headers: Record<string, string> = bearer) =>
    JSON.parse((await ask(server, token, headers)).text) as Record<string, unknown>

  t.test('is told of the token of any app, with all that came beside it', async t => {
    verifies('smart-2.2', 'SAL-269', 'SAL-272', 'SAL-273', 'SAL-274', 'SAL-275', 'SAL-276', 'SAL-277', 'SAL-278')
    verifies('smart-2.2', 'SAL-279', 'SAL-280', 'SAL-282', 'SAL-283')
    const { exp, iat } = claimsOf(issued.body.access_token)
    t.same(await said(issued.body.access_token), {
      active: true,
      scope: issued.body.scope,
      client_id: 'demo-app',
      sub: 'alice',
      iss: `${BASE}/oauth2`,
      aud: `${BASE}/fhir`,
      exp,
      iat,
      token_type: 'Bearer',
      fhirUser: 'Patient/alice',
      patient: 'alice',
      encounter: 'e',
      intent: 'x',
      need_patient_banner: true,
    })
    t.match(await said(issued.body.refresh_token), {
      active: true,
      client_id: 'demo-app',
      scope: /Patient.rs/,
      sub: 'alice',
    })
    t.match(await said(portal), { active: true, client_id: 'portal', sub: 'portal', scope: '__launch' })
  })

  t.test('is told the same when it shows its secret instead, and the app when it asks itself', async t => {
    verifies('smart-2.2', 'SAL-283')
    const authorization = await system(server, 'gateway', '__introspect')
    const answer = await said(issued.body.access_token)
    t.same(await said(issued.body.access_token, { authorization }), answer)
    const own = await ask(server, issued.body.access_token, {}, { client_id: 'demo-app' })
    t.same(JSON.parse(own.text), answer)
    const plain = await system(server, 'plain', 'system/*.rs')
    t.equal((await ask(server, issued.body.access_token, { authorization: plain })).text, '{"active":false}')
    const two = [issued.body.access_token, portal]
    t.match(await ask(server, two, { authorization }), { status: 400, text: /invalid_request/ }, 'of one at a time')
  })

  t.test('is told nothing of what is not a good token', async t => {
    verifies('smart-2.2', 'SAL-271')
    const { access_token } = issued.body
    const key = { alg: 'ES256', kid: 'other' }
    const forged = await new SignJWT(claimsOf(access_token))
      .setProtectedHeader({ ...key, typ: 'at+jwt' })
      .sign((await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign'])).privateKey)
    for (const [title, token] of [
      ['nonsense', 'nonsense'],
      ['empty', ''],
      ['an id_token', issued.body.id_token],
      ['forged', forged],
      ['changed', `${access_token.slice(0, -3)}abc`],
      ['without its signature', access_token.replace(/\.[^.]*$/, '.')],
      ['its jti', String(claimsOf(access_token).jti)],
    ] as const) {
      const { status, headers, text } = await ask(server, token, bearer)
      t.match({ status, text }, { status: 200, text: /^{"active":false}$/ }, title)
      t.equal(headers.get('cache-control'), 'no-store')
    }
  })

  t.test('is told nothing of a refresh token in whose place another was used', async t => {
    const { body: first } = await launchAndRedeem(server)
    const next = async (refresh_token: string) =>
      (await token(server, { grant_type: 'refresh_token', refresh_token, client_id: 'demo-app' })).body.refresh_token
    const second = await next(first.refresh_token)
    const third = await next(second)
    t.same(await said(first.refresh_token), { active: false })
    t.match(await said(third), { active: true })
  })

  t.test('has to show a token that is good for it', async t => {
    verifies('smart-2.2', 'SAL-282')
    const { access_token } = issued.body
    for (const [title, token, status, challenge] of [
      ['of a system that may not', portal, 403, /insufficient_scope.*__introspect/],
      ['of an app', access_token, 401, /invalid_token/],
      ['nonsense', 'nonsense', 401, /invalid_token/],
    ] as const) {
      const refused = await ask(server, access_token, { authorization: `Bearer ${token}` })
      t.equal(refused.status, status, title)
      t.match(refused.headers.get('www-authenticate'), challenge)
      t.notMatch(refused.text, 'active')
    }
    t.match(await ask(server, [], bearer), { status: 400, text: /invalid_request/ })
    t.match(await ask(server, [access_token, portal], bearer), { status: 400, text: /invalid_request/ })
  })

  t.test('hears at once that a token was taken back, that its app was disabled, or its grant', async t => {
    const { body } = await launchAndRedeem(server, { changes: { scope: 'patient/Patient.rs' } })
    await setClientState(server.pool, 'demo-app', 'disabled')
    t.same(await said(body.access_token), { active: false })
    await setClientState(server.pool, 'demo-app', 'active')
    t.match(await said(body.access_token), { active: true })
    const form = new URLSearchParams({ token: body.access_token, client_id: 'demo-app' })
    await server.get(`${BASE}/oauth2/revoke`, { method: 'POST', body: form })
    t.same(await said(body.access_token), { active: false })
    await server.pool.query("delete from oidc_payload where model = 'Grant'")
    for (const each of [issued.body.access_token, issued.body.refresh_token])
      t.same(await said(each), { active: false })
  })
})
