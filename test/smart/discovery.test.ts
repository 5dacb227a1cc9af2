import t from 'tap'
import { grantable } from '../../src/access/scopes.ts'
import { CAPABILITIES, endpoints, scopesSupported, smartConfiguration } from '../../src/smart/discovery.ts'
import { authorizationServer, BASE } from '../support/authorization-server.ts'
import { verifies } from '../support/verifies.ts'

const config = { baseUrl: BASE }
const APP =
  'openid fhirUser launch launch/patient launch/encounter online_access offline_access patient/*.cruds user/*.cruds'

t.test('the SMART configuration', async t => {
  const server = await authorizationServer(t)
  const get = async (path: string, headers = {}) => {
    const response = await server.get(`${BASE}${path}`, { headers })
    return { response, body: (await response.json()) as Record<string, unknown> }
  }

  t.test('is JSON for anybody, whatever is accepted, from any origin', async t => {
    verifies('smart-2.2', 'SAL-374')
    verifies('ipa', 'IPA-4')
    for (const accept of ['application/json', 'application/fhir+json', 'text/html', '*/*']) {
      const { response, body } = await get('/fhir/.well-known/smart-configuration', {
        accept,
        origin: 'https://a.example',
      })
      t.equal(response.status, 200)
      t.match(response.headers.get('content-type'), /^application\/json/)
      t.equal(response.headers.get('access-control-allow-origin'), '*')
      t.same(body, JSON.parse(JSON.stringify(smartConfiguration(config))))
    }
  })

  t.test('says what the OpenID Connect configuration says, at each of its addresses', async t => {
    const { body: smart } = await get('/fhir/.well-known/smart-configuration')
    for (const path of [
      '/oauth2/.well-known/openid-configuration',
      '/fhir/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server/oauth2',
    ]) {
      const { response, body } = await get(path, { accept: 'text/html', origin: 'https://a.example' })
      t.match(response.headers.get('content-type'), /^application\/json/)
      t.ok(response.headers.get('access-control-allow-origin'))
      for (const [name, value] of Object.entries(smart)) {
        if (Array.isArray(value) && name !== 'scopes_supported') continue
        t.same(body[name], value, `${name} at ${path}`)
      }
      t.same(body.id_token_signing_alg_values_supported, ['RS256'])
      t.same(body.code_challenge_methods_supported, ['S256'])
    }
  })

  t.test('names absolute addresses that are all there', async t => {
    for (const [name, url] of Object.entries(endpoints(config))) {
      t.ok(url.startsWith(`${BASE}/oauth2/`), name)
      const statuses = ['GET', 'POST'].map(async method => (await server.get(url, { method })).status)
      const status = Math.min(...(await Promise.all(statuses)).filter(each => each !== 404))
      t.ok(status < 500, `${name}: ${status}`)
    }
  })

  t.test('names the page on which a person takes back what she has allowed', async t => {
    verifies('smart-2.2', 'SAL-390')
    const { body } = await get('/fhir/.well-known/smart-configuration')
    t.equal(body.management_endpoint, `${BASE}/account/apps`)
    t.same(body.response_types_supported, ['code'])
    const page = await server.get(`${BASE}/account/apps`)
    t.match(await page.text(), 'Sign in to see which apps you have allowed')
  })

  t.test('publishes public keys only, among them one for RS256', async t => {
    verifies('smart-2.2', 'SAL-207')
    const { body } = await get('/oauth2/jwks')
    const keys = body.keys as Record<string, string>[]
    t.same(keys.map(({ alg }) => alg).sort(), ['ES256', 'RS256'])
    for (const key of keys) {
      t.notOk('d' in key || 'p' in key || 'q' in key)
      t.match(
        key,
        key.kty === 'RSA' ? { kid: String, n: String, e: String } : { kid: String, crv: 'P-256', x: String, y: String },
      )
    }
  })

  t.test('lists only scopes that can be granted', async t => {
    verifies('smart-2.2', 'SAL-389')
    for (const scope of scopesSupported()) {
      const system = /^(system\/|__)/.test(scope)
      const allowed = system ? 'system/*.cruds __launch __introspect __clients' : APP
      t.same(grantable(scope, allowed, system ? 'backend' : 'launch'), [scope])
    }
  })

  t.test('claims what is built, and nothing of what is not', async t => {
    verifies('ipa', 'IPA-12')
    t.notOk(CAPABILITIES.some(each => /style/.test(each)))
  })
})
