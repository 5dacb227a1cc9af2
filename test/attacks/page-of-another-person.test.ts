import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import { send, signInTo } from '../support/account-pages.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  launch,
  launchAndRedeem,
  signInAs,
  submit,
  token,
} from '../support/authorization-server.ts'

// A page, a record or an app's access of another person: by its address, by a form, or after the rights have changed.

const server = await authorizationServer(t, { nameOf: async ids => new Map(ids.map(id => [id, `Name of ${id}`])) })
const mayAct = (topics: string) =>
  server.pool.query(
    `insert into reach values ('RelatedPerson/bob-for-alice', 'alice', string_to_array($1, ' '), '-infinity', 'infinity', 'Consent/1')
      on conflict (consent, actor, patient) do update set topics = excluded.topics, ends = 'infinity'`,
    [topics],
  )

t.test('the page of an app’s sign-in is for the browser that was sent there', async t => {
  const alice = browser(BASE, server.get)
  const hers = await signInAs(alice, await alice(authorizeUrl()), 'alice')
  const george = browser(BASE, server.get)
  await signInAs(george, await george(authorizeUrl()), 'george')
  const seen = await george(hers.url)
  t.equal(seen.status, 400)
  t.notMatch(seen.html, /alice|Alice/)
  const csrf = fieldsOf(hers.html).find(({ name }) => name === 'csrf')?.value ?? ''
  const form = new URLSearchParams({ csrf, patient: 'alice', scope: 'patient/*.rs see results' })
  t.equal((await george(`${hers.url}/consent`, form)).status, 400)
})

t.test('no record is given to an app that the person does not reach, also not since the page was shown', async t => {
  for (const patient of ['alice', 'dev', 'nobody']) {
    const { end } = await launch(server, { who: 'george', patient })
    t.equal(end.status, patient === 'george' ? 200 : 400, patient)
    t.equal(new URL(end.url).searchParams.get('code'), null)
  }
  await mayAct('appointments')
  const open = browser(BASE, server.get)
  const person = await signInAs(open, await open(authorizeUrl()), 'bob')
  const consent = await submit(open, person, 'person', [['patient', 'alice']])
  const ticks = fieldsOf(consent.html).filter(({ name }) => name === 'scope')
  await server.pool.query("update reach set ends = '2001-01-01'")
  const fields = ticks.map(({ value }): [string, string] => ['scope', value])
  const end = await submit(open, consent, 'consent', [['patient', 'alice'], ...fields])
  t.equal(end.status, 400)
  t.equal(new URL(end.url).searchParams.get('code'), null)
})

t.test('what a proxy does not reach cannot be ticked into a form', async t => {
  await mayAct('appointments')
  const open = browser(BASE, server.get)
  const person = await signInAs(open, await open(authorizeUrl()), 'bob')
  const consent = await submit(open, person, 'person', [['patient', 'alice']])
  const extra: [string, string][] = ['results', 'letters', 'messages', 'record'].map(topic => [
    'scope',
    `patient/*.rs see ${topic}`,
  ])
  const all: [string, string][] = [...extra, ['scope', 'patient/*.rs see appointments'], ['scope', 'patient/*.rs']]
  const end = await submit(open, consent, 'consent', [['patient', 'alice'], ...all])
  const { body } = await token(server, {
    grant_type: 'authorization_code',
    client_id: 'demo-app',
    redirect_uri: 'http://127.0.0.1:4711/callback',
    code: new URL(end.url).searchParams.get('code') ?? '',
    code_verifier: 'a-verifier-that-is-long-enough-for-rfc-7636-section-4-1',
  })
  t.match(body.scope, 'patient/Appointment.rs')
  t.notMatch(body.scope, /Observation|Communication|DocumentReference|Condition|\*/)
})

t.test('nobody sees or takes back another person’s apps', async t => {
  const { body } = await launchAndRedeem(server, { who: 'alice' })
  const { open, page } = await signInTo(BASE, server.get, 'george')
  t.notMatch(page.html, 'Demo app')
  for (const fields of [{ app: 'demo-app', patient: 'alice' }, { app: 'demo-app', patient: '' }, { all: 'yes' }])
    await send(open, page, 'apps/revoke', { person: 'alice', account: 'alice', ...fields })
  const form = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: body.refresh_token }
  t.equal((await token(server, form)).status, 200)
})

t.test('nobody sees who looked at another person’s record', async t => {
  await server.pool.query(`insert into record_access values
    ('alice', date_trunc('hour', now()), 'engine', 'e', 'secret-engine', 'looked', 'Observation', '-infinity', 7, now(), now())`)
  const list = async (who: string, query = '') => {
    const { open } = await signInTo(BASE, server.get, who, 'access')
    return (await open(`${BASE}/account/access${query}`)).html
  }
  t.match(await list('alice'), 'secret-engine')
  await mayAct('appointments results letters messages record shared')
  const { open, page } = await signInTo(BASE, server.get, 'alice', 'access')
  t.equal(page.url, `${BASE}/account/access`)
  for (const who of ['george', 'bob'])
    for (const query of ['', '?of=alice', '?of=Patient/alice', '?patient=alice', '?of[]=alice', '?of=alice&of=alice'])
      t.notMatch(await list(who, query), /secret-engine|alice/, `${who} ${query}`)
  await mayAct('*')
  const asProxy = await signInTo(BASE, server.get, 'bob', 'access')
  const [, path = ''] = /href="([^"]*\?of=[0-9a-f]+)">The record of Name of alice/.exec(asProxy.page.html) ?? []
  t.match((await asProxy.open(`${BASE}${path}`)).html, 'secret-engine')
  t.notMatch(await list('george', path.replace(/^[^?]*/, '')), 'secret-engine', 'the address is no key')
  await mayAct('appointments')
  t.notMatch((await asProxy.open(`${BASE}${path}`)).html, 'secret-engine', 'asked at each page')
  t.match((await open(`${BASE}/account/access`)).html, 'secret-engine')
})
