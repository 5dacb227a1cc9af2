import t from 'tap'
import { send, signInTo } from '../../support/account-pages.ts'
import { authorizationServer, BASE } from '../../support/authorization-server.ts'

const server = await authorizationServer(t)
const minutes = (count: number) => {
  server.now = new Date(server.now.getTime() + count * 60_000)
}
const SIGN_IN = '<h1 class="nhsuk-heading-l">Sign in</h1>'

t.test('a session ends after ten minutes in which nothing was asked', async t => {
  const { open, page } = await signInTo(BASE, server.get, 'alice')
  t.match(page.html, 'Apps you have allowed')
  for (const pause of [9, 9, 9]) {
    minutes(pause)
    t.match((await open(`${BASE}/account/apps`)).html, 'Apps you have allowed', 'each request begins them anew')
  }
  minutes(11)
  t.match((await open(`${BASE}/account/apps`)).html, SIGN_IN)
})

t.test('and after twelve hours in all', async t => {
  const { open } = await signInTo(BASE, server.get, 'alice')
  for (let count = 0; count < 79; count++) {
    minutes(9)
    await open(`${BASE}/account/apps`)
  }
  t.match((await open(`${BASE}/account/apps`)).html, 'Apps you have allowed')
  minutes(9)
  t.match((await open(`${BASE}/account/apps`)).html, SIGN_IN)
})

t.test('and with the account', async t => {
  const { open } = await signInTo(BASE, server.get, 'dev')
  await server.pool.query("update person set state = 'closed' where id = 'dev'")
  t.match((await open(`${BASE}/account/apps`)).html, SIGN_IN)
})

t.test('and when the person signs out, on the server too', async t => {
  const { open, page } = await signInTo(BASE, server.get, 'alice')
  const sent = await server.pool.query('select count(*)::int as n from account_session')
  const out = await send(open, page, 'sign-out')
  t.match(out.html, 'You have signed out')
  const left = await server.pool.query('select count(*)::int as n from account_session')
  t.equal(left.rows[0].n, sent.rows[0].n - 1)
  t.match((await open(`${BASE}/account/apps`)).html, SIGN_IN)
})

t.test('the identifier of a session is in the database as a hash only', async t => {
  const page = await server.get(`${BASE}/account/sign-in`)
  const [cookie = ''] = page.headers.getSetCookie()
  const id = /=([\w-]{43});/.exec(cookie)?.[1] ?? ''
  t.equal(id.length, 43)
  const { rows } = await server.pool.query('select * from account_session')
  t.ok(rows.length > 0)
  for (const row of rows) t.notMatch(JSON.stringify(row), /[\w-]{43}/)
})
