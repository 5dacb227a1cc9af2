import t from 'tap'
import { browser, fieldsOf, type Visited } from '../../../scripts/demo-client.ts'
import { send, signInTo } from '../../support/account-pages.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  redeem,
  signInAs,
  submit,
  token,
} from '../../support/authorization-server.ts'

const server = await authorizationServer(t)

t.test('who is not signed in signs in first, and comes to the page that was asked for', async t => {
  const { page } = await signInTo(BASE, server.get, 'alice', 'apps')
  t.equal(page.url, `${BASE}/account/apps`)
  t.match(page.html, 'You are signed in as <strong>Alice Archer</strong>')
})

t.test('a wrong password is said, with the same words for everybody', async t => {
  const open = browser(BASE, server.get)
  const page = await open(`${BASE}/account/apps`)
  const wrong = await send(open, page, 'sign-in', { name: 'alice@example.org', password: 'wrong' })
  const nobody = await send(open, page, 'sign-in', { name: 'nobody@example.org', password: 'wrong' })
  t.equal(wrong.status, 400)
  t.match(wrong.html, 'is not right')
  t.equal(wrong.html, nobody.html.replaceAll('nobody@', 'alice@'))
})

t.test('who tries too often has to wait, here as at the apps’ sign-in', async t => {
  const open = browser(BASE, server.get)
  const page = await open(`${BASE}/account/apps`)
  const guess = () => send(open, page, 'sign-in', { name: 'george@example.org', password: 'wrong' })
  for (let count = 0; count < 5; count++) await guess()
  t.match(await guess(), { status: 429, html: 'There were too many attempts' })
  const app = browser(BASE, server.get)
  t.equal((await signInAs(app, await app(authorizeUrl()), 'george')).status, 429)
})

t.test('who signs out is signed out of both sign-ins of the browser', async t => {
  const { open, page } = await signInTo(BASE, server.get, 'alice')
  await signInAs(open, await open(authorizeUrl()), 'alice')
  t.match((await open(authorizeUrl())).html, 'You are signed in as', 'apps do not ask for the password')
  await send(open, page, 'sign-out')
  t.match((await open(authorizeUrl())).html, '<h1 class="nhsuk-heading-l">Sign in</h1>')
})

t.test(
  'who signs out ends what apps may do while she is signed in, and leaves what they may do while she is away',
  async t => {
    const { open, page } = await signInTo(BASE, server.get, 'carol')
    const signIn = await open(authorizeUrl({ scope: 'online_access patient/Patient.rs' }))
    const consent = await signInAs(open, signIn, 'carol')
    const allow = async (shown: Visited) => {
      const ticks = fieldsOf(shown.html).filter(({ name }) => name === 'scope')
      const fields = ticks.map(({ value }): [string, string] => ['scope', value])
      const { url } = await submit(open, shown, 'consent', [['patient', 'carol'], ...fields])
      return (await redeem(server, new URL(url).searchParams.get('code') ?? '')).body
    }
    const online = await allow(consent)
    const offline = await allow(await open(authorizeUrl({ scope: 'offline_access patient/Patient.rs' })))
    await send(open, page, 'sign-out')
    const refresh = async ({ refresh_token }: { refresh_token: string }) =>
      (await token(server, { grant_type: 'refresh_token', refresh_token, client_id: 'demo-app' })).status
    t.equal(await refresh(online), 400)
    t.equal(await refresh(offline), 200)
    const { rows } = await server.pool.query('select from revoked_token')
    t.equal(rows.length, 1, 'its access token is refused everywhere')
  },
)

t.test('who is signed in is not asked again, and somebody else takes the place', async t => {
  const { open, page } = await signInTo(BASE, server.get, 'alice')
  t.equal((await open(`${BASE}/account/sign-in`)).url, `${BASE}/account/apps`)
  await send(open, page, 'sign-out')
  const fresh = await open(`${BASE}/account/sign-in`)
  const bob = await send(open, fresh, 'sign-in', { name: 'bob', password: 'demo-Portico-2026' })
  t.match(bob.html, 'You are signed in as <strong>Bob Archer</strong>')
})
