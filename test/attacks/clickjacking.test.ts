import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { signInTo } from '../support/account-pages.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs, submit } from '../support/authorization-server.ts'

// Clickjacking: a page in an invisible frame, so that a click on something else allows an app. Every answer that is HTML, a
// success or an error, is looked at as it leaves.

const server = await authorizationServer(t)
await server.pool.query(
  `insert into reach values ('RelatedPerson/bob-for-alice', 'alice', array['*'], '-infinity', 'infinity', 'Consent/1')`,
)

type Seen = { at: string; headers: Headers }
const seen: Seen[] = []
const watching: typeof fetch = async (input, init) => {
  const response = await server.get(input, init)
  // What a browser follows it does not show.
  const isPage = response.headers.get('content-type')?.startsWith('text/html') === true && response.status !== 303
  if (isPage) seen.push({ at: `${init?.method ?? 'GET'} ${input} ${response.status}`, headers: response.headers })
  return response
}
const fresh = () => browser(BASE, watching)

t.before(async () => {
  const open = fresh()
  const page = await open(authorizeUrl())
  await signInAs(open, page, 'bob', 'wrong')
  const person = await signInAs(open, page, 'bob')
  await submit(open, person, 'person')
  const consent = await submit(open, person, 'person', [['patient', 'alice']])
  await submit(open, consent, 'consent', [['patient', 'alice']])
  await open(authorizeUrl({ client_id: 'nobody' }))
  await open(`${BASE}/oauth2/interaction/gone`)
  await open(`${page.url}/sign-in`, new URLSearchParams())
  await open(`${BASE}/oauth2/session/end?client_id=demo-app`)
  const { open: account } = await signInTo(BASE, watching, 'bob')
  await account(`${BASE}/account/access`)
  await account(`${BASE}/account/signed-out`)
  await account(`${BASE}/account/sign-out`, new URLSearchParams())
})

t.test('no page can be framed', async t => {
  t.ok(seen.length >= 12, `${seen.length} pages`)
  for (const { at, headers } of seen) {
    t.match(headers.get('content-security-policy'), "frame-ancestors 'none'", at)
    t.equal(headers.get('x-frame-options'), 'DENY', at)
  }
})

t.test('no page runs a script, loads anything from outside, is kept, or tells others where one was', async t => {
  for (const { at, headers } of seen) {
    const policy = headers.get('content-security-policy') ?? ''
    t.match(policy, "default-src 'none'", at)
    t.notMatch(policy, /unsafe|script-src|\*/, at)
    t.match(policy, "base-uri 'none'", at)
    t.equal(headers.get('cache-control'), 'no-store', at)
    t.match(headers.get('referrer-policy'), /^(same-origin|no-referrer)$/, at)
    t.equal(headers.get('x-content-type-options'), 'nosniff', at)
  }
})
