import t from 'tap'
import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { authorizationServer, authorizeUrl, BASE, submit } from '../support/authorization-server.ts'

// Login CSRF: a foreign page sends the attacker's own name and password from the victim's browser, who then keeps her record
// in the attacker's account, or lets an app into it.

const server = await authorizationServer(t)
const MALLORY = { name: 'george@example.org', password: DEMO_PASSWORD }
const csrfOf = ({ html }: Visited) => fieldsOf(html).find(({ name }) => name === 'csrf')?.value ?? ''
const sessions = async (): Promise<number> => {
  const { rows } = await server.pool.query<{ n: number }>(
    `select (select count(*) from account_session)::int
      + (select count(*) from oidc_payload where model = 'Session' and account_id is not null)::int as n`,
  )
  return rows[0]?.n ?? 0
}

/** The tokens that an attacker can have: none, made up, of a page in a browser of the attacker's own. */
const stolen = (own: string): [string, Record<string, string>][] => [
  ['without a token', {}],
  ['with an empty one', { csrf: '' }],
  ['with a made-up one', { csrf: 'x'.repeat(43) }],
  ['with that of another browser', { csrf: own }],
]

t.test('the apps’ sign-in takes no form of a foreign page', async t => {
  const victim = browser(BASE, server.get)
  const page = await victim(authorizeUrl())
  const other = await browser(BASE, server.get)(authorizeUrl())
  for (const [how, token] of stolen(csrfOf(other))) {
    const sent = await victim(`${page.url}/sign-in`, new URLSearchParams({ ...MALLORY, ...token }))
    t.equal(sent.status, 403, how)
  }
  t.equal(await sessions(), 0)
})

t.test('the account’s sign-in takes none either, also before there is a session', async t => {
  const victim = browser(BASE, server.get)
  const send = (fields: Record<string, string>, headers: Record<string, string> = {}) =>
    server.get(`${BASE}/account/sign-in`, {
      method: 'POST',
      body: new URLSearchParams({ ...MALLORY, ...fields }),
      headers,
      redirect: 'manual',
    })
  const other = await browser(BASE, server.get)(`${BASE}/account/sign-in`)
  for (const [how, token] of stolen(csrfOf(other))) {
    t.equal((await send(token)).status, 403, `${how}, from a browser without a cookie`)
    await victim(`${BASE}/account/sign-in`)
    const sent = await victim(`${BASE}/account/sign-in`, new URLSearchParams({ ...MALLORY, ...token }))
    t.equal(sent.status, 403, how)
  }
  t.equal(await sessions(), 0)
})

t.test('a form that a page of another origin sent is refused, even with the right token', async t => {
  for (const origin of [
    'https://evil.example',
    'http://portico.example',
    'https://portico.example.evil.example',
    'null',
  ]) {
    const foreign = browser(BASE, (input, init) =>
      server.get(input, { ...init, headers: { ...init?.headers, origin } }),
    )
    const page = await foreign(authorizeUrl())
    const fields = Object.entries(MALLORY) as [string, string][]
    t.equal((await submit(foreign, page, 'sign-in', fields)).status, 403, origin)
    const account = await foreign(`${BASE}/account/sign-in`)
    const form = new URLSearchParams({ ...MALLORY, csrf: csrfOf(account) })
    t.equal((await foreign(`${BASE}/account/sign-in`, form)).status, 403, origin)
  }
  t.equal(await sessions(), 0)
})
