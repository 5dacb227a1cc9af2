import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs, submit } from '../support/authorization-server.ts'

// A page in an invisible frame is clicked by somebody who sees another one. No page of ours can be in a frame, or run
// what was put into it.

t.test('every page of a sign-in', async t => {
  const server = await authorizationServer(t)
  const seen: { what: string; headers: Headers }[] = []
  const get: typeof fetch = async (input, init) => {
    const response = await server.get(input, init)
    if (response.headers.get('content-type')?.startsWith('text/html')) {
      const { pathname } = new URL(String(input))
      const what = `${init?.method ?? 'GET'} ${pathname.replace(/[\w-]{21,}/g, '…')} ${response.status}`
      seen.push({ what, headers: response.headers })
    }
    return response
  }
  const open = browser(BASE, get)
  const signIn = await open(authorizeUrl())
  await signInAs(open, signIn, 'alice', 'wrong')
  const consent = await signInAs(open, signIn, 'alice')
  await submit(open, consent, 'consent', [['patient', 'bob']])
  await open(authorizeUrl({ client_id: 'nobody' }))
  await open(`${BASE}/oauth2/interaction/unknown`)
  await open(`${BASE}/oauth2/authorize/unknown`)
  const logout = await open(`${BASE}/oauth2/session/end`)
  await open(authorizeUrl({ response_mode: 'form_post', prompt: 'none' }))
  const xsrf = fieldsOf(logout.html).find(({ name }) => name === 'xsrf')?.value ?? ''
  await open(`${BASE}/oauth2/session/end/confirm`, new URLSearchParams({ xsrf, logout: 'yes' }))
  // Nobody is signed in any more: the provider asks nothing and sends its own form.
  await open(`${BASE}/oauth2/session/end`)

  t.test('is among those that were looked at', async t => {
    const kinds = new Set(seen.map(({ what }) => what))
    for (const what of [
      'GET /oauth2/interaction/… 200',
      'POST /oauth2/interaction/…/sign-in 400',
      'POST /oauth2/interaction/…/consent 400',
      'GET /oauth2/authorize 400',
      'GET /oauth2/session/end 200',
      'GET /oauth2/session/end/success 200',
    ])
      t.ok(kinds.has(what), `${what}: ${[...kinds].join(', ')}`)
  })

  t.test('is for no frame, of no other type than it says, and runs no script that is not ours', async t => {
    for (const { what, headers } of seen) {
      t.equal(headers.get('x-frame-options'), 'DENY', what)
      t.equal(headers.get('x-content-type-options'), 'nosniff', what)
      const policy = headers.get('content-security-policy') ?? ''
      t.match(policy, "frame-ancestors 'none'", what)
      t.match(policy, "default-src 'none'", what)
      t.match(policy, "base-uri 'none'", what)
      t.notMatch(policy, /unsafe|\*|https?:|data:/, what)
      t.match(headers.get('cache-control'), 'no-store', what)
    }
  })

  t.test('shows what came from outside as text', async t => {
    const evil = '"><script>alert(1)</script>'
    for (const [title, page] of [
      [
        'a name that was typed',
        await submit(open, await open(authorizeUrl()), 'sign-in', [
          ['name', evil],
          ['password', 'x'],
        ]),
      ],
      ['a client', await open(authorizeUrl({ client_id: evil }))],
      ['a redirect URI', await open(authorizeUrl({ redirect_uri: `https://evil.example/${evil}` }))],
      ['an unknown parameter', await open(authorizeUrl({ login_hint: evil, ui_locales: evil, state: evil }))],
    ] as const)
      t.notMatch(page.html, '<script>alert', title)
  })
})
