import t from 'tap'
import { browser, fieldsOf } from '../../scripts/demo-client.ts'
import { DEMO_PASSWORD } from '../../src/demo-people.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs, submit } from '../support/authorization-server.ts'

// Open redirect: a link to the server leads, after a sign-in or at once, to a page of the attacker's.

const server = await authorizationServer(t)
const ELSEWHERE = [
  'https://evil.example/',
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/account/apps/../../../evil.example',
  'javascript:alert(1)',
  '.evil.example',
  '@evil.example',
  'apps@evil.example',
  'access/../../fhir',
  'apps\r\nlocation: https://evil.example',
]

t.test('the account’s sign-in leads to one of its pages, whatever the link says', async t => {
  for (const to of ELSEWHERE) {
    const open = browser(BASE, server.get)
    for (const name of ['to', 'next', 'returnTo', 'redirect_uri']) {
      const page = await open(`${BASE}/account/sign-in?${new URLSearchParams({ [name]: to })}`)
      t.notMatch(page.html, /evil\.example|javascript:/, `${name}=${to}`)
    }
    const page = await open(`${BASE}/account/sign-in`)
    const csrf = fieldsOf(page.html).find(({ name }) => name === 'csrf')?.value ?? ''
    const form = new URLSearchParams({ csrf, to, name: 'alice', password: DEMO_PASSWORD })
    const end = await open(`${BASE}/account/sign-in`, form)
    t.equal(end.url, `${BASE}/account/apps`, to)
    t.equal((await open(`${BASE}/account/sign-in?${new URLSearchParams({ to })}`)).url, `${BASE}/account/apps`, to)
  }
})

t.test('an address that the app is not registered with gets nobody, before and after the sign-in', async t => {
  for (const redirect_uri of ['https://evil.example/', 'http://127.0.0.1.evil.example/callback', '//evil.example'])
    for (const more of [{}, { prompt: 'none' }, { scope: 'nonsense' }, { response_type: 'token' }]) {
      const page = await browser(BASE, server.get)(authorizeUrl({ redirect_uri, ...more }))
      t.ok(page.url.startsWith(`${BASE}/`), `${redirect_uri} ${JSON.stringify(more)}`)
      t.notMatch(page.html, 'evil.example')
    }
})

t.test('the way back is that of the request, whatever a form of the pages holds', async t => {
  const open = browser(BASE, server.get)
  const page = await open(authorizeUrl())
  const fields: [string, string][] = ['redirect_uri', 'returnTo', 'return_to', 'next', 'to'].map(name => [
    name,
    'https://evil.example/',
  ])
  const consent = await signInAs(open, page, 'alice')
  const end = await submit(open, consent, 'refuse', fields)
  t.match(end.url, /^http:\/\/127\.0\.0\.1:4711\/callback\?error=access_denied/)
})
