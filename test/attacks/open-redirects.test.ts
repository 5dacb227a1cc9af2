import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import { askBy } from '../support/asked.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs, submit } from '../support/authorization-server.ts'

// A link with our name on it must not end at a stranger's page.

const EVIL = ['https://evil.example', '//evil.example', '/\\evil.example', 'https:evil.example', 'javascript:alert(1)']

t.test('no address of ours leads to a site that was not registered', async t => {
  const server = await authorizationServer(t)

  t.test('when a request is wrong', async t => {
    for (const evil of EVIL) {
      for (const changes of [
        { redirect_uri: evil },
        { redirect_uri: evil, client_id: 'nobody' },
        { redirect_uri: evil, response_type: 'none' },
        { redirect_uri: evil, scope: '' },
        { redirect_uri: evil, prompt: 'none' },
        { redirect_uri: evil, request: 'x' },
        { redirect_uri: evil, request_uri: evil },
        { request_uri: evil },
        { target_link_uri: evil, iss: evil },
      ]) {
        const { to } = await askBy(server, authorizeUrl(changes))
        t.ok(to === undefined || to.origin === BASE || to.hostname === '127.0.0.1', JSON.stringify(changes))
        t.notMatch(to?.hostname ?? '', 'evil')
      }
    }
  })

  t.test('by a path or query that looks like one', async t => {
    for (const path of [
      '//evil.example/oauth2/authorize',
      '/oauth2//evil.example',
      '/oauth2/authorize//evil.example',
      '/oauth2/interaction/https:%2F%2Fevil.example',
      '/oauth2/interaction/%2F%2Fevil.example/sign-in',
      '/oauth2/interaction/..%2F..%2F%2Fevil.example/consent',
      '/oauth2/authorize/https:%2F%2Fevil.example',
      '/oauth2/session/end/success?post_logout_redirect_uri=https://evil.example',
      '/oauth2/session/end?post_logout_redirect_uri=https://evil.example',
      '/oauth2/assets/%2F%2Fevil.example',
    ]) {
      const response = await server.get(`${BASE}${path}`, { redirect: 'manual' })
      const location = response.headers.get('location')
      const to = location === null ? undefined : new URL(location, BASE)
      t.ok(to === undefined || to.origin === BASE, `${path} → ${location}`)
    }
  })

  t.test('by a form that is posted', async t => {
    for (const path of ['authorize', 'session/end']) {
      for (const body of [
        '',
        '//evil.example',
        'x=1&redirect_uri=https://evil.example',
        '#https://evil.example',
        '\r\nLocation: https://evil.example',
      ]) {
        const response = await server.get(`${BASE}/oauth2/${path}`, {
          method: 'POST',
          body,
          redirect: 'manual',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        })
        const location = response.headers.get('location')
        t.ok(location === null || new URL(location, BASE).origin === BASE, `${path} ${body} → ${location}`)
        t.notOk(response.headers.get('x-injected'))
      }
    }
  })

  t.test('at the end of a sign-in, whatever the forms hold', async t => {
    const open = browser(BASE, server.get)
    const page = await open(authorizeUrl())
    const extras: [string, string][] = [
      ['redirect_uri', 'https://evil.example'],
      ['returnTo', 'https://evil.example'],
      ['continue', 'https://evil.example'],
    ]
    const consent = await submit(open, page, 'sign-in', [
      ['name', 'alice@example.org'],
      ['password', 'demo-Portico-2026'],
      ...extras,
    ])
    const fields = fieldsOf(consent.html).map(({ name, value }): [string, string] => [name, value])
    const end = await submit(open, consent, 'consent', [...fields.filter(([name]) => name !== 'csrf'), ...extras])
    t.equal(new URL(end.url).hostname, '127.0.0.1')
    const again = browser(BASE, server.get)
    const refused = await submit(again, await signInAs(again, await again(authorizeUrl()), 'alice'), 'refuse', extras)
    t.equal(new URL(refused.url).hostname, '127.0.0.1')
  })
})
