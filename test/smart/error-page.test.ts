import { errors } from 'oidc-provider'
import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { errorPage } from '../../src/smart/error-page.ts'
import { authorizationServer, authorizeUrl, BASE } from '../support/authorization-server.ts'

const brand = { service: 'Portico', logo: undefined }

t.test('an error says what to do, to the person and to the maker of the app, and no more', async t => {
  const server = await authorizationServer(t)
  const open = browser(BASE, server.get)
  const cases: [string, string, string][] = [
    [authorizeUrl({ client_id: 'nobody' }), 'The app could not be connected', 'Is client_id the one'],
    [authorizeUrl({ redirect_uri: 'https://evil.example/' }), 'The app could not be connected', 'Is redirect_uri one'],
    [`${BASE}/oauth2/interaction/gone`, 'This page has expired', 'The browser has to send our cookies back'],
  ]
  for (const [url, title, hint] of cases) {
    const { html, status } = await open(url)
    t.ok(status >= 400 && status < 500, url)
    t.match(html, title)
    t.match(html, hint)
    t.match(html, /Reference: <code>[\w-]+<\/code>/)
    t.notMatch(html, /evil\.example|nobody|at .*\(|node_modules/, 'nothing of the request, nothing of the program')
  }
})

t.test('a client that was switched off is not told from one that never was', async t => {
  const server = await authorizationServer(t)
  const pageOf = async (client_id: string) => {
    const { html } = await browser(BASE, server.get)(authorizeUrl({ client_id }))
    return html.replace(/Reference: <code>.*?<\/code>/, '')
  }
  await server.pool.query("update client set state = 'disabled' where client_id = 'demo-confidential'")
  t.equal(await pageOf('demo-confidential'), await pageOf('never-was'))
})

t.test('what is our fault is said to be', async t => {
  const html = errorPage(new Error('secret detail'), { error: 'server_error' }, 'ref-1', brand)
  t.match(html, 'This is our fault, not yours')
  t.match(html, 'ref-1')
  t.notMatch(html, 'secret detail')
})

t.test('a form of somebody else’s making is no fault of the app', async t => {
  const error = new errors.InvalidRequest('the form was not sent by the page of this sign-in', 403)
  t.match(errorPage(error, error, 'r', brand), 'did not come from the page that we showed you')
})
