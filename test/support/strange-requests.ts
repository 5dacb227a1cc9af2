// What nobody sends to an authorization server who means well: good requests with something changed, and nonsense.
import fc from 'fast-check'
import { hostile } from './hostile.ts'

/** What good requests say, so that some of what is sent gets beyond the first check. */
export const GOOD: Readonly<Record<string, string>> = {
  response_type: 'code',
  client_id: 'demo-app',
  redirect_uri: 'http://127.0.0.1:4711/callback',
  scope: 'openid fhirUser launch/patient offline_access patient/*.rs',
  state: 's',
  aud: '',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
  grant_type: 'authorization_code',
  code: 'x',
  code_verifier: 'x'.repeat(43),
  refresh_token: 'x',
  token: '',
  token_type_hint: 'access_token',
  client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  client_assertion: 'eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJkZW1vLWVuZ2luZSIsInN1YiI6ImRlbW8tZW5naW5lIn0.AA',
  client_secret: 'x',
  id_token_hint: 'x.y.z',
  post_logout_redirect_uri: 'http://127.0.0.1:4711/',
  launch: 'x',
  prompt: 'login',
  max_age: '1',
  claims: '{"id_token":{"fhirUser":null}}',
  request_uri: 'urn:ietf:params:oauth:request_uri:x',
  request: 'x.y.z',
  nonce: 'n',
  xsrf: 'x',
  logout: 'yes',
  csrf: 'x',
  name: 'alice@example.org',
  password: 'x',
  to: 'apps',
  app: 'demo-app',
  patient: 'alice',
  all: 'yes',
  of: 'x',
  before: '2026-01-01T00:00:00.000Z',
  ui_locales: 'en',
  acr_values: 'x',
  login_hint: 'alice',
  display: 'page',
  response_mode: 'query',
  authorization_details: '[]',
  dpop_jkt: 'x',
}
const names = Object.keys(GOOD)
const FLOWS = [
  names.slice(0, 8),
  ['grant_type', 'code', 'redirect_uri', 'client_id', 'code_verifier'],
  ['grant_type', 'refresh_token', 'scope'],
  ['grant_type', 'scope', 'client_assertion_type', 'client_assertion'],
  ['token', 'token_type_hint', 'client_id'],
  ['id_token_hint', 'post_logout_redirect_uri', 'state'],
  ['csrf', 'name', 'password', 'to'],
  ['client_id', 'request_uri'],
  ['of', 'before'],
]
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', 'password', '']

const junk = fc.constantFrom('%', '%zz', '%ff%fe', '%00', '%ed%a0%80', '&&', '=', '+', '%u0041', '%c0%af', '\u{1f600}')
const escaped = (text: string): string => encodeURIComponent(text)
const value = fc.oneof(
  { weight: 3, arbitrary: hostile.map(escaped) },
  { weight: 1, arbitrary: junk },
  { weight: 1, arbitrary: fc.constantFrom('', 'x'.repeat(3_000), escaped('{"a":{"b":[1]}}'), escaped('["x"]')) },
)
const change = fc.record({
  name: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: hostile.map(escaped) }),
  how: fc.constantFrom('set', 'set', 'set', 'drop', 'twice', '[]', '[a]'),
  value,
})

const formWith = (good: Readonly<Record<string, string>>) =>
  fc
    .record({
      flow: fc.constantFrom(...FLOWS),
      grant: fc.constantFrom(...GRANTS),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    })
    .map(({ flow, grant, changes }) => {
      const pairs = flow.map((name): [string, string] => [
        name,
        escaped(name === 'grant_type' ? grant : (good[name] ?? '')),
      ])
      for (const { name, how, value } of changes) {
        const at = pairs.findIndex(([each]) => each === name)
        if (how !== 'twice' && at >= 0) pairs.splice(at, 1)
        if (how !== 'drop') pairs.push([how.startsWith('[') ? `${name}${how}` : name, value])
      }
      return pairs.map(pair => pair.join('=')).join('&')
    })

