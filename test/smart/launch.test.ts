import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import { saveClient, setClientState } from '../../src/store/clients.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  claimsOf,
  eight,
  FHIR,
  launch,
  launchAndRedeem,
  redeem,
  type Server,
  signInAs,
  submit,
  token,
} from '../support/authorization-server.ts'
import { mint, systemToken } from '../support/hospital.ts'
import { verifies } from '../support/verifies.ts'

const SCOPE = 'launch openid fhirUser offline_access patient/Patient.rs'
const ALICE = { client_id: 'demo-app', patient: 'alice' }

/** The error that an app gets for its authorization request, or nothing when there is a page. */
async function errorOf(server: Server, changes: Record<string, string | undefined>) {
  const response = await server.get(authorizeUrl(changes), { redirect: 'manual' })
  const to = new URL(response.headers.get('location') ?? '', BASE)
  return { error: to.searchParams.get('error'), state: to.searchParams.get('state'), to }
}

t.test('a hospital system launches an app', async t => {
  const server = await authorizationServer(t, {
    inRecord: async (type, id, patient) => (type === 'Patient' ? id !== 'nobody' : id === `${patient}-visit`),
  })
  const portal = await systemToken(server, 'portal', '__launch')
  const handle = async (more: object = {}) => (await mint(server, portal, { ...ALICE, ...more })).body.launch

  t.test(
    'for a patient and an encounter, and the app is told all that the hospital said, at each refresh too',
    async t => {
      verifies('smart-2.2', 'SAL-118', 'SAL-168', 'SAL-169', 'SAL-170', 'SAL-171', 'SAL-172', 'SAL-173', 'SAL-174')
      verifies('smart-2.2', 'SAL-352', 'SAL-359', 'SAL-361', 'SAL-362', 'SAL-163')
      const context = {
        encounter: 'alice-visit',
        need_patient_banner: false,
        intent: 'book-follow-up',
        fhirContext: [
          { reference: 'DiagnosticReport/d1' },
          { canonical: 'https://trust.example/q|1', role: 'https://trust.example/role' },
          { identifier: { system: 'urn:x', value: '1' }, type: 'Task' },
        ],
      }
      const minted = await mint(server, portal, { ...ALICE, ...context })
      t.match(minted, { status: 201, body: { iss: FHIR, expires_in: 300 } })
      t.equal(minted.headers.get('cache-control'), 'no-store')
      const scope = `${SCOPE} launch/encounter launch/patient`
      const { body } = await launchAndRedeem(server, { changes: { scope, launch: minted.body.launch } })
      t.match(body, { patient: 'alice', ...context, scope })
      t.notOk('fhirUser' in body || 'act' in body, 'these are in the tokens')
      const access = claimsOf(body.access_token)
      t.match(access, { patient: 'alice', fhirUser: 'Patient/alice' })
      for (const name of Object.keys(context)) t.notOk(name in access, `${name} is not for the FHIR server`)
      const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
      t.match((await token(server, form)).body, { patient: 'alice', ...context })
    },
  )

  t.test('whose page lets nobody choose another record than the one that was meant', async t => {
    await server.pool.query(`insert into reach values
      ('RelatedPerson/bob-for-alice', 'alice', '{appointments}', now() - interval '1 day', '2099-01-01Z', 'c')`)
    const changes = { scope: SCOPE, launch: await handle() }
    const { consent, answer } = await launch(server, { who: 'bob', patient: 'alice', changes })
    t.same(
      fieldsOf(consent.html)
        .filter(({ name }) => name === 'patient')
        .map(({ value }) => value),
      ['alice'],
    )
    const { body } = await redeem(server, answer.searchParams.get('code') ?? '')
    t.match(claimsOf(body.access_token), { patient: 'alice', fhirUser: 'RelatedPerson/bob-for-alice' })
    const other = await launch(server, { who: 'bob', patient: 'bob', changes: { ...changes, launch: await handle() } })
    t.equal(other.end.status, 400, 'whatever the form says')
  })

  t.test('which a person who does not reach the record cannot use', async t => {
    verifies('smart-2.2', 'SAL-1001')
    const open = browser(BASE, server.get)
    const first = await open(authorizeUrl({ scope: SCOPE, launch: await handle() }))
    const page = await signInAs(open, first, 'dev')
    t.match(page.html, 'There is no record that you can open')
    const forced = await submit(open, page, 'consent', [
      ['patient', 'alice'],
      ['scope', 'patient/Patient.rs'],
    ])
    t.notOk(new URL(forced.url).searchParams.get('code'), 'nor by a form of his own')
    const refused = new URL((await submit(open, page, 'refuse')).url)
    t.equal(refused.searchParams.get('error'), 'access_denied')
  })

  t.test('which only the person it was made for can use', async t => {
    const changes = { scope: SCOPE, launch: await handle({ fhirUser: 'RelatedPerson/bob-for-alice' }) }
    const open = browser(BASE, server.get)
    t.match((await signInAs(open, await open(authorizeUrl(changes)), 'alice')).html, 'There is no record')
    const { answer } = await launch(server, { who: 'bob', patient: 'alice', changes })
    t.ok(answer.searchParams.get('code'))
  })

  t.test('by a handle that is known, unused, not too old and made for this app', async t => {
    verifies('smart-2.2', 'SAL-1001', 'SAL-54')
    const used = await handle()
    t.ok((await launch(server, { changes: { scope: SCOPE, launch: used } })).answer.searchParams.get('code'))
    const late = await handle()
    await server.pool.query('update launch set expires_at = now() where used_at is null')
    const foreign = await handle()
    for (const [title, changes] of [
      ['unknown', { launch: 'unknown' }],
      ['used', { launch: used }],
      ['expired', { launch: late }],
      ["another app's", { launch: foreign, client_id: 'demo-confidential' }],
      ['without the scope launch', { launch: foreign, scope: 'launch/patient patient/Patient.rs' }],
    ] as const) {
      const { error, state } = await errorOf(server, { scope: SCOPE, ...changes })
      t.match({ error, state }, { error: 'invalid_request', state: 'the state/+=& of the app' }, title)
    }
    t.notOk((await errorOf(server, { scope: SCOPE, launch: foreign })).error, 'the good one')
  })

  t.test('once, of eight consents at the same time', async t => {
    verifies('smart-2.2', 'SAL-1001')
    const changes = { scope: SCOPE, launch: await handle() }
    const pages = await eight(async () => {
      const open = browser(BASE, server.get)
      return { open, page: await signInAs(open, await open(authorizeUrl(changes)), 'alice') }
    })
    const ends = await Promise.all(
      pages.map(({ open, page }) =>
        submit(open, page, 'consent', [
          ['patient', 'alice'],
          ['scope', 'patient/Patient.rs'],
        ]),
      ),
    )
    const answers = ends.map(({ url }) => new URL(url).searchParams)
    t.equal(answers.filter(answer => answer.has('code')).length, 1)
  })

  t.test('and an app that opens by itself is given no context of a launch', async t => {
    verifies('smart-2.2', 'SAL-149', 'SAL-363', 'SAL-167')
    const scope = 'launch launch/patient launch/encounter patient/Patient.rs'
    const { body } = await launchAndRedeem(server, { changes: { scope } })
    t.equal(body.scope, 'launch/patient patient/Patient.rs')
    t.match(body, { patient: 'alice', need_patient_banner: true })
    t.notOk('encounter' in body)
    const without = await launchAndRedeem(server, {
      changes: { scope: `${SCOPE} launch/encounter`, launch: await handle() },
    })
    t.notMatch(without.body.scope, 'launch/encounter', 'no encounter was named')
  })
})

