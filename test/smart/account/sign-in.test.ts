import t from 'tap'
import { browser } from '../../../scripts/demo-client.ts'
import { send, signInTo } from '../../support/account-pages.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs } from '../../support/authorization-server.ts'

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

t.test('who is signed in is not asked again, and somebody else takes the place', async t => {
  const { open, page } = await signInTo(BASE, server.get, 'alice')
  t.equal((await open(`${BASE}/account/sign-in`)).url, `${BASE}/account/apps`)
  await send(open, page, 'sign-out')
  const fresh = await open(`${BASE}/account/sign-in`)
  const bob = await send(open, fresh, 'sign-in', { name: 'bob', password: 'demo-Portico-2026' })
  t.match(bob.html, 'You are signed in as <strong>Bob Archer</strong>')
})
