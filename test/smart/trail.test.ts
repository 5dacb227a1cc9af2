import t from 'tap'
import { authorizationServer, BASE, launch, launchAndRedeem, redeem, token } from '../support/authorization-server.ts'
import { mint, systemToken } from '../support/hospital.ts'
import { auditLines } from '../support/stored.ts'

// An audit line is [time, request, interaction, what, actor, person or client, app, patient, {outcome}].

t.test('what happens to an app’s access is in the audit record before the app is told', async t => {
  const server = await authorizationServer(t)
  let seen = 0
  const newLines = async () => {
    const lines = await auditLines(server.pool)
    const fresh = lines.slice(seen).map(line => line.slice(2))
    seen = lines.length
    return fresh
  }
  const aliceBy = ['patient', 'alice', 'demo-app', 'alice']

  t.test('a system’s token, and the launch that it makes', async t => {
    const portal = await systemToken(server, 'portal', '__launch')
    await mint(server, portal, { client_id: 'demo-app', patient: 'alice' })
    t.same(await newLines(), [
      ['token', 'app/portal', 'engine', 'portal', 'portal', null, { scope: '__launch' }],
      ['launch', 'app/demo-app', 'engine', 'portal', 'portal', 'alice', {}],
    ])
    const form = { method: 'POST', body: new URLSearchParams({ token: portal, client_id: 'demo-app' }) }
    await server.get(`${BASE}/oauth2/revoke`, form)
    t.same(await newLines(), [], 'somebody else takes nothing back')
  })

  t.test('consent, token, refresh and revocation', async t => {
    const scope = 'offline_access patient/Patient.rs patient/Observation.rs'
    const granted = { scope: 'offline_access patient/Patient.rs' }
    const { body } = await launchAndRedeem(server, { changes: { scope }, untick: ['patient/Observation.rs'] })
    t.same(await newLines(), [
      ['authorize', 'app/demo-app', ...aliceBy, granted],
      ['token', 'app/demo-app', ...aliceBy, granted],
    ])
    const { body: next } = await token(server, {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: 'demo-app',
    })
    t.same(await newLines(), [['refresh', 'app/demo-app', ...aliceBy, granted]])
    const form = { method: 'POST', body: new URLSearchParams({ token: next.access_token, client_id: 'demo-app' }) }
    await server.get(`${BASE}/oauth2/revoke`, form)
    t.same(await newLines(), [['revoke', 'app/demo-app', ...aliceBy, { why: 'by the app' }]])
  })

  t.test('access taken back because something was used again', async t => {
    const { answer } = await launch(server)
    const code = answer.searchParams.get('code') ?? ''
    await redeem(server, code)
    await server.pool.query("update oidc_payload set consumed_at = consumed_at - interval '5 seconds'")
    await newLines()
    await redeem(server, code)
    t.same(await newLines(), [['revoke', 'app/demo-app', ...aliceBy, { why: 'used again' }]])
  })

  t.test('who acts for somebody is told from the patient', async t => {
    await server.pool.query(`insert into reach values
      ('RelatedPerson/bob-for-alice', 'alice', '{appointments}', now() - interval '1 day', '2099-01-01Z', 'c')`)
    await launchAndRedeem(server, { who: 'bob', patient: 'alice', changes: { scope: 'patient/Patient.rs' } })
    const bobBy = ['proxy', 'bob', 'demo-app', 'alice', { scope: 'patient/Patient.rs' }]
    t.same(await newLines(), [
      ['authorize', 'app/demo-app', ...bobBy],
      ['token', 'app/demo-app', ...bobBy],
    ])
  })

  t.test('and without the record there is no token', async t => {
    const { answer } = await launch(server)
    await server.pool.query('alter table audit_raw rename to audit_lost')
    const refused = await redeem(server, answer.searchParams.get('code') ?? '')
    t.match(refused, { status: 500, body: { error: 'server_error', access_token: undefined } })
  })
})
