import { readFileSync } from 'node:fs'
import t from 'tap'
import { requirementsIn } from '../../scripts/requirements/read.ts'
import { CAPABILITIES } from '../../src/smart/discovery.ts'
import { demoServer } from '../support/demo.ts'
import { verifies } from '../support/verifies.ts'

const server = await demoServer(t, { records: false })
const origin = 'https://any.example'
const document = async () => {
  const response = await fetch(`${server.baseUrl}/fhir/.well-known/smart-configuration`, { headers: { origin } })
  return { response, said: (await response.json()) as Record<string, string & string[]> }
}
const { response, said } = await document()

t.test('what the server can do is told to everybody, below the FHIR base, and to pages of any origin', async t => {
  verifies('smart-2.2', 'SAL-16', 'SAL-372', 'SAL-377')
  t.equal(response.status, 200)
  t.match(response.headers.get('content-type'), /^application\/json/)
  t.equal(response.headers.get('access-control-allow-origin'), '*')
  const metadata = await fetch(`${server.baseUrl}/fhir/metadata`, { headers: { origin } })
  t.equal(metadata.status, 200)
  t.match(metadata.headers.get('access-control-allow-origin'), /^(\*|https:\/\/any\.example)$/)
})

t.test('the endpoints are where they are said to be', async t => {
  verifies('smart-2.2', 'SAL-286', 'SAL-373', 'SAL-381', 'SAL-382', 'SAL-383', 'SAL-385', 'SAL-391', 'SAL-392')
  t.equal(said.issuer, `${server.baseUrl}/oauth2`)
  for (const [name, method, status] of [
    ['authorization_endpoint', 'GET', 400],
    ['token_endpoint', 'POST', 400],
    ['introspection_endpoint', 'POST', 400],
    ['revocation_endpoint', 'POST', 400],
    ['jwks_uri', 'GET', 200],
  ] as const)
    t.equal((await fetch(said[name] ?? '', { method })).status, status, name)
})

t.test('how clients authenticate and what they may ask for is said', async t => {
  verifies('smart-2.2', 'SAL-285', 'SAL-287', 'SAL-288', 'SAL-289', 'SAL-384', 'SAL-386', 'SAL-126')
  t.same(said.token_endpoint_auth_methods_supported, ['client_secret_basic', 'private_key_jwt'])
  t.same(said.token_endpoint_auth_signing_alg_values_supported, ['RS384', 'ES384'])
  t.same(said.grant_types_supported, ['authorization_code', 'client_credentials'])
  t.ok(said.scopes_supported?.includes('patient/*.rs') || said.scopes_supported?.includes('patient/*.cruds'))
  for (const capability of ['client-confidential-asymmetric', 'permission-v1'])
    t.ok(said.capabilities?.includes(capability), capability)
})

t.test('OpenID Connect’s own document is at the issuer, and names it', async t => {
  verifies('smart-2.2', 'SAL-1006')
  const openid = await fetch(`${said.issuer}/.well-known/openid-configuration`)
  t.equal(openid.status, 200)
  t.match(await openid.json(), { issuer: said.issuer, jwks_uri: said.jwks_uri, token_endpoint: said.token_endpoint })
})

t.test('the capability sets of patient access are whole', async t => {
  verifies('smart-2.2', 'SAL-348', 'SAL-349')
  const clients = ['client-public', 'client-confidential-symmetric', 'permission-patient']
  for (const capability of [...clients, 'launch-standalone', 'context-standalone-patient'])
    t.ok(said.capabilities?.includes(capability), capability)
  for (const capability of ['launch-ehr', 'context-ehr-patient'])
    t.ok(said.capabilities?.includes(capability), capability)
})

t.test('every capability that is claimed has tests that show it, and what has none is not claimed', async t => {
  verifies('smart-2.2', 'SAL-393')
  t.same(said.capabilities, CAPABILITIES)
  const csv = readFileSync(new URL('../../docs/requirements/smart-2.2.csv', import.meta.url), 'utf8')
  const works = requirementsIn(csv).flatMap(({ text, reason }) => {
    const capability = /^([a-z\d-]+) works\b/.exec(text)?.[1]
    return capability === undefined ? [] : [{ capability, isShown: reason === '' }]
  })
  const shown = works.filter(({ isShown }) => isShown).map(({ capability }) => capability)
  t.same(shown.toSorted(), CAPABILITIES.toSorted())
})
