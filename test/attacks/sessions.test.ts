import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  type Server,
  signInAs,
  submit,
} from '../support/authorization-server.ts'

// Who knows or chooses the cookie that a browser has before its person signs in must not have her session afterwards.

type Jar = Map<string, string>

/** A browser that shows its cookies, and takes some that somebody else has put there. */
function watched(server: Server, planted: Record<string, string> = {}) {
  const jar: Jar = new Map(Object.entries(planted))
  const set: string[] = []
  const open = browser(BASE, async (input, init) => {
    const own = new Headers(init?.headers).get('cookie') ?? ''
    const all = [...Object.entries(planted).map(([name, value]) => `${name}=${value}`), own].filter(Boolean).join('; ')
    const response = await server.get(input, { ...init, headers: { ...init?.headers, cookie: all } })
    for (const line of response.headers.getSetCookie()) {
      set.push(line)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    return response
  })
  return { open, jar, set }
}

t.test('a session', async t => {
  const server = await authorizationServer(t)

  t.test('is not there before its person signs in, and gets a new name each time that she does', async t => {
    const { open, jar } = watched(server)
    const page = await open(authorizeUrl())
    t.notOk(jar.get('_session'), 'what is not there cannot be known before')
    t.match((await signInAs(open, page, 'alice')).html, 'You are signed in as')
    const first = { _session: jar.get('_session') ?? '', '_session.sig': jar.get('_session.sig') ?? '' }
    t.match((await watched(server, first).open(authorizeUrl())).html, 'You are signed in as', 'it is the session')
    await signInAs(open, await open(authorizeUrl({ prompt: 'login' })), 'alice')
    t.not(jar.get('_session'), first._session)
    t.match((await watched(server, first).open(authorizeUrl())).html, '>Sign in</h1>', 'the old name is worth nothing')
  })

  t.test('cannot be chosen, made up, or signed by anybody else', async t => {
    for (const planted of [
      { _session: 'chosen-by-an-attacker' },
      { _session: 'chosen-by-an-attacker', '_session.sig': 'x'.repeat(27) },
      { _session: '../../etc', '_session.sig': '' },
    ]) {
      const { open, jar } = watched(server, planted)
      const consent = await signInAs(open, await open(authorizeUrl()), 'alice')
      t.match(consent.html, 'You are signed in as')
      t.not(jar.get('_session'), planted._session)
      const attacker = watched(server, planted)
      t.match((await attacker.open(authorizeUrl())).html, '>Sign in</h1>', JSON.stringify(planted))
    }
    const { open, jar } = watched(server)
    await signInAs(open, await open(authorizeUrl()), 'alice')
    const seen = { _session: jar.get('_session') ?? '' }
    for (const planted of [seen, { ...seen, '_session.sig': 'x'.repeat(27) }])
      t.match((await watched(server, planted).open(authorizeUrl())).html, '>Sign in</h1>', 'seen, and not signed')
    const whole = { ...seen, '_session.sig': jar.get('_session.sig') ?? '' }
    t.match(
      (await watched(server, whole).open(authorizeUrl())).html,
      'You are signed in as',
      'with what we signed it by',
    )
  })

  t.test('is not continued by another browser: a page of a sign-in belongs to the browser that began it', async t => {
    const { open } = watched(server)
    const consent = await signInAs(open, await open(authorizeUrl()), 'alice')
    const stranger = watched(server)
    const address = consent.url.replace(/(\/interaction\/[^/]+).*/, '$1')
    t.match((await stranger.open(address)).html, 'This page has expired')
    const fields = fieldsOf(consent.html).map(({ name, value }): [string, string] => [name, value])
    const end = await stranger.open(`${address}/consent`, new URLSearchParams(fields))
    t.notMatch(end.url, 'code=')
    const resumed = await stranger.open(address.replace('/interaction/', '/authorize/'))
    t.notMatch(resumed.url, 'code=')
  })

  t.test('does not take over what another person began in the same browser', async t => {
    const { open } = watched(server)
    const page = await signInAs(open, await open(authorizeUrl()), 'alice')
    const again = await submit(open, page, 'switch')
    const dev = await signInAs(open, again, 'dev')
    t.match(dev.html, 'You are signed in as <strong>Dev Desai</strong>')
    const fields = fieldsOf(page.html).map(({ name, value }): [string, string] => [name, value])
    const old = page.url.replace(/(\/interaction\/[^/]+).*/, '$1')
    const end = await open(`${old}/consent`, new URLSearchParams(fields))
    t.notMatch(end.url, 'code=', 'Alice’s page gives nothing any more')
  })

  t.test('is in cookies that no script reads and no other site sends along', async t => {
    const { open, set } = watched(server)
    await signInAs(open, await open(authorizeUrl()), 'alice')
    t.ok(set.length > 4)
    for (const cookie of set) {
      t.match(cookie, /; httponly/i, cookie)
      t.match(cookie, /; secure/i, cookie)
      t.match(cookie, /; samesite=lax/i, cookie)
      t.notMatch(cookie, /; domain=/i, 'it stays with this one host')
    }
  })

  t.test('is over after half an hour, and when the account is closed', async t => {
    const { open } = watched(server)
    await signInAs(open, await open(authorizeUrl()), 'alice')
    const { rows } = await server.pool.query(
      "select extract(epoch from max(expires_at) - now())::float8 as left from oidc_payload where model = 'Session'",
    )
    t.ok(rows[0].left > 0 && rows[0].left <= 30 * 60)
    await server.pool.query("update person set state = 'closed' where id = 'alice'")
    t.match((await open(authorizeUrl())).html, '>Sign in</h1>')
    await server.pool.query("update person set state = 'active' where id = 'alice'")
    await server.pool.query(`update oidc_payload set payload = payload || '{"exp": 1}' where model = 'Session'`)
    t.match((await open(authorizeUrl())).html, '>Sign in</h1>')
  })
})
