// Every letter of every scope, tried over HTTP.
import t from 'tap'
import { type Client, client, entriesOf, namesOf, type Reply, type Sent, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { giveTo } from '../support/search-fixture.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const everything = client(s, await engineToken(s))
const TYPES = ['Patient', 'Observation', 'Practitioner', 'Binary', 'Group']
const LETTERS = ['c', 'r', 'u', 'd', 's']
await store(
  everything,
  TYPES.map(type => ({ ...giveTo(minimal(type, type === 'Patient' ? 'alice' : 'one'), 'alice'), language: 'en' })),
)

const app = async (scope: string): Promise<Client> => client(s, await engineToken(s, scope))

type Try = { path: string; sent?: Sent; needs: string }

const idOf = (type: string): string => (type === 'Patient' ? 'alice' : 'one')

/** A FHIRPath Patch that changes nothing that matters. */
const PATCH = {
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'replace' },
        { name: 'path', valueString: 'Resource.language' },
        { name: 'value', valueCode: 'cy' },
      ],
    },
  ],
}

/** Every way to an interaction, with the letters that it needs. */
function triesOf(type: string): Try[] {
  const at = `/${type}/${idOf(type)}`
  const body = minimal(type, 'other')
  const form = new URLSearchParams([['_id', 'one']])
  const inBundle = (entry: object): Sent => ({
    method: 'POST',
    body: { resourceType: 'Bundle', type: 'transaction', entry: [entry] },
  })
  const ask = (method: string, url: string, resource?: unknown, more = {}): Sent =>
    inBundle({ ...(resource ? { resource } : {}), request: { method, url, ...more } })
  return [
    { path: at, needs: 'r' },
    { path: at, sent: { method: 'HEAD' }, needs: 'r' },
    { path: `${at}/_history/1`, needs: 'r' },
    { path: `${at}/_history`, needs: 'r' },
    { path: `/${type}`, needs: 's' },
    { path: `/${type}?_summary=count`, needs: 's' },
    { path: `/${type}/_search`, sent: { method: 'POST', body: form }, needs: 's' },
    { path: `/${type}`, sent: { method: 'POST', body }, needs: 'c' },
    { path: `/${type}`, sent: { method: 'POST', body, headers: { 'if-none-exist': '_id=one' } }, needs: 'cs' },
    { path: `/${type}/other`, sent: { method: 'PUT', body }, needs: 'u' },
    { path: `/${type}?_id=other`, sent: { method: 'PUT', body }, needs: 'us' },
    { path: at, sent: { method: 'PATCH', body: PATCH }, needs: 'u' },
    { path: `/${type}?_id=${idOf(type)}`, sent: { method: 'PATCH', body: PATCH }, needs: 'us' },
    { path: `/${type}/absent`, sent: { method: 'DELETE' }, needs: 'd' },
    { path: `/${type}?_id=absent`, sent: { method: 'DELETE' }, needs: 'ds' },
    { path: `/${type}/_history`, needs: 's' },
    { path: '/', sent: ask('GET', at.slice(1)), needs: 'r' },
    { path: '/', sent: ask('GET', type), needs: 's' },
    { path: '/', sent: ask('POST', type, body), needs: 'c' },
    { path: '/', sent: ask('POST', type, body, { ifNoneExist: '_id=one' }), needs: 'cs' },
    { path: '/', sent: ask('PUT', `${type}/other`, body), needs: 'u' },
    { path: '/', sent: ask('PUT', `${type}?_id=other`, body), needs: 'us' },
    { path: '/', sent: ask('DELETE', `${type}/absent`), needs: 'd' },
  ]
}

const say = ({ path, sent }: Try): string =>
  `${sent?.method ?? 'GET'} ${path} ${JSON.stringify(sent?.body ?? '').slice(0, 150)}`
const isRefused = ({ status, headers }: Reply): boolean =>
  status === 403 && (headers['www-authenticate'] ?? '').includes('error="insufficient_scope"')

