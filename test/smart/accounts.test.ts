import t from 'tap'
import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { contextClaims } from '../../src/smart/accounts.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  claimsOf,
  launch,
  launchAndRedeem,
  redeem,
  type Server,
  signInAs,
  submit,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

const consentFor = (server: Server, ends: string) =>
  server.pool.query(
    `insert into reach values ('RelatedPerson/bob-for-alice', 'alice', '{appointments}', now() - interval '1 day', $1, 'c')
     on conflict (consent, actor, patient) do update set ends = excluded.ends`,
    [ends],
  )

t.test('somebody who acts for a patient', async t => {
  const server = await authorizationServer(t, {
    nameOf: async ids => new Map(ids.map(id => [id, `<b>Patient</b> ${id}`])),
  })
  await consentFor(server, '2099-01-01Z')
  const { signedIn, consent, answer } = await launch(server, { who: 'bob', patient: 'alice' })
  const { body } = await redeem(server, answer.searchParams.get('code') ?? '')
  const refresh = (refresh_token: string) =>
    token(server, { grant_type: 'refresh_token', refresh_token, client_id: 'demo-app' })

  t.test('chooses whose record, and sees for what', async t => {
    const choices = fieldsOf(signedIn.html).filter(({ name }) => name === 'patient')
    t.same(
      choices.map(({ value }) => value),
      ['bob', 'alice'],
    )
    t.match(signedIn.html, 'You act for this person: appointments')
    t.match(signedIn.html, '&lt;b&gt;Patient&lt;/b&gt; alice', 'names are text, whatever is in them')
    t.match(consent.html, 'open the hospital record of &lt;b&gt;Patient&lt;/b&gt; alice')
  })

  t.test('gets a token that names both', async t => {
    t.equal(body.patient, 'alice')
    const claims = claimsOf(body.access_token)
    t.match(claims, { sub: 'bob', patient: 'alice', fhirUser: 'RelatedPerson/bob-for-alice', act: { sub: 'bob' } })
    t.match(claimsOf(body.id_token), { sub: 'bob', fhirUser: 'RelatedPerson/bob-for-alice' })
  })

  t.test('may use one app for two records at the same time', async t => {
    const own = await launch(server, { who: 'bob', patient: 'bob' })
    const second = await redeem(server, own.answer.searchParams.get('code') ?? '')
    t.match(claimsOf(second.body.access_token), { patient: 'bob', fhirUser: 'Patient/bob', act: undefined })
    const again = await refresh(second.body.refresh_token)
    t.equal(again.body.patient, 'bob')
    const first = await refresh(body.refresh_token)
    t.equal(first.body.patient, 'alice')
    body.refresh_token = first.body.refresh_token
  })

  t.test('cannot choose a record that is not offered', async t => {
    const { end } = await launch(server, { who: 'bob', patient: 'george' })
    t.equal(end.status, 400)
    t.match(end.html, 'Choose whose record the app may open')
  })

  t.test('gets no further token once the Consent has ended', async t => {
    const { rows } = await server.pool.query('select ends from reach')
    server.now = new Date(rows[0].ends)
    t.match(await refresh(body.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
    server.now = new Date()
  })

  t.test('cannot redeem a code whose record was closed in between', async t => {
    const late = await launch(server, { who: 'bob', patient: 'alice' })
    await server.pool.query('delete from reach')
    t.match(await redeem(server, late.answer.searchParams.get('code') ?? ''), { body: { error: 'invalid_grant' } })
  })
})

t.test(
  'an app that somebody opened with his own record gets nothing more when he only acts for that patient',
  async t => {
    const server = await authorizationServer(t)
    const { body } = await launchAndRedeem(server, { who: 'bob' })
    // The account was given the wrong record, and is put right: what he reaches now is less, and not as himself.
    await server.pool.query("delete from person_actor where person = 'bob' and actor = 'Patient/bob'")
    await server.pool.query(
      `insert into reach values ('RelatedPerson/bob-for-alice', 'bob', '{appointments}', now() - interval '1 day', 'infinity', 'c')`,
    )
    const refreshed = await token(server, {
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: 'demo-app',
    })
    t.match(refreshed, { status: 400, body: { error: 'invalid_grant' } })
  },
)

t.test('a token carries what there is to say, and nothing without a launch', async t => {
  const context = { person: 'p', clientId: 'c', patient: undefined, fhirUser: undefined, proxy: false, parameters: {} }
  t.equal(contextClaims(undefined), undefined)
  t.equal(contextClaims(context), undefined)
  t.same(contextClaims({ ...context, fhirUser: 'Patient/a' }), { fhirUser: 'Patient/a' })
})

t.test('an app that was given access while the person is online', async t => {
  const server = await authorizationServer(t)
  const scope = 'online_access patient/Patient.rs'
  const refresh = (refresh_token: string) =>
    token(server, { grant_type: 'refresh_token', refresh_token, client_id: 'demo-app' })
  const open = browser(BASE, server.get)
  const page = await signInAs(open, await open(authorizeUrl({ scope })), 'alice')
  const allow = async (consent: Visited) => {
    const ticks = fieldsOf(consent.html).filter(({ name }) => name === 'scope')
    const fields = ticks.map(({ value }): [string, string] => ['scope', value])
    const end = await submit(open, consent, 'consent', [['patient', 'alice'], ...fields])
    return (await redeem(server, new URL(end.url).searchParams.get('code') ?? '')).body
  }
  const first = await allow(page)

  t.test('has it as long as she stays signed in, also when she opens the app a second time', async t => {
    verifies('smart-2.2', 'SAL-100', 'SAL-366')
    t.equal(first.scope, scope)
    const second = await allow(await open(authorizeUrl({ scope })))
    for (const each of [first, second]) {
      const next = await refresh(each.refresh_token)
      t.match(next, { status: 200, body: { scope, patient: 'alice' } })
      each.refresh_token = next.body.refresh_token
    }
  })

  t.test('has it no longer when she has signed out', async t => {
    verifies('smart-2.2', 'SAL-100', 'SAL-101')
    const offline = await allow(await open(authorizeUrl({ scope: 'offline_access patient/Patient.rs' })))
    const both = await allow(await open(authorizeUrl({ scope: `offline_access ${scope}` })))
    await submit(open, await open(authorizeUrl({ scope })), 'switch')
    t.match(await refresh(first.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
    t.match(await refresh(offline.refresh_token), { status: 200 }, 'access while she is away does not end')
    t.match(await refresh(both.refresh_token), { status: 200 })
  })

  t.test('has it no longer when the session has run out', async t => {
    const { body } = await launchAndRedeem(server, { changes: { scope } })
    await server.pool.query(`update oidc_payload set payload = payload || '{"exp": 1}' where model = 'Session'`)
    t.match(await refresh(body.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
  })
})
