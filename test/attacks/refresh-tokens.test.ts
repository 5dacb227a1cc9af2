import t from 'tap'
import { saveClient } from '../../src/store/clients.ts'
import {
  authorizationServer,
  BASE,
  claimsOf,
  eight,
  launch,
  launchAndRedeem,
  redeem,
  succeeded,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

// A refresh token is the longest-lived thing that an app holds. It is bound to the app, to what was granted and to the person.

t.test('a refresh token', async t => {
  const server = await authorizationServer(t)
  const basic = { authorization: `Basic ${Buffer.from(`demo-confidential:${server.secret}`).toString('base64')}` }
  const refresh = (refresh_token: string, more: Record<string, string> = {}) =>
    token(server, { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token, ...more })
  const isRevoked = async (accessToken: string) => {
    const { jti } = claimsOf(accessToken)
    return (await server.pool.query('select from revoked_token where jti_hash = sha256($1)', [jti])).rows.length === 1
  }

  t.test('of one app is of no use to another', async t => {
    verifies('smart-2.2', 'SAL-103')
    await saveClient(server.pool, {
      clientId: 'other',
      name: 'Other',
      kind: 'public',
      metadata: { application_type: 'native', redirect_uris: ['http://127.0.0.1/callback'] },
      scopes: 'openid fhirUser launch/patient offline_access patient/*.cruds',
      secret: undefined,
    })
    const { body } = await launchAndRedeem(server)
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
    const expected = { status: 400, body: { error: 'invalid_grant', access_token: undefined } }
    t.match(await token(server, { ...form, client_id: 'other' }), expected, 'a public one')
    t.match(await token(server, form, basic), expected, 'a confidential one')
    t.match(
      await token(server, { ...form, client_id: 'demo-app' }, basic),
      { status: 400 },
      'one that is called as this one',
    )
    t.equal((await refresh(body.refresh_token)).status, 200, 'and its own app is not harmed')
  })

  t.test('of an app with a secret is of no use without the secret', async t => {
    verifies('smart-2.2', 'SAL-64', 'SAL-103')
    const { answer } = await launch(server, { changes: { client_id: 'demo-confidential' } })
    const { body } = await token(
      server,
      {
        grant_type: 'authorization_code',
        redirect_uri: 'http://127.0.0.1:4711/callback',
        code: answer.searchParams.get('code') ?? '',
        code_verifier: 'a-verifier-that-is-long-enough-for-rfc-7636-section-4-1',
      },
      basic,
    )
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token }
    for (const [title, more] of [
      ['alone', {}],
      ['with the name of its app', { client_id: 'demo-confidential' }],
      ['with the name of a public app', { client_id: 'demo-app' }],
    ] as const) {
      const refused = await token(server, { ...form, ...more })
      t.ok(refused.status === 400 || refused.status === 401, title)
      t.notOk(refused.body.access_token, title)
    }
    t.equal((await token(server, form, basic)).status, 200)
  })

  t.test('that comes again shows that it was copied: all of its family is over, whoever holds it', async t => {
    verifies('smart-2.2', 'SAL-1004')
    const { body: owner } = await launchAndRedeem(server)
    const thief = await refresh(owner.refresh_token)
    const further = await refresh(thief.body.refresh_token)
    t.match(
      await refresh(owner.refresh_token),
      { status: 400, body: { error: 'invalid_grant' } },
      'the owner comes later',
    )
    t.match(await refresh(further.body.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
    for (const each of [owner, thief.body, further.body]) t.ok(await isRevoked(each.access_token))
  })

  t.test('never gives two living successors, however often it is brought at once', async t => {
    verifies('smart-2.2', 'SAL-1004')
    const { body } = await launchAndRedeem(server)
    const answers = await eight(() => refresh(body.refresh_token))
    const successors = [...new Set(answers.filter(({ status }) => status === 200).map(each => each.body.refresh_token))]
    t.equal(successors.length, 1)
    t.equal(succeeded(await eight(() => refresh(successors[0] ?? ''))), 8)
    const { rows } = await server.pool.query(
      "select from oidc_payload where model = 'RefreshToken' and consumed_at is null and grant_hash = (select grant_hash from oidc_payload where model = 'RefreshToken' and id_hash = sha256($1))",
      [body.refresh_token],
    )
    t.equal(rows.length, 1)
  })

  t.test('gives no scope that was not granted, by no spelling of it', async t => {
    verifies('smart-2.2', 'SAL-104', 'SAL-108')
    const scope = 'offline_access launch/patient patient/Patient.r patient/Observation.rs'
    const { body } = await launchAndRedeem(server, { changes: { scope }, untick: ['patient/Observation.rs'] })
    let current = body.refresh_token
    for (const wider of [
      'patient/Patient.rs',
      'patient/Patient.read',
      'patient/Patient.cruds',
      'patient/*.r',
      'patient/Observation.rs',
      'user/Patient.r',
      'system/Patient.r',
      'openid',
      'online_access',
      '__introspect',
      `${body.scope} patient/Observation.r`,
      'patient/Patient.r?name=x',
    ]) {
      const answer = await refresh(current, { scope: wider })
      t.match(answer, { status: 400, body: { error: 'invalid_scope', access_token: undefined } }, wider)
    }
    const narrow = await refresh(current, { scope: 'patient/Patient.r' })
    t.equal(narrow.body.scope, 'patient/Patient.r')
    current = narrow.body.refresh_token
    t.equal((await refresh(current)).body.scope, body.scope, 'what was left out once is not lost')
  })

  t.test('follows what its app may have now', async t => {
    verifies('smart-2.2', 'SAL-104', 'SAL-250')
    const { body } = await launchAndRedeem(server, {
      changes: { scope: 'offline_access patient/Patient.rs patient/Observation.rs' },
    })
    const { rows } = await server.pool.query("select scopes from client where client_id = 'demo-app'")
    await server.pool.query(
      "update client set scopes = 'offline_access patient/Patient.rs' where client_id = 'demo-app'",
    )
    const { body: next } = await refresh(body.refresh_token)
    t.notMatch(next.scope, 'Observation')
    await server.pool.query("update client set scopes = $1 where client_id = 'demo-app'", [rows[0].scopes])
  })

  t.test('is not what something else is', async t => {
    const { body } = await launchAndRedeem(server)
    for (const other of [body.access_token, body.id_token, 'x', `${body.refresh_token}x`, body.refresh_token.slice(1)])
      t.match(await refresh(other), { status: 400, body: { error: 'invalid_grant' } })
    t.match(
      await redeem(server, body.refresh_token),
      { status: 400, body: { error: 'invalid_grant' } },
      'it is no code',
    )
    const { status } = await server.get(
      `${BASE}/oauth2/token?grant_type=refresh_token&refresh_token=${body.refresh_token}`,
    )
    t.equal(status, 405, 'nothing is given by GET')
    t.equal((await refresh(body.refresh_token)).status, 200)
  })

  t.test('is over when it was given back, by its app alone', async t => {
    verifies('smart-2.2', 'SAL-1010', 'SAL-1011')
    const { body } = await launchAndRedeem(server)
    const revoke = async (form: Record<string, string>, headers = {}) =>
      (await server.get(`${BASE}/oauth2/revoke`, { method: 'POST', body: new URLSearchParams(form), headers })).status
    t.equal(await revoke({ token: body.refresh_token }, basic), 200, 'a stranger hears nothing')
    t.equal((await refresh(body.refresh_token)).status, 200, 'and changes nothing')
    const { body: again } = await launchAndRedeem(server)
    t.equal(await revoke({ token: again.refresh_token, client_id: 'demo-app' }), 200)
    t.match(await refresh(again.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
    t.ok(await isRevoked(again.access_token))
    const { body: third } = await launchAndRedeem(server)
    const grants = async () =>
      Number((await server.pool.query("select count(*) from oidc_payload where model = 'Grant'")).rows[0].count)
    const before = await grants()
    t.equal(await revoke({ token: third.access_token, client_id: 'demo-app' }), 200)
    t.match(await refresh(third.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
    t.equal(await grants(), before - 1, 'nothing of it is left, whichever token was given back')
    t.equal(await revoke({ token: 'unknown', client_id: 'demo-app' }), 200)
  })
})