t.test('every interaction is done with its letters', async t => {
  verifies('smart-2.2', 'SAL-120', 'SAL-121', 'SAL-122', 'SAL-123', 'SAL-124', 'SAL-125')
  for (const type of TYPES)
    for (const each of triesOf(type)) {
      const letters = LETTERS.filter(letter => each.needs.includes(letter)).join('')
      const reply = await (await app(`system/${type}.${letters}`))(each.path, each.sent)
      t.ok(reply.status < 300, `${say(each)} ${reply.status} ${reply.text.slice(0, 200)}`)
    }
})

t.test('every interaction is refused without any one of its letters, and nothing is written', async t => {
  const before = await storedVersions(s.pool)
  for (const type of TYPES)
    for (const each of triesOf(type))
      for (const missing of each.needs) {
        const letters = LETTERS.filter(letter => letter !== missing).join('')
        const scope = `system/${type}.${letters} system/Claim.cruds system/Location.cruds`
        const reply = await (await app(scope))(each.path, each.sent)
        t.ok(isRefused(reply), `${say(each)} without ${missing}: ${reply.status}`)
        t.match(reply.headers['www-authenticate'], `scope="system/${type}.${missing}"`)
      }
  t.same(await storedVersions(s.pool), before)
})

t.test('words of version 1 and wildcards are as good as letters', async t => {
  verifies('smart-2.2', 'SAL-128', 'SAL-369', 'SAL-144')
  for (const [scope, can] of [
    ['system/Observation.read', 'rs'],
    ['system/Observation.*', 'cruds'],
    ['system/*.read', 'rs'],
    ['system/*.*', 'cruds'],
    ['system/*.cruds', 'cruds'],
    ['system/*.r', 'r'],
    ['system/Observation.write', 'cud'],
    ['system/Patient.cruds', ''],
  ] as const) {
    const reader = await app(scope)
    for (const each of triesOf('Observation')) {
      const isAllowed = [...each.needs].every(letter => can.includes(letter))
      const reply = await reader(each.path, each.sent)
      t.equal(isRefused(reply), !isAllowed, `${scope}: ${say(each)} ${reply.status}`)
    }
  }
})

t.test('what is no scope, or not for this one, gives nothing', async t => {
  verifies('smart-2.2', 'SAL-129', 'SAL-135')
  const scopes = [
    'system/Observation.sr',
    'system/Observation.rs?category:not=laboratory',
    'system/Observation.rs?date=ge2000',
    'system/Observation.rs?',
    'patient/Observation.rs',
    'user/*.cruds',
    'Observation.rs',
    'system/observation.rs',
    'system/Observation.RS',
    'openid fhirUser',
    'offline_access',
    '',
  ]
  for (const scope of scopes) {
    const reader = await app(scope)
    t.ok(isRefused(await reader('/Observation/one')), scope)
    t.ok(isRefused(await reader('/Observation')), scope)
  }
  const patient = client(s, await patientToken(s, 'alice', 'patient/Observation.rs?category:missing=true system/*.rs'))
  t.ok(isRefused(await patient('/Observation/one')))
})

t.test('an include brings along only what may be read on its own', async t => {
  const path = '/Observation?_id=one&_include=Observation:subject'
  t.same(namesOf(await (await app('system/Observation.rs'))(path)), ['Observation/one'])
  t.same(namesOf(await (await app('system/Observation.rs system/Patient.s'))(path)), ['Observation/one'])
  t.same(namesOf(await (await app('system/Observation.s system/Patient.r'))(path)), [
    'Observation/one',
    'Patient/alice',
  ])
  const back = '/Patient?_id=alice&_revinclude=Observation:subject'
  t.same(namesOf(await (await app('system/Patient.rs'))(back)), ['Patient/alice'])
  t.same(namesOf(await (await app('system/Patient.rs system/Observation.r'))(back)), [
    'Patient/alice',
    'Observation/one',
  ])
})

t.test('a batch does what the scopes allow, and says of the rest what is missing', async t => {
  verifies('smart-2.2', 'SAL-130')
  const reader = await app('system/Observation.r')
  const entry = ['Observation/one', 'Observation', 'Patient/alice'].map(url => ({ request: { method: 'GET', url } }))
  const reply = await reader('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'batch', entry } })
  const statuses = (entriesOf(reply) as unknown as { response: { status: string } }[]).map(({ response }) =>
    response.status.slice(0, 3),
  )
  t.same(statuses, ['200', '403', '403'])
})
