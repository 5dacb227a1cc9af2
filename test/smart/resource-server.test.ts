import t from 'tap'
import {
  authorizationServer,
  authorizeUrl,
  claimsOf,
  launch,
  launchAndRedeem,
  redeem,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

const LABORATORY =
  'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory'

t.test('scopes with a query part', async t => {
  const server = await authorizationServer(t)

  t.test('are granted letter by letter, and kept by a refresh', async t => {
    verifies('smart-2.2', 'SAL-1016', 'SAL-370', 'SAL-114')
    const scope = `offline_access ${LABORATORY} patient/Condition.rs?category=a%26b`
    const { body } = await launchAndRedeem(server, { changes: { scope } })
    t.same(body.scope.split(' ').sort(), scope.split(' ').sort())
    t.same(String(claimsOf(body.access_token).scope).split(' ').sort(), scope.split(' ').sort())
    const refresh = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: body.refresh_token }
    const again = await token(server, refresh)
    t.same(again.body.scope.split(' ').sort(), scope.split(' ').sort())
    const less = await token(server, { ...refresh, refresh_token: again.body.refresh_token, scope: LABORATORY })
    t.match(less, { status: 200, body: { scope: LABORATORY } }, 'a refresh may ask for less')
  })

  t.test('that are not of the grant are not given at a refresh', async t => {
    const { body } = await launchAndRedeem(server, { changes: { scope: `offline_access ${LABORATORY}` } })
    for (const scope of ['patient/Observation.rs', LABORATORY.replace('laboratory', 'vital-signs')]) {
      const form = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: body.refresh_token, scope }
      t.match(await token(server, form), { status: 400, body: { error: 'invalid_scope' } }, scope)
    }
  })

  t.test('that cannot be enforced are refused with their names and the reason', async t => {
    verifies('smart-2.2', 'SAL-1015')
    for (const scope of [
      'patient/Observation.rs?date=ge2026',
      'patient/Patient.rs?name:contains=x',
      'user/*.rs?code=a',
    ]) {
      const url = authorizeUrl({ scope: `openid patient/Patient.rs ${scope}` })
      const answer = await server.get(url, { redirect: 'manual' })
      const said = new URL(answer.headers.get('location') ?? '').searchParams
      t.equal(said.get('error'), 'invalid_scope')
      t.match(said.get('error_description'), `this scope cannot be enforced here: ${scope}: `)
      t.equal(said.get('state'), 'the state/+=& of the app')
    }
  })

  t.test('whose tick is taken away are not granted', async t => {
    const scope = `${LABORATORY} patient/Patient.rs`
    const { body } = await launchAndRedeem(server, { changes: { scope }, untick: [LABORATORY] })
    t.equal(body.scope, 'patient/Patient.rs')
    const { answer } = await launch(server, { changes: { scope }, untick: ['patient/Patient.rs'] })
    t.match(await redeem(server, answer.searchParams.get('code') ?? ''), { body: { scope: LABORATORY } })
  })
})

t.test('user/ scopes', async t => {
  const server = await authorizationServer(t)

  t.test('need no record to be chosen', async t => {
    verifies('smart-2.2', 'SAL-368')
    const { body } = await launchAndRedeem(server, { changes: { scope: 'openid fhirUser user/*.rs' } })
    t.match(body, { scope: /user\/\*\.rs/, patient: undefined })
    t.match(claimsOf(body.access_token), { sub: 'alice', fhirUser: 'Patient/alice', patient: undefined })
  })

  t.test('stand beside patient/ scopes, in the version that they were asked for', async t => {
    verifies('smart-2.2', 'SAL-127')
    const scope = 'patient/Observation.read user/Appointment.read'
    const { body } = await launchAndRedeem(server, { changes: { scope } })
    t.match(body, { scope, patient: 'alice' })
  })
})
