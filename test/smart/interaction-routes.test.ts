import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  launch,
  redeem,
  signInAs,
  submit,
} from '../support/authorization-server.ts'

t.test('the pages', async t => {
  const server = await authorizationServer(t)
  const fresh = () => browser(BASE, server.get)

  t.test('cannot be framed, run no script, are not kept, and do not stop the way back to the app', async t => {
    const response = await server.get(authorizeUrl(), { redirect: 'manual' })
    const cookies = response.headers.getSetCookie()
    for (const cookie of cookies) {
      t.match(cookie, /; secure/i)
      t.match(cookie, /; httponly/i)
      t.match(cookie, /; samesite=lax/i)
    }
    const page = await server.get(`${BASE}${response.headers.get('location')}`, {
      headers: { cookie: cookies.map(each => each.split(';')[0]).join('; ') },
    })
    t.equal(page.status, 200)
    const policy = page.headers.get('content-security-policy') ?? ''
    t.match(policy, "default-src 'none'")
    t.match(policy, "frame-ancestors 'none'")
    t.notMatch(policy, /form-action|unsafe|script/)
    t.equal(page.headers.get('x-frame-options'), 'DENY')
    t.equal(page.headers.get('cache-control'), 'no-store')
    t.equal(page.headers.get('referrer-policy'), 'same-origin')
    const html = await page.text()
    t.notMatch(html, /<script|style=|https?:\/\/|NHS/, 'nothing inline, nothing from outside, no brand of others')
  })

  t.test('have a style sheet and icons of our own address only', async t => {
    const css = await server.get(`${BASE}/oauth2/assets/style.css`)
    t.match(css.headers.get('content-type'), 'text/css')
    const text = await css.text()
    t.notMatch(text, /@font-face|Frutiger|assets\.nhs\.uk/)
    for (const [, path] of text.matchAll(/url\((\/[^)]*)\)/g)) {
      t.equal((await server.get(`${BASE}${path}`)).status, 200, String(path))
    }
    t.equal((await server.get(`${BASE}/oauth2/assets/icon.svg`)).status, 200)
    t.equal((await server.get(`${BASE}/oauth2/assets/images/..%2f..%2f..%2fpackage.json`)).status, 404)
  })

  t.test('say the same for a wrong password and for nobody', async t => {
    const open = fresh()
    const page = await open(authorizeUrl())
    const wrong = await signInAs(open, page, 'alice', 'wrong')
    const nobody = await signInAs(open, page, 'nobody', 'wrong')
    t.equal(wrong.status, 400)
    t.equal(wrong.html, nobody.html.replaceAll('nobody@', 'alice@'))
    t.notMatch(wrong.html, 'value="wrong"', 'the password is not sent back')
  })

  t.test('show what was typed as text', async t => {
    const open = fresh()
    const page = await open(authorizeUrl())
    const { html } = await submit(open, page, 'sign-in', [['name', '"><script>alert(1)</script>']])
    t.notMatch(html, '<script')
  })

  t.test('take no form but their own', async t => {
    const open = fresh()
    const page = await open(authorizeUrl())
    for (const action of ['sign-in', 'consent', 'refuse', 'switch']) {
      const { status } = await open(`${page.url}/${action}`, new URLSearchParams({ name: 'alice@example.org' }))
      t.equal(status, 403, `${action} without its token`)
    }
    const other = await fresh()(authorizeUrl())
    const stolen = fieldsOf(other.html).find(({ name }) => name === 'csrf')?.value ?? ''
    t.equal((await open(`${page.url}/refuse`, new URLSearchParams({ csrf: stolen }))).status, 403, "another page's")
  })

  t.test('are for the browser that was sent to them, each by its own address', async t => {
    const response = await server.get(authorizeUrl(), { redirect: 'manual' })
    const cookie = response.headers.getSetCookie().map(each => each.split(';')[0])
    const other = await server.get(authorizeUrl(), { redirect: 'manual' })
    const visit = (path: string | null) =>
      server.get(`${BASE}${path}`, { headers: { cookie: cookie.join('; ') } }).then(({ status }) => status)
    t.equal(await visit(response.headers.get('location')), 200)
    t.equal(await visit(other.headers.get('location')), 400)
  })

  t.test('take no form that a page of another origin sent', async t => {
    const open = browser(BASE, (input, init) =>
      server.get(input, { ...init, headers: { ...init?.headers, origin: 'https://evil.example' } }),
    )
    const page = await open(authorizeUrl())
    t.equal((await signInAs(open, page, 'alice')).status, 403)
  })

  t.test('do not consent for somebody who has not signed in', async t => {
    const open = fresh()
    const page = await open(authorizeUrl())
    const end = await submit(open, page, 'consent', [['scope', 'patient/*.rs']])
    t.match(end.html, 'Sign in')
    const known = await open(authorizeUrl({ scope: 'openid fhirUser' }))
    const told = await submit(open, known, 'consent', [['scope', 'fhirUser']])
    t.match(told, { url: new RegExp(`^${BASE}`), html: 'Sign in' }, 'not who she is, either')
    t.equal((await server.pool.query("select from oidc_payload where model = 'Grant'")).rows.length, 0)
  })

  t.test('send a refusal to the app, with its state', async t => {
    const open = fresh()
    for (const page of [await open(authorizeUrl()), await signInAs(open, await open(authorizeUrl()), 'alice')]) {
      const { searchParams } = new URL((await submit(open, page, 'refuse')).url)
      t.equal(searchParams.get('error'), 'access_denied')
      t.equal(searchParams.get('state'), 'the state/+=& of the app')
      t.equal(searchParams.get('iss'), `${BASE}/oauth2`)
      t.equal(searchParams.get('code'), null)
    }
  })

  t.test('ask for consent each time, without a password while signed in, and let somebody else sign in', async t => {
    const open = fresh()
    await signInAs(open, await open(authorizeUrl()), 'alice')
    const again = await open(authorizeUrl())
    t.match(again.html, 'You are signed in as <strong>Alice Archer</strong>')
    const signIn = await submit(open, again, 'switch')
    t.match(signIn.html, '<h1 class="nhsuk-heading-l">Sign in</h1>')
    const dev = await signInAs(open, signIn, 'dev')
    t.match(dev.html, 'You are signed in as <strong>Dev Desai</strong>')
    t.match((await open(authorizeUrl({ prompt: 'none' }))).url, /error=(interaction|consent)_required/)
  })

  t.test('let another person sign in over the one who is signed in, when the app insists on a sign-in', async t => {
    const open = fresh()
    await signInAs(open, await open(authorizeUrl()), 'alice')
    const bridge = await signInAs(open, await open(authorizeUrl({ prompt: 'login' })), 'dev')
    const form = fieldsOf(bridge.html).map(({ name, value }): [string, string] => [name, value])
    const consent = await open(`${BASE}/oauth2/session/end/confirm`, new URLSearchParams(form))
    t.match(consent.html, 'You are signed in as <strong>Dev Desai</strong>')
  })

  t.test('insist on a tick when the app asked for some of the record', async t => {
    const scope = 'openid launch/patient patient/Patient.rs'
    const { end } = await launch(server, { changes: { scope }, untick: ['patient/Patient.rs'] })
    t.equal(end.status, 400)
    t.match(end.html, 'Tick at least one part of the record')
  })

  t.test('grant nothing that was not asked for, whatever the form holds', async t => {
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl({ scope: 'launch/patient patient/Patient.rs' })), 'alice')
    const end = await submit(open, page, 'consent', [
      ['patient', 'alice'],
      ['scope', 'patient/Patient.rs'],
      ['scope', 'patient/*.rs'],
      ['scope', 'offline_access'],
    ])
    const { body } = await redeem(server, new URL(end.url).searchParams.get('code') ?? '')
    t.equal(body.scope, 'launch/patient patient/Patient.rs')
    t.notOk(body.refresh_token)
  })

  t.test('say so when there is no record to open', async t => {
    await server.pool.query("delete from person_actor where person = 'george'")
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl()), 'george')
    t.match(page.html, 'There is no record that you can open')
    const { searchParams } = new URL((await submit(open, page, 'refuse')).url)
    t.equal(searchParams.get('error'), 'access_denied')
  })

  t.test('need no record when the app only wants to know who it is', async t => {
    const { answer } = await launch(server, { changes: { scope: 'openid fhirUser' } })
    const { body } = await redeem(server, answer.searchParams.get('code') ?? '')
    t.equal(body.scope, 'openid fhirUser')
    t.notOk('patient' in body)
  })
})

t.test('no credential can be read in the database', async t => {
  const server = await authorizationServer(t)
  const { answer } = await launch(server)
  const code = answer.searchParams.get('code') ?? ''
  const { body } = await redeem(server, code)
  const { rows: tables } = await server.pool.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public'",
  )
  const dump: string[] = []
  for (const { name } of tables) {
    const { rows } = await server.pool.query(`select * from "${name}"`)
    dump.push(
      JSON.stringify(rows, (_key, value) => (value?.type === 'Buffer' ? Buffer.from(value).toString('latin1') : value)),
    )
  }
  const text = dump.join('\n')
  t.match(text, 'alice@example.org', 'it is the database that was looked at')
  for (const [name, credential] of Object.entries({
    ...body,
    code,
    secret: server.secret,
    password: 'demo-Portico-2026',
  })) {
    if (!['access_token', 'refresh_token', 'code', 'secret', 'password', 'id_token'].includes(name)) continue
    t.notOk(text.includes(String(credential)), name)
  }
})