t.test('a request for a launch handle', async t => {
  const server = await authorizationServer(t, {
    inRecord: async (type, id, patient) => (type === 'Patient' ? id !== 'nobody' : id === `${patient}-visit`),
  })

  t.test('needs the access token of a system that may', async t => {
    verifies('smart-2.2', 'SAL-217')
    const scopes = '__launch system/*.rs'
    const good = await systemToken(server, 'portal', scopes)
    const lacking = await systemToken(server, 'other', 'system/*.rs')
    const { body } = await launchAndRedeem(server)
    for (const [title, access, status, challenge] of [
      ['no token', undefined, 401, /^Bearer realm="[^"]+"$/],
      ['nonsense', 'nonsense', 401, /invalid_token/],
      ["a person's app", body.access_token, 401, /invalid_token/],
      ['an id_token', body.id_token, 401, /invalid_token/],
      ['without the scope', lacking, 403, /insufficient_scope.*__launch/],
      ['the right one', good, 201, /^$/],
    ] as const) {
      const minted = await mint(server, access, ALICE)
      t.equal(minted.status, status, title)
      t.match(minted.headers.get('www-authenticate') ?? '', challenge, title)
      t.equal('launch' in minted.body, status === 201)
    }
    await setClientState(server.pool, 'portal', 'disabled')
    t.equal((await mint(server, good, ALICE)).status, 401, 'a system that was disabled')
    await setClientState(server.pool, 'portal', 'active')
    await server.pool.query("delete from oidc_payload where model = 'ClientCredentials'")
    t.equal((await mint(server, good, ALICE)).status, 401, 'a token that was taken back')
  })

  t.test('is refused with what is wrong, and where', async t => {
    verifies('smart-2.2', 'SAL-172', 'SAL-178', 'SAL-188', 'SAL-190')
    await saveClient(server.pool, {
      clientId: 'plain',
      name: 'plain',
      kind: 'public',
      metadata: {},
      scopes: 'launch/patient',
      secret: undefined,
    })
    const portal = await systemToken(server, 'portal', '__launch')
    for (const [wanted, words] of [
      [[], /launch must be object/],
      [{ patient: 'alice' }, /client_id/],
      [{ client_id: 'demo-app' }, /patient/],
      [{ ...ALICE, patient: 'Patient/alice' }, /launch\/patient must match/],
      [{ ...ALICE, client_id: 'unknown' }, /launch\/client_id/],
      [{ ...ALICE, client_id: 'plain' }, /launch\/client_id/],
      [{ ...ALICE, patient: 'nobody' }, /no Patient\/nobody/],
      [{ ...ALICE, encounter: 'bob-visit' }, /no Encounter\/bob-visit/],
      [{ ...ALICE, fhirUser: 'Practitioner/x' }, /launch\/fhirUser/],
      [{ ...ALICE, need_patient_banner: 'yes' }, /launch\/need_patient_banner must be boolean/],
      [{ ...ALICE, surprise: 1 }, /additional properties/],
      [{ ...ALICE, fhirContext: [{}] }, /launch\/fhirContext\/0/],
      [{ ...ALICE, fhirContext: [{ role: 'launch' }] }, /fhirContext\/0 has none of/],
      [{ ...ALICE, fhirContext: [{ reference: 'Patient/bob' }] }, /fhirContext\/0 is about a Patient/],
      [{ ...ALICE, fhirContext: [{ reference: 'Encounter/x', role: 'launch' }] }, /is about a Patient or Encounter/],
      [{ ...ALICE, fhirContext: [{ reference: 'https://other.example/Task/1' }] }, /reference must match/],
      [{ ...ALICE, fhirContext: [{ reference: 'Task/1', role: '' }] }, /role must NOT have fewer/],
      [{ ...ALICE, fhirContext: [{ reference: 'Task/1', role: 'mine' }] }, /neither launch nor a URI/],
    ] as const) {
      const { status, body } = await mint(server, portal, wanted)
      t.match({ status, body }, { status: 400, body: { error: 'invalid_request', error_description: words } })
    }
    const fine = [{ reference: 'Patient/bob', role: 'https://trust.example/sibling' }]
    t.equal((await mint(server, portal, { ...ALICE, fhirContext: fine })).status, 201)
    const broken = await server.get(`${BASE}/oauth2/launch`, {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${portal}` },
    })
    t.match({ status: broken.status, body: await broken.json() }, { status: 400, body: { error: 'invalid_request' } })
  })

  t.test('is told that something went wrong inside, and not what', async t => {
    const portal = await systemToken(server, 'portal', '__launch')
    await server.pool.query('alter table launch rename to launch_lost')
    const { status, body } = await mint(server, portal, ALICE)
    t.same({ status, body }, { status: 500, body: { error: 'server_error' } })
    await server.pool.query('alter table launch_lost rename to launch')
  })
})
