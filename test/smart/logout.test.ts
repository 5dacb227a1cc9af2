import t from 'tap'
import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { signInTo } from '../support/account-pages.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  redeem,
  signInAs,
  submit,
  token,
} from '../support/authorization-server.ts'
import { auditLines } from '../support/stored.ts'
import { verifies } from '../support/verifies.ts'

t.test('signing out', async t => {
  const server = await authorizationServer(t)
  const back = 'http://127.0.0.1/signed-out'
  await server.pool.query(
    `update client set metadata = metadata || '{"post_logout_redirect_uris": ["${back}"]}' where client_id = 'demo-app'`,
  )
  const end = (params: Record<string, string> = {}) => `${BASE}/oauth2/session/end?${new URLSearchParams(params)}`
  const confirm = (open: ReturnType<typeof browser>, page: Visited, more: [string, string][]) => {
    const xsrf = fieldsOf(page.html).find(({ name }) => name === 'xsrf')?.value ?? ''
    return open(`${BASE}/oauth2/session/end/confirm`, new URLSearchParams([['xsrf', xsrf], ...more]))
  }
  const yes: [string, string][] = [['logout', 'yes']]
  async function signedIn(scope = 'openid online_access patient/Patient.rs') {
    const open = browser(BASE, server.get)
    const consent = await signInAs(open, await open(authorizeUrl({ scope })), 'alice')
    const ticks = fieldsOf(consent.html).filter(({ name }) => name === 'scope')
    const fields = ticks.map(({ value }): [string, string] => ['scope', value])
    const { url } = await submit(open, consent, 'consent', [['patient', 'alice'], ...fields])
    const { body } = await redeem(server, new URL(url).searchParams.get('code') ?? '')
    const isSignedIn = async () => (await open(authorizeUrl())).html.includes('You are signed in')
    const refresh = async () => {
      const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
      const next = await token(server, form)
      if (next.status === 200) body.refresh_token = next.body.refresh_token
      return next.status
    }
    return { open, body, isSignedIn, refresh }
  }

  t.test('is asked for by the app, agreed to by the person, and leads back to the app', async t => {
    verifies('smart-2.2', 'SAL-1026')
    const { open, body, isSignedIn, refresh } = await signedIn()
    const elsewhere = await signedIn()
    t.equal(await refresh(), 200)
    const page = await open(end({ id_token_hint: body.id_token, post_logout_redirect_uri: back, state: 's&1' }))
    t.match(page.html, 'Demo app</strong> asks you to sign out')
    t.ok(await isSignedIn(), 'nothing has happened yet')
    const again = await open(end({ id_token_hint: body.id_token, post_logout_redirect_uri: back, state: 's&1' }))
    t.equal((await confirm(open, again, yes)).url, `${back}?state=s%261`)
    t.notOk(await isSignedIn())
    t.equal(await refresh(), 400, 'access while online is over')
    t.equal(await elsewhere.refresh(), 200, 'and not that of another browser, where she is signed in')
  })

  t.test(
    'ends every access that was granted for while the person is signed in, and the access tokens with it',
    async t => {
      verifies('smart-2.2', 'SAL-100', 'SAL-366', 'SAL-1029')
      const { open, body, refresh } = await signedIn()
      const revocations = async () => (await auditLines(server.pool)).filter(line => line[2] === 'revoke')
      const before = (await revocations()).length
      const again = async (scope: string) => {
        const consent = await open(authorizeUrl({ scope }))
        const ticks = fieldsOf(consent.html).filter(({ name }) => name === 'scope')
        const fields = ticks.map(({ value }): [string, string] => ['scope', value])
        const { url } = await submit(open, consent, 'consent', [['patient', 'alice'], ...fields])
        return (await redeem(server, new URL(url).searchParams.get('code') ?? '')).body
      }
      const away = await again('offline_access patient/Patient.rs')
      const second = await again('online_access patient/Patient.rs')
      const without = await again('patient/Patient.rs')
      const isActive = async (text: string) => {
        const form = new URLSearchParams({ token: text, client_id: 'demo-app' })
        const answer = await server.get(`${BASE}/oauth2/introspect`, { method: 'POST', body: form })
        return ((await answer.json()) as { active: boolean }).active
      }
      const all = [body, away, second, without].map(({ access_token }) => access_token)
      t.same(await Promise.all(all.map(isActive)), [true, true, true, true])
      await confirm(open, await open(end()), yes)
      t.same(await Promise.all(all.map(isActive)), [false, true, false, false])
      t.equal(await refresh(), 400)
      const lines = (await revocations()).slice(before)
      t.equal(lines.length, 3, 'each on record, once')
      for (const line of lines) t.match(line.at(-1), { why: 'signed out' })
    },
  )

  t.test('ends the sign-in to the account’s pages in the same browser, and no other', async t => {
    verifies('smart-2.2', 'SAL-1026', 'SAL-1029')
    const { open, page } = await signInTo(BASE, server.get, 'alice')
    const elsewhere = await signInTo(BASE, server.get, 'alice')
    await signInAs(open, await open(authorizeUrl()), 'alice')
    t.match(page.html, 'You are signed in as')
    await confirm(open, await open(end()), [])
    t.match((await open(`${BASE}/account/apps`)).html, 'You are signed in as', 'who stays signed in stays so there too')
    await confirm(open, await open(end()), yes)
    t.match((await open(`${BASE}/account/apps`)).html, 'Sign in to see which apps you have allowed')
    t.match((await elsewhere.open(`${BASE}/account/apps`)).html, 'You are signed in as')
  })

  t.test('an access token for while she is signed in ends with the sign-in, if that ends by itself', async t => {
    verifies('smart-2.2', 'SAL-100')
    const { body, refresh } = await signedIn('online_access patient/Patient.rs')
    t.equal(body.expires_in, 900)
    const session = `update oidc_payload set payload = jsonb_set(payload, '{exp}',
      to_jsonb(floor(extract(epoch from now())) + $1::int)) where model = 'Session' and account_id = 'alice'`
    await server.pool.query(session, [60])
    const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: 'demo-app' }
    const next = await token(server, form)
    t.ok(Number(next.body.expires_in) <= 60 && Number(next.body.expires_in) > 30, String(next.body.expires_in))
    body.refresh_token = next.body.refresh_token
    await server.pool.query(session, [-60])
    t.equal(await refresh(), 400)
  })

  t.test('is told of where no app takes the person back, and leaves access while she is away alone', async t => {
    const { open, isSignedIn, refresh } = await signedIn('offline_access patient/Patient.rs')
    const done = await confirm(open, await open(end()), yes)
    t.match(done.html, 'You are signed out')
    t.notOk(await isSignedIn())
    t.equal(await refresh(), 200)
  })

  t.test('does not happen when the person does not want to', async t => {
    const { open, isSignedIn, refresh } = await signedIn()
    const stayed = await confirm(open, await open(end({ client_id: 'demo-app' })), [])
    t.match(stayed.html, 'You are still signed in')
    t.ok(await isSignedIn())
    t.equal(await refresh(), 200)
  })

  t.test('does not happen by a form of another site, and leads to no address that is not registered', async t => {
    verifies('smart-2.2', 'SAL-1026')
    const { open, body, isSignedIn } = await signedIn()
    await open(end())
    const forged = await open(`${BASE}/oauth2/session/end/confirm`, new URLSearchParams({ logout: 'yes', xsrf: 'x' }))
    t.equal(forged.status, 400)
    t.ok(await isSignedIn())
    const evil = 'https://evil.example/'
    for (const more of [{ id_token_hint: body.id_token }, { client_id: 'demo-app' }]) {
      const { status, url } = await open(end({ ...more, post_logout_redirect_uri: evil }))
      t.match({ status, url }, { status: 400, url: new RegExp(`^${BASE}`) })
    }
    const nobody = await confirm(open, await open(end({ post_logout_redirect_uri: evil })), yes)
    t.match(nobody, { status: 200, html: 'You are signed out' }, 'who does not say who it is sends nobody anywhere')
  })

  t.test('is asked on a page that cannot be framed, by GET or a form', async t => {
    const { open } = await signedIn()
    const page = await open(end({ client_id: 'demo-app' }))
    t.equal(page.status, 200)
    t.match(
      (await open(`${BASE}/oauth2/session/end`, new URLSearchParams({ client_id: 'demo-app' }))).html,
      'sign out?',
    )
    const { headers } = await server.get(end())
    t.equal(headers.get('x-frame-options'), 'DENY')
    t.match(headers.get('content-security-policy'), "frame-ancestors 'none'")
  })
})
