import t from 'tap'
import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { signInTo } from '../support/account-pages.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  launchAndRedeem,
  signInAs,
  token,
} from '../support/authorization-server.ts'

// A foreign page makes the browser of somebody who is signed in allow an app, refuse one, or take access back.

const server = await authorizationServer(t)
const csrfOf = ({ html }: Visited) => fieldsOf(html).find(({ name }) => name === 'csrf')?.value ?? ''
const grants = async (): Promise<number> => {
  const { rows } = await server.pool.query<{ n: number }>(
    "select count(*)::int as n from oidc_payload where model = 'Grant'",
  )
  return rows[0]?.n ?? 0
}

t.test('no app is allowed, refused, or given to somebody else by a foreign page', async t => {
  const victim = browser(BASE, server.get)
  const page = await signInAs(victim, await victim(authorizeUrl()), 'alice')
  const attacker = browser(BASE, server.get)
  const own = csrfOf(await signInAs(attacker, await attacker(authorizeUrl()), 'george'))
  const ticks = fieldsOf(page.html).filter(({ name }) => name === 'scope')
  const consent: [string, string][] = [
    ['patient', 'alice'],
    ...ticks.map(({ value }): [string, string] => ['scope', value]),
  ]
  const before = await grants()
  for (const action of ['consent', 'person', 'refuse', 'switch'])
    for (const csrf of [undefined, '', 'x'.repeat(43), own]) {
      const form = new URLSearchParams([...consent, ...(csrf === undefined ? [] : [['csrf', csrf]])] as [
        string,
        string,
      ][])
      const sent = await victim(`${page.url}/${action}`, form)
      t.equal(sent.status, 403, `${action} with ${csrf}`)
      t.ok(sent.url.startsWith(BASE), 'and the app hears nothing')
    }
  t.equal(await grants(), before)
  t.match(
    (await victim(page.url)).html,
    'Allow “Demo app” to open your hospital record?',
    'she can still decide herself',
  )
})

t.test('nor by a page of another origin that has the token', async t => {
  const foreign = browser(BASE, (input, init) =>
    server.get(input, {
      ...init,
      headers: { ...init?.headers, ...(init?.method ? { origin: 'https://evil.example' } : {}) },
    }),
  )
  const victim = browser(BASE, server.get)
  const page = await victim(authorizeUrl())
  t.ok(csrfOf(page))
  const other = await foreign(authorizeUrl())
  t.equal((await foreign(`${other.url}/refuse`, new URLSearchParams({ csrf: csrfOf(other) }))).status, 403)
})

t.test('no access is taken back and nobody is signed out by a foreign page', async t => {
  const { body } = await launchAndRedeem(server, { who: 'dev' })
  const { open: victim } = await signInTo(BASE, server.get, 'dev')
  const own = csrfOf((await signInTo(BASE, server.get, 'george')).page)
  for (const csrf of [undefined, '', 'x'.repeat(43), own])
    for (const [path, fields] of [
      ['apps/revoke', { app: 'demo-app', patient: 'dev' }],
      ['apps/revoke', { all: 'yes' }],
      ['sign-out', {}],
    ] as const) {
      const form = new URLSearchParams({ ...fields, ...(csrf === undefined ? {} : { csrf }) })
      t.equal((await victim(`${BASE}/account/${path}`, form)).status, 403, `${path} with ${csrf}`)
    }
  t.match((await victim(`${BASE}/account/apps`)).html, 'Take back', 'she is signed in, and the app is there')
  const form = { grant_type: 'refresh_token', client_id: 'demo-app', refresh_token: body.refresh_token }
  t.equal((await token(server, form)).status, 200)
})

t.test('nothing is changed by following a link', async t => {
  const { open } = await signInTo(BASE, server.get, 'dev')
  const { page } = await signInTo(BASE, server.get, 'dev')
  const csrf = csrfOf(page)
  for (const path of [`apps/revoke?all=yes&csrf=${csrf}`, `sign-out?csrf=${csrf}`])
    t.equal((await open(`${BASE}/account/${path}`)).status, 405, path)
  t.match((await open(`${BASE}/account/apps`)).html, 'Take back')
})
