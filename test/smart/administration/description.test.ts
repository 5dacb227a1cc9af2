import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import {
  authMethodOf,
  type Description,
  faultsOf,
  registrationOf,
} from '../../../src/smart/administration/description.ts'

const jwkOf = (kid: string, type: 'ec' | 'rsa' = 'ec', size = 2048) => {
  const pair =
    type === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: size === 256 ? 'P-256' : 'P-384' })
      : generateKeyPairSync('rsa', { modulusLength: size })
  return {
    public: { ...pair.publicKey.export({ format: 'jwk' }), kid },
    private: { ...pair.privateKey.export({ format: 'jwk' }), kid },
  }
}
const key = jwkOf('a').public
const APP: Description = {
  client_name: 'Steps',
  kind: 'public',
  scope: 'launch/patient offline_access patient/*.rs',
  redirect_uris: ['https://steps.example/callback'],
}
const ENGINE: Description = {
  client_name: 'Engine',
  kind: 'backend',
  scope: 'system/*.cruds __launch',
  jwks: { keys: [key] },
}
const faults = (changes: object, of: Description = APP) => faultsOf({ ...of, ...changes }, ['http://10.1.2.3:8080'])

t.test('a client that is described well has no faults', async t => {
  t.same(faults({}), [])
  t.same(faults({}, ENGINE), [])
  t.same(faults({ maker: 'Example Ltd', cors_origins: ['https://a.example'], contacts: ['dev@steps.example'] }), [])
  t.same(faults({ redirect_uris: ['http://127.0.0.1/callback', 'uk.nhs.steps:/callback'] }), [])
  t.same(faults({ kind: 'confidential' }), [])
  t.same(faults({ kind: 'confidential', jwks_uri: 'https://steps.example/jwks' }), [])
  t.same(faults({ jwks: undefined, jwks_uri: 'http://10.1.2.3:8080/jwks' }, ENGINE), [], 'an approved origin inside')
  t.same(faults({ jwks: { keys: [key, jwkOf('b', 'rsa').public] } }, ENGINE), [])
})

t.test('redirect URIs are fully specified: https, this machine, or an app’s own scheme', async t => {
  for (const uri of [
    'http://steps.example/callback',
    'https://*.steps.example/callback',
    'https://steps.example/#here',
    'https://user@steps.example/',
    'steps:/callback',
    'javascript:alert(1)',
    '/callback',
  ])
    t.match(faults({ redirect_uris: [uri] }), [/^redirect_uris: /], uri)
  t.match(faults({ redirect_uris: [] }), [/needs at least one/])
  t.match(faults({ redirect_uris: ['https://a.example/'] }, ENGINE), [/not for a backend client/])
  t.match(faults({ post_logout_redirect_uris: ['http://a.example'] }), [/^post_logout_redirect_uris: /])
})

t.test('origins are origins', async t => {
  for (const origin of ['https://a.example/', 'http://a.example', '*', 'null', 'https://a.example/x'])
    t.match(faults({ cors_origins: [origin] }), [/^cors_origins: /], origin)
})

t.test('keys are public, for ES384 or RS384, each with a kid of its own', async t => {
  const keys = (...found: object[]) => faults({ jwks: { keys: found } }, ENGINE)
  t.match(keys(jwkOf('a').private), [/private key/])
  t.match(keys({ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }), [/private key/])
  t.match(keys({ ...key, kid: undefined }), [/has no kid/])
  t.match(keys({ ...key, x: 'AA' }), [/not a key that can be read/])
  t.match(keys(jwkOf('a', 'ec', 256).public), [/must be for ES384/])
  t.match(keys(jwkOf('a', 'rsa', 1024).public), [/must be for ES384/])
  t.match(keys(key, jwkOf('a').public), [/the same kid/])
  for (const uri of ['http://keys.example/', 'http://10.1.2.4:8080/jwks', 'file:///etc/passwd', 'keys'])
    t.match(faults({ jwks: undefined, jwks_uri: uri }, ENGINE), [/^jwks_uri must be https/], uri)
  t.match(faults({ jwks_uri: 'https://a.example/' }, ENGINE), [/one of them/])
})

t.test('scopes are such that a client of this kind can be granted them', async t => {
  t.match(faults({ scope: 'system/*.rs' }), [/^scope: system\/\*\.rs can be granted to no client of this kind/])
  t.match(faults({ scope: '__clients' }), [/__clients/])
  t.match(faults({ scope: 'patient/Patient.rs openid' }, ENGINE), [/patient\/Patient\.rs/, /openid/])
  t.match(faults({ scope: 'patient/Foo.rs patient/Patient.sr everything' }), [/Foo/, /sr/, /everything/])
  t.match(faults({ scope: 'openid  fhirUser' }), [/one space/])
  t.same(faults({ scope: 'system/*.*' }, ENGINE), [], 'engines ask for it in the words of version 1')
})

t.test('how a client shows who it is fits its kind', async t => {
  t.equal(authMethodOf(APP), 'none')
  t.equal(authMethodOf({ ...APP, kind: 'confidential' }), 'client_secret_basic')
  t.equal(authMethodOf({ ...APP, kind: 'confidential', jwks_uri: 'https://a.example' }), 'private_key_jwt')
  t.equal(
    authMethodOf({ ...ENGINE, jwks: { keys: [] } }),
    'private_key_jwt',
    'a secret is for engines that are said to have one',
  )
  t.match(faults({ jwks: undefined }, ENGINE), [/jwks or jwks_uri is needed/])
  t.same(faults({ jwks: undefined, token_endpoint_auth_method: 'client_secret_basic' }, ENGINE), [])
  t.match(faults({ token_endpoint_auth_method: 'client_secret_basic' }, ENGINE), [/are not for client_secret_basic/])
  t.match(faults({ token_endpoint_auth_method: 'client_secret_basic' }), [/public client shows no secret/])
  t.match(faults({ kind: 'confidential', token_endpoint_auth_method: 'none' }), [/has to show who it is/])
})

t.test('everything that is wrong is said at once, by its member', async t => {
  t.match(faultsOf({ kind: 'app', client_id: 'a b', maker: '', secret: 'x' }, []).sort(), [
    /^client_id must match pattern/,
    /^kind must be equal/,
    /^maker must/,
    /^maker must/,
    /^the client must NOT have additional properties secret/,
    /^the client must have required property 'client_name'/,
    /^the client must have required property 'scope'/,
  ])
  for (const name of ['', ' ', 'a\u0000b', 'a\u202eb', 'x'.repeat(101)])
    t.match(faults({ client_name: name })[0], /^client_name/, JSON.stringify(name))
  for (const nothing of [null, 'a', 1, []]) t.match(faultsOf(nothing, []), [/the client must be object/])
})

t.test('what is stored is what the provider takes', async t => {
  const engine = registrationOf({ ...ENGINE, client_id: 'ignored', unserved: 'skip' }, 'engine', undefined)
  t.same(engine, {
    clientId: 'engine',
    name: 'Engine',
    kind: 'backend',
    metadata: { jwks: { keys: [key] }, token_endpoint_auth_method: 'private_key_jwt' },
    scopes: 'system/*.cruds __launch',
    secret: undefined,
  })
  t.match(registrationOf(APP, 'app', undefined).metadata, {
    application_type: 'web',
    token_endpoint_auth_method: 'none',
  })
  const native = registrationOf({ ...APP, redirect_uris: ['http://127.0.0.1/'] }, 'app', undefined)
  t.equal(native.metadata.application_type, 'native')
})
