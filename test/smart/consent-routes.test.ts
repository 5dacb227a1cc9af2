import t from 'tap'
import { browser, choosePerson, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { saveClient } from '../../src/store/clients.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  launch,
  REDIRECT,
  redeem,
  signInAs,
  submit,
  token,
} from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

const server = await authorizationServer(t)
const fresh = () => browser(BASE, server.get)
const opens = async (topics: string, actor: string, patient: string) =>
  server.pool.query(
    `insert into reach (actor, patient, topics, begins, ends, consent)
      values ($1, $2, string_to_array($3, ' '), '-infinity', 'infinity', $4)`,
    [actor, patient, topics, `Consent/${actor}`],
  )
await opens('appointments', 'RelatedPerson/bob-for-alice', 'alice')

/** The labels of a page's boxes, each with whether it is ticked. */
const boxesOf = ({ html }: Visited): [string, boolean][] =>
  [...html.matchAll(/<input class="nhsuk-checkboxes__input"([^>]*)>\s*<label[^>]*>(.*?)<\/label>/gs)].map(
    ([, attributes = '', label = '']) => [label.replace(/\s+/g, ' ').trim(), / checked/.test(attributes)],
  )
const ticksOf = ({ html }: Visited, without: RegExp): [string, string][] =>
  fieldsOf(html)
    .filter(({ name, value }) => name === 'scope' && !without.test(value))
    .map(({ value }) => ['scope', value])
const codeOf = ({ url }: Visited): string => new URL(url).searchParams.get('code') ?? ''

t.test('who keeps her messages to herself gives the app all the rest, for as long as it has access', async t => {
  verifies('smart-2.2', 'SAL-1002', 'SAL-145', 'SAL-104')
  const open = fresh()
  const page = await signInAs(open, await open(authorizeUrl()), 'alice')
  t.match(boxesOf(page), [
    ['Your appointments', true],
    ['Your test results', true],
    ['Your letters and documents', true],
    ['Your messages with the care team', true],
  ])
  t.match(
    page.html,
    'If all of these are ticked, the app may also see kinds of information that the hospital adds later',
  )
  const end = await submit(open, page, 'consent', [['patient', 'alice'], ...ticksOf(page, / messages$/)])
  const { body } = await redeem(server, codeOf(end))
  const granted = body.scope.split(' ')
  t.ok(granted.includes('patient/Appointment.rs') && granted.includes('patient/Observation.rs'))
  t.notOk(granted.includes('patient/Communication.rs') || granted.includes('patient/*.rs'))
  const form = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: body.refresh_token }
  t.same((await token(server, form)).body.scope.split(' ').sort(), granted.sort())
  t.equal((await token(server, { ...form, scope: 'patient/*.rs' })).status, 400, 'nor is more to be had later')

  t.match(boxesOf(await open(authorizeUrl())), [
    ['Your appointments', true],
    ['Your test results', true],
    ['Your letters and documents', true],
    ['Your messages with the care team', false],
  ])
})

t.test('what an app did not ask for before is marked, and not ticked for a person who has been here', async t => {
  const scope = 'launch/patient patient/Appointment.rs'
  await launch(server, { who: 'dev', changes: { scope } })
  const open = fresh()
  const more = await signInAs(open, await open(authorizeUrl({ scope: `${scope} patient/Observation.rs` })), 'dev')
  t.same(boxesOf(more), [
    ['Your appointments', true],
    ['Your test results and measurements <strong class="nhsuk-tag">New: not asked for before</strong>', false],
  ])
  t.match(more.html, 'The ticks are as you left them the last time')
  const other = { client_id: 'demo-confidential', scope: `${scope} patient/Observation.rs` }
  t.ok(
    boxesOf(await open(authorizeUrl(other))).every(([, ticked]) => ticked),
    'another app is another question',
  )
})

t.test('a proxy says first whose record, and is asked about what she reaches of it', async t => {
  const open = fresh()
  const person = await signInAs(open, await open(authorizeUrl()), 'bob')
  t.match(person.html, 'Whose record should “Demo app” open?')
  t.match(person.html, 'You act for this person: appointments')
  t.same(boxesOf(person), [])
  const nobody = await submit(open, person, 'person')
  t.equal(nobody.status, 400)
  t.match(nobody.html, 'Choose whose record the app may open')
  for (const stranger of ['george', 'nobody', '']) {
    t.match(await submit(open, person, 'person', [['patient', stranger]]), { status: 400, html: 'Choose whose record' })
    const ticks = [['scope', 'patient/*.rs see appointments']] as [string, string][]
    t.match(await submit(open, person, 'consent', [['patient', stranger], ...ticks]), {
      status: 400,
      html: 'Choose whose record',
    })
  }
  const consent = await choosePerson(open, person, 'alice')
  t.match(consent.html, 'Allow “Demo app” to open the hospital record of alice?')
  t.same(
    boxesOf(consent).map(([label]) => label),
    [
      'alice’s appointments',
      'alice’s name and contact details, and the people and places of alice’s care',
      'Know which person in the hospital’s records you are',
      'Keep access when you are not using it, until you take it back',
    ],
  )
  const all = [...ticksOf(consent, /^$/), ['scope', 'patient/*.rs see results']] as [string, string][]
  const end = await submit(open, consent, 'consent', [['patient', 'alice'], ...all])
  const { scope } = (await redeem(server, codeOf(end))).body
  t.match(scope, 'patient/Appointment.rs')
  t.notMatch(scope, /Observation|\*/, 'not what was not offered')
  const again = await open(authorizeUrl())
  t.match(again.html, /value="alice"\s+aria-describedby="patient-2-hint" checked/, 'the same person as the last time')
})

t.test('an app that asks only for what a proxy does not reach can be given nothing', async t => {
  const open = fresh()
  const scope = 'launch/patient patient/Observation.rs'
  const page = await choosePerson(open, await signInAs(open, await open(authorizeUrl({ scope })), 'bob'), 'alice')
  t.match(page.html, 'There is nothing of this record that you can give “Demo app”')
  const end = await submit(open, page, 'refuse')
  t.equal(new URL(end.url).searchParams.get('error'), 'access_denied')
})

t.test('the page says who made the app and which site it is', async t => {
  await saveClient(server.pool, {
    clientId: 'site',
    name: 'Record viewer',
    kind: 'public',
    metadata: { redirect_uris: ['https://viewer.example/back'], maker: 'Viewers Ltd' },
    scopes: 'launch/patient patient/*.rs',
    secret: undefined,
  })
  const open = fresh()
  const asked = { client_id: 'site', redirect_uri: 'https://viewer.example/back', scope: 'patient/*.rs' }
  const page = await signInAs(open, await open(authorizeUrl(asked)), 'alice')
  t.match(page.html, /Record viewer<br>made by Viewers Ltd<br>at viewer\.example</)
  await server.pool.query("update client set metadata = metadata - 'maker' where client_id = 'demo-app'")
  t.notMatch((await open(authorizeUrl({ redirect_uri: REDIRECT }))).html, 'made by')
})
