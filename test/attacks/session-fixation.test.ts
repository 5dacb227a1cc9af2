import t from 'tap'
import { fieldsOf } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { authorizationServer, authorizeUrl, BASE } from '../support/authorization-server.ts'

// Session fixation: the attacker puts a session identifier that is known to him into the victim's browser; after she has
// signed in he uses it himself.

const server = await authorizationServer(t)
const SIGN_IN = '<h1 class="nhsuk-heading-l">Sign in</h1>'

type Jar = Map<string, string>
const cookieOf = (jar: Jar) => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')

/** A request of a browser whose cookies are seen: what an attacker plants, and what he is left with. */
async function ask(jar: Jar, url: string, form?: Record<string, string>) {
  const response = await server.get(url, {
    redirect: 'manual',
    headers: { cookie: cookieOf(jar) },
    ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
  })
  for (const line of response.headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    jar.set(name, value)
  }
  return { status: response.status, html: await response.text(), location: response.headers.get('location') ?? '' }
}
const csrfIn = (html: string) => fieldsOf(html).find(({ name }) => name === 'csrf')?.value ?? ''

async function signInToAccount(jar: Jar, who = 'alice') {
  const { html } = await ask(jar, `${BASE}/account/sign-in`)
  return ask(jar, `${BASE}/account/sign-in`, { csrf: csrfIn(html), name: who, password: DEMO_PASSWORD })
}

t.test('the identifier that a browser had before its sign-in is none after it', async t => {
  const attacker: Jar = new Map()
  await ask(attacker, `${BASE}/account/sign-in`)
  const victim: Jar = new Map(attacker)
  t.equal((await signInToAccount(victim)).status, 303)
  t.not(cookieOf(victim), cookieOf(attacker))
  t.match((await ask(victim, `${BASE}/account/apps`)).html, 'Apps you have allowed')
  t.equal((await ask(attacker, `${BASE}/account/apps`)).status, 303, 'he is sent to the sign-in')
})

t.test('nor is the one of a session that the attacker has himself', async t => {
  const attacker: Jar = new Map()
  await signInToAccount(attacker, 'george')
  const victim: Jar = new Map(attacker)
  const page = await ask(victim, `${BASE}/account/apps`)
  await ask(victim, `${BASE}/account/sign-out`, { csrf: csrfIn(page.html) })
  await signInToAccount(victim)
  t.match((await ask(victim, `${BASE}/account/apps`)).html, 'Alice Archer')
  t.equal((await ask(attacker, `${BASE}/account/apps`)).status, 303)
})

t.test('nor is it when she signs in over it, without signing him out', async t => {
  const attacker: Jar = new Map()
  await signInToAccount(attacker, 'george')
  const victim: Jar = new Map(attacker)
  const { html } = await ask(victim, `${BASE}/account/apps`)
  const form = { csrf: csrfIn(html), name: 'alice', password: DEMO_PASSWORD }
  t.equal((await ask(victim, `${BASE}/account/sign-in`, form)).status, 303)
  t.match((await ask(victim, `${BASE}/account/apps`)).html, 'Alice Archer')
  t.equal((await ask(attacker, `${BASE}/account/apps`)).status, 303, 'his session has ended with it')
})

t.test(
  'of two identifiers in a browser neither is believed: one was put there by a neighbour of the domain',
  async t => {
    const own: Jar = new Map()
    await signInToAccount(own)
    const [name = '', value = ''] = [...own][0] ?? []
    for (const cookie of [
      `${name}=${'x'.repeat(43)}; ${name}=${value}`,
      `${name}=${value}; ${name}=${'x'.repeat(43)}`,
    ]) {
      const response = await server.get(`${BASE}/account/apps`, { headers: { cookie }, redirect: 'manual' })
      t.equal(response.status, 303)
    }
  },
)

t.test('an identifier that was signed out opens nothing, for whoever has kept it', async t => {
  const victim: Jar = new Map()
  await signInToAccount(victim)
  const kept: Jar = new Map(victim)
  const { html } = await ask(kept, `${BASE}/account/apps`)
  t.match(html, 'Alice Archer')
  t.equal((await ask(victim, `${BASE}/account/sign-out`, { csrf: csrfIn(html) })).status, 303)
  t.match(await ask(kept, `${BASE}/account/apps`), { status: 303, location: '/account/sign-in' })
})

t.test('an identifier that somebody made up is not taken over', async t => {
  const victim: Jar = new Map([['__Host-portico', 'a'.repeat(43)]])
  await signInToAccount(victim)
  t.not(victim.get('__Host-portico'), 'a'.repeat(43))
  const { rows } = await server.pool.query('select from account_session where id_hash = sha256($1::bytea)', [
    'a'.repeat(43),
  ])
  t.equal(rows.length, 0)
})

t.test('the apps’ sign-in gives another identifier with the sign-in too', async t => {
  const victim: Jar = new Map()
  const first = await ask(victim, authorizeUrl())
  const page = await ask(victim, `${BASE}${new URL(first.location, BASE).pathname}`)
  const before = victim.get('_session')
  const { pathname } = new URL(first.location, BASE)
  const form = { csrf: csrfIn(page.html), name: 'alice', password: DEMO_PASSWORD }
  const sent = await ask(victim, `${BASE}${pathname}/sign-in`, form)
  await ask(victim, new URL(sent.location, BASE).href)
  const after = victim.get('_session')
  t.ok(after)
  t.not(after, before)
  if (before !== undefined) {
    const attacker: Jar = new Map([...victim, ['_session', before]])
    const other = await ask(attacker, authorizeUrl())
    t.match((await ask(attacker, new URL(other.location, BASE).href)).html, SIGN_IN)
  }
})
