import t from 'tap'
import { fieldsOf, type Visited } from '../../../scripts/demo-client.ts'
import { send, signInTo } from '../../support/account-pages.ts'
import { authorizationServer, BASE, launch, launchAndRedeem, token } from '../../support/authorization-server.ts'
import { auditLines } from '../../support/stored.ts'

const names = new Map([
  ['alice', 'Alice Archer'],
  ['bob', 'Bob Archer'],
])
const server = await authorizationServer(t, { nameOf: async () => names })
await server.pool.query(
  `insert into reach (actor, patient, topics, begins, ends, consent)
    values ('RelatedPerson/bob-for-alice', 'alice', array['appointments'], '-infinity', 'infinity', 'Consent/1')`,
)

const cardsOf = ({ html }: Visited): string[] =>
  html
    .split('<div class="nhsuk-card">')
    .slice(1)
    .map(card => card.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' '))
const refresh = (refresh_token: string, client_id = 'demo-app') =>
  token(server, { grant_type: 'refresh_token', refresh_token, client_id })
const isRevoked = async (jwt: string): Promise<boolean> => {
  const { jti } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
  const { rows } = await server.pool.query(
    "select from revoked_token where jti_hash = sha256(convert_to($1, 'UTF8'))",
    [jti],
  )
  return rows.length === 1
}

t.test('who has allowed no app is told so', async t => {
  const { page } = await signInTo(BASE, server.get, 'george')
  t.match(page.html, 'No app can open a record in your name at the moment')
})

t.test('an app is listed with what it may see, since when, for whom and until when', async t => {
  await launchAndRedeem(server, { who: 'dev', changes: { scope: 'launch/patient patient/Appointment.rs' } })
  await launchAndRedeem(server, { who: 'bob', patient: 'alice' })
  const { page } = await signInTo(BASE, server.get, 'bob')
  const [card = '', ...others] = cardsOf(page)
  t.same(others, [], 'nobody else’s')
  t.match(card, /^ Demo app for Alice Archer .*Whose record Alice Archer/)
  t.match(card, /What it may see Alice Archer’s appointments Alice Archer’s name and contact details/)
  t.match(card, /Allowed \d+ \w+ \d{4} at \d+:\d\d[ap]m/)
  t.match(card, /Ends if it is not used before \d+ \w+ \d{4}/)
  const { page: short } = await signInTo(BASE, server.get, 'dev')
  t.match(
    cardsOf(short)[0],
    /^ Demo app Made by .* Whose record Yours What it may see Your appointments Allowed .* Ends \d/,
  )
})

t.test('access that is taken back is gone at once, that of the same app to another record stays', async t => {
  const own = (await launchAndRedeem(server, { who: 'bob', patient: 'bob' })).body
  const again = (await launchAndRedeem(server, { who: 'bob', patient: 'bob' })).body
  const hers = (await launchAndRedeem(server, { who: 'bob', patient: 'alice' })).body
  const { open, page } = await signInTo(BASE, server.get, 'bob')
  t.equal(cardsOf(page).length, 2, 'two launches for one record are one')
  const after = await send(open, page, 'apps/revoke', { app: 'demo-app', patient: 'bob' })
  t.match(after.html, 'The app can no longer open the record')
  t.equal(cardsOf(after).length, 1)
  t.notMatch((await open(`${BASE}/account/apps`)).html, 'The app can no longer', 'said once')
  for (const each of [own, again]) {
    t.ok(await isRevoked(each.access_token))
    t.match(await refresh(each.refresh_token), { status: 400, body: { error: 'invalid_grant' } })
  }
  t.notOk(await isRevoked(hers.access_token))
  t.equal((await refresh(hers.refresh_token)).status, 200)
  const lines = (await auditLines(server.pool)).filter(line => line[2] === 'revoke')
  t.match(lines.at(-1), [
    String,
    String,
    'revoke',
    'app/demo-app',
    'patient',
    'bob',
    'demo-app',
    'bob',
    { why: 'by the person' },
  ])
})

t.test('a code that was not yet redeemed is good for nothing either', async t => {
  const { answer } = await launch(server, { who: 'hana' })
  const { open, page } = await signInTo(BASE, server.get, 'hana')
  t.equal(cardsOf(page).length, 1)
  await send(open, page, 'apps/revoke', { app: 'demo-app', patient: 'hana' })
  const code = answer.searchParams.get('code') ?? ''
  const form = { grant_type: 'authorization_code', client_id: 'demo-app', code, code_verifier: 'x', redirect_uri: 'x' }
  t.match(await token(server, form), { status: 400, body: { error: 'invalid_grant' } })
})

t.test('all can be taken back with one press', async t => {
  const first = (await launchAndRedeem(server, { who: 'alice' })).body
  const scope = 'openid fhirUser'
  await launchAndRedeem(server, { who: 'alice', changes: { scope } })
  const { open, page } = await signInTo(BASE, server.get, 'alice')
  t.match(cardsOf(page).join(), 'Nobody’s: it only knows who you are')
  const after = await send(open, page, 'apps/revoke', { all: 'yes' })
  t.match(after.html, 'No app can open a record in your name any more')
  t.ok(await isRevoked(first.access_token))
})

t.test('nobody takes back what another person has allowed', async t => {
  const { body } = await launchAndRedeem(server, { who: 'alice' })
  const { open, page } = await signInTo(BASE, server.get, 'george')
  await send(open, page, 'apps/revoke', { app: 'demo-app', patient: 'alice' })
  await send(open, page, 'apps/revoke', { all: 'yes' })
  t.notOk(await isRevoked(body.access_token))
  t.equal((await refresh(body.refresh_token)).status, 200)
})

t.test('an app whose access has ended is not listed', async t => {
  await launchAndRedeem(server, { who: 'freya', changes: { scope: 'launch/patient patient/Patient.rs' } })
  const cards = async () => cardsOf((await signInTo(BASE, server.get, 'freya')).page).length
  t.equal(await cards(), 1)
  await server.pool.query("update oidc_payload set expires_at = now() where account_id = 'freya' and model <> 'Grant'")
  t.equal(await cards(), 0)
})

t.test('the forms of the page carry the token and nothing else that is secret', async t => {
  await launchAndRedeem(server, { who: 'alice' })
  const { page } = await signInTo(BASE, server.get, 'alice')
  t.same([...new Set(fieldsOf(page.html).map(({ name }) => name))].sort(), ['app', 'csrf', 'patient'])
})
