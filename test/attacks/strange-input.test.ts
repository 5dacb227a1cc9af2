// Whatever is sent to the authorization server and the account's pages, nothing of it is answered with 500, and nothing of it
// becomes SQL.
import fc from 'fast-check'
import pg from 'pg'
import t, { type Test } from 'tap'
import { browser } from '../../scripts/demo-client.ts'
import { storedSecret } from '../../src/smart/clients.ts'
import { saveClient } from '../../src/store/clients.ts'
import { demoServer } from '../support/demo.ts'
import { hostile, MARK } from '../support/hostile.ts'
import { rawRequest } from '../support/raw-request.ts'
import { GOOD, type Strange, strangeRequests } from '../support/strange-requests.ts'
import { verifies } from '../support/verifies.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 120)
const SEED = Number(process.env.FUZZ_SEED ?? 11)

const s = await demoServer(t, { records: false })
const SECRET = 'a-secret-of-no-other-client'
const SCOPES = '__launch __introspect __clients system/*.cruds'
await saveClient(s.pool, {
  clientId: 'strange',
  name: 'Strange',
  kind: 'backend',
  metadata: { token_endpoint_auth_method: 'client_secret_basic' },
  scopes: SCOPES,
  secret: storedSecret(SECRET),
})
const basic = `Basic ${btoa(`strange:${SECRET}`)}`
const tokenForm = new URLSearchParams({ grant_type: 'client_credentials', scope: SCOPES })
const issued = await fetch(`${s.baseUrl}/oauth2/token`, {
  method: 'POST',
  body: tokenForm,
  headers: { authorization: basic },
})
const { access_token: bearer } = (await issued.json()) as { access_token: string }

const statements = new Set<string>()
const { query } = pg.Client.prototype
pg.Client.prototype.query = function record(this: pg.Client, ...args: unknown[]) {
  const [first] = args as [string | { text?: string }]
  const text = typeof first === 'string' ? first : first?.text
  if (text?.includes(MARK)) statements.add(text)
  return (query as (...all: unknown[]) => unknown).apply(this, args)
} as typeof query
t.teardown(() => {
  pg.Client.prototype.query = query
})

const sent = strangeRequests({ baseUrl: s.baseUrl, basic, bearer })

const said: Record<string, number> = {}

async function faultOf({
  method,
  path,
  query,
  body,
  type,
  authorization,
  cookie,
  origin,
}: Strange): Promise<string | undefined> {
  const given = { 'content-type': type, authorization, cookie, origin }
  const headers = Object.fromEntries(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
  const isBodied = ['POST', 'PUT', 'PATCH'].includes(method)
  const at = `${path}${query && `?${query}`}`.replaceAll(/[^\x21-\x7e]/g, '')
  const reply = await rawRequest(s, at, { method, headers, ...(isBodied ? { body } : {}) })
  said[reply.status] = (said[reply.status] ?? 0) + 1
  if (reply.status < 500) return undefined
  return `${reply.status} ${method} ${at} ${JSON.stringify(headers)} ${body.slice(0, 2000)}\n${reply.text.slice(0, 300)}`
}

async function tryAll(t: Test, requests: fc.Arbitrary<Strange>): Promise<void> {
  const found = await fc.check(
    fc.asyncProperty(fc.array(requests, { minLength: 6, maxLength: 6 }), async list => {
      const [fault] = (await Promise.all(list.map(faultOf))).filter(each => each !== undefined)
      if (fault !== undefined) throw new Error(fault)
      if (statements.size > 0) throw new Error(`what was sent became SQL: ${[...statements][0]}`)
    }),
    { numRuns: RUNS, seed: SEED },
  )
  t.notOk(found.failed, String(found.errorInstance))
}

t.test('no request is answered with 500, or becomes SQL', async t => {
  verifies('smart-2.2', 'SAL-251')
  await tryAll(t, sent)
  const kinds = Object.keys(said)
  for (const status of ['200', '303', '400', '401', '404', '405']) t.ok(kinds.includes(status), `some were ${status}`)
})

t.test('no JSON is, however deep it is and of whatever types', async t => {
  const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
  const described = { client_name: 'x', kind: 'public', redirect_uris: ['https://app.example/callback'] }
  const scopes = [{ toString: 1 }, ['__clients'], [[[{}]]], 7, null, true]
  for (const path of ['clients', 'launch', 'register'])
    for (const body of [deep(65), deep(5000), ...scopes.map(scope => JSON.stringify({ ...described, scope }))]) {
      const headers = { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' }
      const { status } = await fetch(`${s.baseUrl}/oauth2/${path}`, { method: 'POST', body, headers })
      t.ok(status >= 400 && status < 500, `${path} ${body.slice(0, 60)} ${status}`)
    }
})

t.test('no form of a page that was really shown is', async t => {
  const open = browser(s.baseUrl)
  const good = Object.entries({ ...GOOD, aud: `${s.baseUrl}/fhir` })
  const query = new URLSearchParams(good.slice(0, 8))
  const shown = await open(`${s.baseUrl}/oauth2/authorize?${query}`)
  const csrf = /name="csrf" value="([^"]+)"/.exec(shown.html)?.[1] ?? ''
  t.ok(csrf)
  for (const name of fc.sample(hostile, { numRuns: 40, seed: SEED })) {
    const form = new URLSearchParams({ csrf, name: name, password: name })
    const { status } = await open(`${shown.url}/sign-in`, form)
    t.ok(status >= 400 && status < 500, JSON.stringify(name))
  }
})
