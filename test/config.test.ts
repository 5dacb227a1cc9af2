import t from 'tap'
import { ConfigError, complete, loadConfig, warnings } from '../src/config.ts'

const SECRET = 'a'.repeat(32)
const problemsOf = (variables: Record<string, string>): readonly string[] => {
  try {
    loadConfig(variables)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems
  }
}

t.test('without any variable the embedded database, demo data and port 8080 of this machine are used', async t => {
  const settings = loadConfig({})
  t.match(settings, {
    host: '127.0.0.1',
    port: 8080,
    baseUrl: 'http://localhost:8080',
    databaseUrl: undefined,
    dataDir: /\/\.portico$/,
    demo: true,
    secret: undefined,
    logLevel: 'info',
    maxBodyBytes: 52_428_800,
    maxJsonDepth: 64,
    statements: 'named',
  })
  t.ok(Object.isFrozen(settings))
  t.same(warnings(settings), [])
})

t.test('the base URL follows the port, and loses a slash at its end', async t => {
  t.equal(loadConfig({ PORT: '9000' }).baseUrl, 'http://localhost:9000')
  t.equal(loadConfig({ PORTICO_BASE_URL: 'https://records.example/' }).baseUrl, 'https://records.example')
})

t.test('a database of one’s own has no demo data unless asked for', async t => {
  const own = { DATABASE_URL: 'postgresql://u:p@h/d', PORTICO_SECRET: SECRET }
  t.equal(loadConfig(own).demo, false)
  t.equal(loadConfig({ ...own, PORTICO_DEMO: 'true' }).demo, true)
  t.equal(loadConfig({ PORTICO_DEMO: 'false' }).demo, false)
})

t.test('origins inside the network are a list', async t => {
  t.same(loadConfig({}).internalOrigins, [])
  const listed = loadConfig({ PORTICO_INTERNAL_ORIGINS: 'http://10.1.2.3:8080,https://engine.trust' })
  t.same(listed.internalOrigins, ['http://10.1.2.3:8080', 'https://engine.trust'])
  for (const wrong of ['10.1.2.3', 'http://10.1.2.3/jwks', 'http://a, http://b'])
    t.match(problemsOf({ PORTICO_INTERNAL_ORIGINS: wrong }), [/^PORTICO_INTERNAL_ORIGINS must match/], wrong)
})

t.test('proxies are trusted by their address or network, and only when that is one', async t => {
  const listed = (PORTICO_TRUSTED_PROXIES: string) => loadConfig({ PORTICO_TRUSTED_PROXIES }).trustedProxies
  t.same(loadConfig({}).trustedProxies, [])
  t.same(listed('10.0.0.5,10.0.1.0/24,2001:db8::/32'), ['10.0.0.5', '10.0.1.0/24', '2001:db8::/32'])
  for (const wrong of [
    '10.0.0',
    '10.0.0.5/33',
    '10.0.0.5/0',
    '0.0.0.0/0',
    '::/0',
    'proxy.trust',
    '10.0.0.5, 10.0.0.6',
    '1',
    'true',
  ])
    t.match(problemsOf({ PORTICO_TRUSTED_PROXIES: wrong }), [/^PORTICO_TRUSTED_PROXIES must be addresses/], wrong)
})

t.test('profiles come from packages, with a mode for a type, a profile, or both', async t => {
  const PORTICO_PROFILES = '/opt/uk-core,ipa.tgz'
  const url = 'https://fhir.example.org/StructureDefinition/x'
  const { profilePackages, profileModes } = loadConfig({
    PORTICO_PROFILES,
    PORTICO_PROFILE_MODES: `Patient=off,Patient@${url}=enforce`,
  })
  t.match(profilePackages, ['/opt/uk-core', /\/ipa\.tgz$/])
  t.same(profileModes, [
    { type: 'Patient', mode: 'off' },
    { type: 'Patient', profile: url, mode: 'enforce' },
  ])
  t.same(loadConfig({}).profilePackages, [])
  t.match(problemsOf({ PORTICO_PROFILES, PORTICO_PROFILE_MODES: 'Patient=on' }), [
    /off, warn or enforce, not "Patient=on"/,
  ])
  t.match(problemsOf({ PORTICO_PROFILE_MODES: 'Patient=off' }), [/no use without PORTICO_PROFILES/])
})

t.test('all problems are reported at once', async t => {
  const problems = problemsOf({
    PORT: 'eighty',
    DATABASE_URL: 'mysql://root:hunter2@h',
    PORTICO_BASE_URL: 'records.example/portal',
    PORTICO_LOG_LEVEL: 'loud',
    PORTICO_DEMO: 'perhaps',
    PORTICO_SECRT: SECRET,
    PORTICO_MAX_JSON_DEPTH: '4',
  })
  t.same(
    problems.map(problem => problem.split(' ')[0]),
    [
      'DATABASE_URL',
      'PORT',
      'PORTICO_BASE_URL',
      'PORTICO_DEMO',
      'PORTICO_LOG_LEVEL',
      'PORTICO_MAX_JSON_DEPTH',
      'PORTICO_SECRET',
      'PORTICO_SECRT',
    ],
  )
  t.notMatch(problems.join(), 'hunter2', 'and no password is shown')
  t.match(problems.join(), 'PORT must be integer, not "eighty"')
})

