import t from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { signInTo } from '../support/account-pages.ts'
import { authorizationServer, authorizeUrl, BASE, signInAs } from '../support/authorization-server.ts'

// A cookie that a script can read, that travels in the clear, that a foreign page's request carries, or that a neighbour of the
// domain can set.

const server = await authorizationServer(t)
const cookies: { at: string; line: string }[] = []
const watching: typeof fetch = async (input, init) => {
  const response = await server.get(input, init)
  for (const line of response.headers.getSetCookie()) cookies.push({ at: String(input), line })
  return response
}

t.before(async () => {
  const open = browser(BASE, watching)
  await signInAs(open, await open(authorizeUrl()), 'alice')
  const { open: account, page } = await signInTo(BASE, watching, 'alice')
  const csrf = /name="csrf" value="([^"]*)"/.exec(page.html)?.[1] ?? ''
  await account(`${BASE}/account/sign-out`, new URLSearchParams({ csrf }))
})

t.test('every cookie is for this server, for no script, and for no request of a foreign page', async t => {
  t.ok(cookies.length >= 5, `${cookies.length} cookies`)
  for (const { at, line } of cookies) {
    t.match(line, /; secure/i, `${at}: ${line}`)
    t.match(line, /; httponly/i, `${at}: ${line}`)
    t.match(line, /; samesite=(lax|strict)/i, `${at}: ${line}`)
    t.notMatch(line, /; domain=/i, `${at}: ${line}`)
  }
})

t.test('the account’s cookie cannot be set by a neighbour of the domain', async t => {
  const own = cookies.filter(({ at }) => at.includes('/account/'))
  t.ok(own.length >= 3)
  for (const { line } of own) t.match(line, /^__Host-portico=[\w-]*; Path=\/;/)
})

t.test('no cookie outlives the browser, and that of who signs out is taken', async t => {
  const own = cookies.filter(({ at }) => at.includes('/account/'))
  for (const { line } of own.slice(0, -1)) t.notMatch(line, /expires|max-age/i)
  t.match(own.at(-1)?.line, /^__Host-portico=;.*; Max-Age=0/)
})

t.test('a server without https, for trying things out, has cookies that its browser sends back', async t => {
  const response = await fetch(`${server.address}/account/sign-in`)
  t.match(response.headers.getSetCookie()[0], '__Host-portico', 'it is the configuration that counts, not the request')
})