const json = fc.oneof(
  fc
    .dictionary(
      fc.constantFrom(
        'client_id',
        'client_name',
        'kind',
        'scope',
        'redirect_uris',
        'jwks',
        'patient',
        'encounter',
        'user',
        'intent',
        'fhirContext',
        'need_patient_banner',
        'contacts',
        'overlap_seconds',
        'unserved',
        'maker',
        'cors_origins',
        '__proto__',
      ),
      fc.oneof(
        hostile,
        fc.constantFrom('demo-app', 'alice', 'public', 'launch/patient patient/*.rs', 'https://a.example/'),
        fc.jsonValue({ maxDepth: 3 }),
      ),
    )
    .map(given => JSON.stringify(given)),
  fc.jsonValue().map(given => JSON.stringify(given)),
  fc.constantFrom(
    '{',
    '[',
    '""',
    'null',
    '{"a":'.repeat(3_000),
    '{"client_id":"\\ud800"}',
    '{"client_id":"\\u0000"}',
    '\u0000',
  ),
)

const segment = fc.oneof(fc.constantFrom('x', 'demo-app', '..', '%2e%2e', 'x'.repeat(600)), hostile.map(escaped), junk)
const fixed = [
  'authorize',
  'token',
  'par',
  'introspect',
  'revoke',
  'jwks',
  'register',
  'launch',
  'clients',
  'session/end',
  'session/end/confirm',
  'session/end/success',
  '.well-known/openid-configuration',
  'assets/style.css',
  'assets/logo',
].map(path => `/oauth2/${path}`)
const account = ['', '/sign-in', '/apps', '/apps/revoke', '/access', '/sign-out', '/signed-out'].map(
  path => `/account${path}`,
)
const path = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(...fixed, ...account, '/oauth2/token', '/oauth2/authorize', '/oauth2/introspect'),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom('authorize', 'register', 'clients', 'interaction', 'assets', 'assets/images', 'nothing'),
        segment,
        fc.constantFrom('', '', '/secret', '/disable', '/sign-in', '/consent', '/person', '/switch'),
      )
      .map(([first, id, last]) => `/oauth2/${first}/${id}${last}`),
  },
)
const types = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded',
  'application/json',
  'text/plain',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded; charset=utf-16',
  '',
]
const cookies = [
  undefined,
  undefined,
  'portico=x; _session=x; _session.sig=x',
  '_interaction=%00; _interaction_resume=x',
  `portico=${'a'.repeat(43)}`,
  '=;;;',
  '_session=\u00e9',
]

/** One request. */
export type Strange = {
  method: string
  path: string
  query: string
  body: string
  type: string
  authorization: string | undefined
  cookie: string | undefined
  origin: string | undefined
}

/** Requests to a server, some of them by a system that it knows. */
export function strangeRequests({
  baseUrl,
  basic,
  bearer,
}: {
  baseUrl: string
  basic: string
  bearer: string
}): fc.Arbitrary<Strange> {
  const form = formWith({ ...GOOD, aud: `${baseUrl}/fhir`, token: bearer })
  const authorizations = [
    undefined,
    undefined,
    basic,
    `Bearer ${bearer}`,
    `Bearer ${bearer}`,
    'Bearer x.y.z',
    'Basic',
    'Basic !!',
    `Basic ${btoa('demo-confidential:%zz')}`,
    `Basic ${btoa('a%00:b%00')}`,
    'DPoP x',
    'Bearer',
  ]
  return fc.record({
    method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'POST', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'),
    path,
    query: fc.oneof(fc.constant(''), form),
    body: fc.oneof({ weight: 3, arbitrary: form }, { weight: 1, arbitrary: json }),
    type: fc.constantFrom(...types),
    authorization: fc.constantFrom(...authorizations),
    cookie: fc.constantFrom(...cookies),
    origin: fc.constantFrom(undefined, 'https://a.example', 'null', 'x'),
  })
}