t.test('a secret that is too short is refused and not shown', async t => {
  const problems = problemsOf({ PORTICO_SECRET: 'tooshort' })
  t.same(problems, ['PORTICO_SECRET must NOT have fewer than 32 characters'])
})

t.test('an empty variable counts as unset, and the variables of other programs are none of our business', async t => {
  t.equal(loadConfig({ PORT: '', PORTICO_SECRET: '', PATH: '/bin' }).port, 8080)
})

t.test('what is unsafe is said', async t => {
  const open = loadConfig({ HOST: '0.0.0.0', PORTICO_BASE_URL: 'http://records.example' })
  t.equal(warnings(open).length, 4)
  const own = { DATABASE_URL: 'postgresql://u:p@h/d', PORTICO_SECRET: SECRET }
  t.same(warnings(loadConfig({ ...own, PORTICO_BASE_URL: 'https://records.example' })), [])
})

const ISSUER = {
  PORTICO_ISSUER: 'https://login.example/realms/patients',
  PORTICO_ISSUER_JWKS: 'https://login.example/realms/patients/certs',
  PORTICO_ISSUER_AUTHORIZE: 'https://login.example/authorize',
  PORTICO_ISSUER_TOKEN: 'https://login.example/token',
}

t.test('another authorization server is named as a whole, or not at all', async t => {
  const { issuer, demo } = loadConfig({ ...ISSUER, PORTICO_BASE_URL: 'https://records.example' })
  t.same(issuer, {
    issuer: 'https://login.example/realms/patients',
    jwks: 'https://login.example/realms/patients/certs',
    authorize: 'https://login.example/authorize',
    token: 'https://login.example/token',
    audience: 'https://records.example/fhir',
  })
  t.equal(demo, false, 'the people of the demo cannot sign in there')
  t.equal(loadConfig({ ...ISSUER, PORTICO_ISSUER_AUDIENCE: 'records' }).issuer?.audience, 'records')
  t.equal(loadConfig({}).issuer, undefined)
  for (const name of ['PORTICO_ISSUER_JWKS', 'PORTICO_ISSUER_AUTHORIZE', 'PORTICO_ISSUER_TOKEN'])
    t.same(problemsOf({ ...ISSUER, [name]: '' }), [`${name} is missing; it is needed with PORTICO_ISSUER`])
  for (const name of ['PORTICO_ISSUER_JWKS', 'PORTICO_ISSUER_AUDIENCE'])
    t.same(problemsOf({ [name]: 'https://x.example' }), [`${name} is of no use without PORTICO_ISSUER`])
  t.match(problemsOf({ ...ISSUER, PORTICO_ISSUER_JWKS: 'login.example/certs' }), [/^PORTICO_ISSUER_JWKS /])
})

t.test('keys that come over an open line are warned of', async t => {
  const own = {
    DATABASE_URL: 'postgresql://u:p@h/d',
    PORTICO_SECRET: SECRET,
    PORTICO_BASE_URL: 'https://records.example',
  }
  t.same(warnings(loadConfig({ ...own, ...ISSUER })), [])
  const open = warnings(loadConfig({ ...own, ...ISSUER, PORTICO_ISSUER_JWKS: 'http://login.example/certs' }))
  t.match(open, [/http:\/\/login\.example\/certs is not https/])
})

t.test('a secret from the environment is kept, a made one only fills the gap', async t => {
  t.equal(complete(loadConfig({}), 'made').secret, 'made')
  t.equal(complete(loadConfig({ PORTICO_SECRET: SECRET }), 'made').secret, SECRET)
})

t.test('the terminology server is reached by https, or by http where the network is one’s own', async t => {
  const of = (PORTICO_TERMINOLOGY_SERVER: string, more: Record<string, string> = {}) =>
    problemsOf({ PORTICO_TERMINOLOGY_SERVER, ...more })
  t.equal(
    loadConfig({ PORTICO_TERMINOLOGY_SERVER: 'https://tx.example/r4/' }).terminologyServer,
    'https://tx.example/r4',
  )
  t.equal(loadConfig({}).terminologyServer, undefined)
  for (const url of ['https://tx.example/r4', 'http://localhost:8080/fhir', 'http://127.0.0.1/fhir'])
    t.same(of(url), [])
  t.match(of('http://tx.example/r4'), [/must be https, or http:..tx.example must be one of PORTICO_INTERNAL_ORIGINS/])
  t.same(of('http://10.1.2.3:8080/fhir', { PORTICO_INTERNAL_ORIGINS: 'http://10.1.2.3:8080' }), [])
  for (const url of ['ftp://tx.example', 'https://user:word@tx.example', 'https://tx.example/?x=1', 'https://'])
    t.match(of(url), [/PORTICO_TERMINOLOGY_SERVER/], url)
})
