import t from 'tap'
import { browser, fieldsOf, type Visited } from '../../scripts/demo-client.ts'
import { csrfToken } from '../../src/smart/forms.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  launch,
  redeem,
  signInAs,
  submit,
} from '../support/authorization-server.ts'

// Another site can make a browser send forms here. None of them may sign anybody in, consent for her, or sign her out.

t.test('a form that our own page did not send', async t => {
  const server = await authorizationServer(t)
  const fresh = (headers: Record<string, string> = {}) =>
    browser(BASE, (input, init) => server.get(input, { ...init, headers: { ...init?.headers, ...headers } }))
  const csrfOf = ({ html }: Visited) => fieldsOf(html).find(({ name }) => name === 'csrf')?.value ?? ''
  const grants = async () => (await server.pool.query("select from oidc_payload where model = 'Grant'")).rows.length
  const sessions = async () =>
    (await server.pool.query("select from oidc_payload where model = 'Session' and payload ? 'accountId'")).rows.length
  const password: [string, string][] = [
    ['name', 'alice@example.org'],
    ['password', 'demo-Portico-2026'],
  ]
  const ticks: [string, string][] = [
    ['patient', 'alice'],
    ['scope', 'patient/*.rs'],
  ]

  t.test('signs nobody in: without the token, with a made-up one, or with that of another sign-in', async t => {
    const before = await sessions()
    const other = await fresh()(authorizeUrl())
    const open = fresh()
    const page = await open(authorizeUrl())
    const uid = page.url.split('/').at(-1) ?? ''
    t.equal(csrfOf(page), csrfToken({ baseUrl: BASE, secret: server.keySecret }, uid), 'made with the server’s secret')
    for (const csrf of [
      undefined,
      '',
      'x',
      csrfOf(other),
      `${csrfOf(page)}x`,
      csrfOf(page).slice(1),
      csrfOf(page).toUpperCase(),
      ...['', 'the secret of another server'].map(secret => csrfToken({ baseUrl: BASE, secret }, uid)),
    ]) {
      const form = new URLSearchParams(password)
      if (csrf !== undefined) form.set('csrf', csrf)
      const { status, html } = await open(`${page.url}/sign-in`, form)
      t.equal(status, 403, String(csrf))
      t.notMatch(html, 'You are signed in')
    }
    t.equal(await sessions(), before)
    t.match((await submit(open, page, 'sign-in', password)).html, 'You are signed in', 'the page’s own form does')
  })

  t.test('signs nobody in to the account of an attacker, who has a page of his own', async t => {
    const attacker = await fresh()(authorizeUrl())
    const victim = fresh()
    await victim(authorizeUrl())
    const before = await sessions()
    const form = new URLSearchParams([['csrf', csrfOf(attacker)], ...password])
    const { status } = await victim(`${attacker.url}/sign-in`, form)
    t.equal(status, 400, 'the page belongs to another browser')
    t.equal(await sessions(), before)
  })

  t.test('does nothing when the browser says that another site sent it', async t => {
    for (const origin of [
      'https://evil.example',
      'null',
      `${BASE}.evil.example`,
      BASE.replace('https', 'http'),
      `${BASE}:8443`,
    ]) {
      const open = fresh({ origin })
      const page = await open(authorizeUrl())
      t.equal((await submit(open, page, 'sign-in', password)).status, 403, origin)
    }
    const own = fresh({ origin: BASE })
    t.match((await submit(own, await own(authorizeUrl()), 'sign-in', password)).html, 'You are signed in')
  })

  t.test('consents for nobody', async t => {
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl()), 'alice')
    const before = await grants()
    for (const csrf of [undefined, '', 'x', csrfOf(await fresh()(authorizeUrl()))]) {
      const form = new URLSearchParams(ticks)
      if (csrf !== undefined) form.set('csrf', csrf)
      const { status, url } = await open(`${page.url.replace(/(\/interaction\/[^/]+).*/, '$1')}/consent`, form)
      t.equal(status, 403, String(csrf))
      t.notMatch(url, 'code=')
    }
    t.equal(await grants(), before)
  })

  t.test('refuses and switches for nobody', async t => {
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl()), 'alice')
    const base = page.url.replace(/(\/interaction\/[^/]+).*/, '$1')
    for (const action of ['refuse', 'switch'])
      t.equal((await open(`${base}/${action}`, new URLSearchParams({ csrf: 'x' }))).status, 403, action)
    t.match((await open(base)).html, 'You are signed in', 'she still is')
  })

  t.test('is not replaced by a link: nothing changes by GET', async t => {
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl()), 'alice')
    const base = page.url.replace(/(\/interaction\/[^/]+).*/, '$1')
    const before = await grants()
    for (const action of ['consent', 'sign-in', 'refuse', 'switch']) {
      const { html } = await open(`${base}/${action}?${new URLSearchParams([['csrf', csrfOf(page)], ...ticks])}`)
      t.match(html, 'You are signed in', action)
    }
    t.equal(await grants(), before)
  })

  t.test('gives no more than the app asked for, and no record that is not offered', async t => {
    const scope = 'launch/patient patient/Patient.rs'
    const { end } = await launch(server, { who: 'alice', patient: 'bob', changes: { scope } })
    t.notMatch(end.url, 'code=')
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl({ scope })), 'alice')
    const fields = fieldsOf(page.html).map(({ name, value }): [string, string] => [name, value])
    const more: [string, string][] = [
      ['scope', 'patient/*.cruds'],
      ['scope', 'offline_access'],
      ['scope', 'system/*.*'],
      ['accountId', 'bob'],
      ['grantId', 'x'],
    ]
    const { url } = await submit(open, page, 'consent', [...fields.filter(([name]) => name !== 'csrf'), ...more])
    const { body } = await redeem(server, new URL(url).searchParams.get('code') ?? '')
    t.match(body, { scope, patient: 'alice', refresh_token: undefined })
  })

  t.test('is not believed twice: a consent that was given is not given again by "back"', async t => {
    const open = fresh()
    const page = await signInAs(open, await open(authorizeUrl()), 'alice')
    const fields = fieldsOf(page.html).map(({ name, value }): [string, string] => [name, value])
    const form = new URLSearchParams(fields)
    const url = `${page.url.replace(/(\/interaction\/[^/]+).*/, '$1')}/consent`
    t.match((await open(url, form)).url, 'code=')
    const again = await open(url, form)
    t.notMatch(again.url, 'code=')
    t.match(again.html, 'This page has expired')
  })
})
