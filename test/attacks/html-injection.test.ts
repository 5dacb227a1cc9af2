import t from 'tap'
import { browser, choosePerson } from '../../scripts/demo-client.ts'
import { faultsOf } from '../../src/smart/administration/description.ts'
import { saveClient } from '../../src/store/clients.ts'
import { signInTo } from '../support/account-pages.ts'
import {
  authorizationServer,
  authorizeUrl,
  BASE,
  launchAndRedeem,
  signInAs,
  submit,
} from '../support/authorization-server.ts'

// HTML in whatever others have a say in: the names of apps, of their makers, of patients and people, of the hospital, what was
// typed, what a request says. Each is text on every page.

const evil = (mark: string): string => `${mark}"'><img src=x onerror=alert(1)>{{ 7 * 7 }}<script>${mark}()</script>`
const MARKS = [
  'app',
  'maker',
  'patient',
  'person',
  'service',
  'organisation',
  'contact',
  'typed',
  'request',
  'engine',
] as const
const brand = { service: evil('service'), organisation: evil('organisation'), contact: evil('contact') }
const server = await authorizationServer(t, {
  brand,
  nameOf: async ids => new Map(ids.map(id => [id, evil('patient')])),
})

await server.pool.query('update person set name = $1', [evil('person')])
await saveClient(server.pool, {
  clientId: 'evil-app',
  name: evil('app'),
  kind: 'public',
  metadata: {
    application_type: 'native',
    redirect_uris: ['http://127.0.0.1/callback'],
    maker: evil('maker'),
    logo_uri: 'https://evil.example/logo.svg',
  },
  scopes: 'openid fhirUser launch/patient offline_access patient/*.cruds',
  secret: undefined,
})
await server.pool.query('update client set name = $1 where client_id = $2', [evil('engine'), 'demo-engine'])
await server.pool.query(
  `insert into reach values ('RelatedPerson/bob-for-alice', 'alice', array['*'], '-infinity', 'infinity', 'Consent/1')`,
)
await server.pool.query(`insert into record_access values
  ('alice', date_trunc('hour', now()), 'engine', 'e', 'demo-engine', 'looked', 'Observation', '-infinity', 7, now(), now())`)

const pages: string[] = []
const watching: typeof fetch = async (input, init) => {
  const response = await server.get(input, init)
  if (response.headers.get('content-type')?.startsWith('text/html')) pages.push(await response.clone().text())
  return response
}

t.before(async () => {
  const changes = { client_id: 'evil-app', scope: 'openid fhirUser launch/patient offline_access patient/*.rs' }
  const open = browser(BASE, watching)
  const page = await open(authorizeUrl(changes))
  await submit(open, page, 'sign-in', [['name', evil('typed')]])
  const person = await signInAs(open, page, 'bob')
  const consent = await choosePerson(open, person, 'alice')
  await submit(open, consent, 'consent', [['patient', 'alice']])
  await open(authorizeUrl({ client_id: evil('request') }))
  await open(authorizeUrl({ redirect_uri: `https://evil.example/${evil('request')}` }))
  await open(`${BASE}/oauth2/interaction/${encodeURIComponent(evil('request'))}`)
  await launchAndRedeem(server, { who: 'bob', patient: 'alice', changes }).catch(() => undefined)
  const account = await signInTo(BASE, watching, 'bob')
  const list = await account.open(`${BASE}/account/access`)
  const [, path = ''] = /href="([^"]*\?of=[0-9a-f]+)"/.exec(list.html) ?? []
  await account.open(`${BASE}${path}`)
  await account.open(`${BASE}/account/sign-in?to=${encodeURIComponent(evil('request'))}`)
})

t.test('on no page is any of it more than text', async t => {
  t.ok(pages.length >= 10, `${pages.length} pages`)
  for (const html of pages) {
    t.notMatch(html, /<img src=x|<script|onerror=alert\(1\)>/, html.slice(0, 300))
    t.notMatch(html, /7 \* 7 \}\}<(?!\/)/, 'nor is it a template')
    t.notMatch(html, />49</)
  }
})

t.test('and each of it was there to be seen', async t => {
  const all = pages.join('\n')
  for (const mark of MARKS.filter(each => each !== 'request' && each !== 'engine'))
    t.match(all, `${mark}&quot;&#39;&gt;&lt;img src=x onerror=alert(1)&gt;`, mark)
  t.match(all, 'engine&quot;')
  t.notMatch(all, 'request&quot;', 'what a request says is on no page at all')
})

t.test('no page loads a picture that an app names', async t => {
  for (const html of pages) t.notMatch(html, 'evil.example')
})

t.test('an administrator registers no name that hides characters, and no address of a script', async t => {
  const app = { client_name: 'A', kind: 'public', scope: 'patient/*.rs', redirect_uris: ['https://a.example/'] }
  t.same(faultsOf(app, []), [])
  for (const name of ['a\u202egnp.exe', 'a\u0000', 'a\nb'])
    t.ok(faultsOf({ ...app, client_name: name }, []).length > 0, name)
  t.ok(faultsOf({ ...app, redirect_uris: ['javascript:alert(1)'] }, []).length > 0)
  t.ok(
    faultsOf({ ...app, logo_uri: 'https://a.example/logo.svg' }, []).length > 0,
    'no logo is shown, so none is taken',
  )
})
