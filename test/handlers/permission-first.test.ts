// Who may not do something is told that, and nothing of what was wrong with it.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, type Reply } from '../support/client.ts'
import { server } from '../support/server.ts'
import { auditLines, storedVersions } from '../support/stored.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const reader = client(s, await engineToken(s, 'system/Patient.rs system/Observation.c'))
const alice = client(s, await patientToken(s, 'alice', 'patient/Patient.r'))

const wrong: Json = { resourceType: 'Patient', id: 'x', birthDate: 'yesterday', nonsense: 1 }
const binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'AAAA' }

/** Entries that the token may not do, and that nobody could do as they stand. */
const entries: readonly [what: string, entry: Json][] = [
  ['an update', { resource: wrong, request: { method: 'PUT', url: 'Patient/x' } }],
  ['an update of nothing', { request: { method: 'PUT', url: 'Patient/x' } }],
  ['a create', { resource: wrong, request: { method: 'POST', url: 'Patient' } }],
  ['a create of another type', { resource: { resourceType: 'List' }, request: { method: 'POST', url: 'Patient' } }],
  ['a patch', { resource: binary, request: { method: 'PATCH', url: 'Patient/x' } }],
  ['a conditional update', { resource: wrong, request: { method: 'PUT', url: 'Patient?nonsense=1' } }],
  ['a conditional delete', { request: { method: 'DELETE', url: 'Patient?nonsense=1' } }],
  [
    'a conditional create without the scope to search',
    {
      resource: { resourceType: 'Observation', nonsense: 1 },
      request: { method: 'POST', url: 'Observation', ifNoneExist: 'nonsense=1' },
    },
  ],
  ['a search', { request: { method: 'GET', url: 'Observation?nonsense=1' } }],
  ['a history', { request: { method: 'GET', url: 'Observation/_history?nonsense=1' } }],
  ['an operation', { resource: wrong, request: { method: 'POST', url: 'Patient/x/$meta-add' } }],
]

const submit = (type: string, entry: readonly Json[]): Promise<Reply> =>
  reader('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry } })

type Issue = { code: string; expression?: string[] }
const issuesOf = ({ json }: Reply): Issue[] => json.issue as Issue[]

t.test('a transaction of which something is not permitted is refused for that alone', async t => {
  verifies('fhir-rest', 'REST-93')
  const before = await storedVersions(s.pool)
  for (const [what, entry] of entries) {
    const reply = await submit('transaction', [{ request: { method: 'GET', url: 'Patient?_id=x' } }, entry])
    t.equal(reply.status, 403, what)
    t.same([...new Set(issuesOf(reply).map(({ code }) => code))], ['forbidden'], what)
    t.same(issuesOf(reply)[0]?.expression, ['Bundle.entry[1]'], what)
    t.notMatch(reply.text, /nonsense|birthDate/, what)
  }
  const all = await submit(
    'transaction',
    entries.map(([, entry]) => entry),
  )
  t.equal(all.status, 403)
  t.equal(issuesOf(all).length, entries.length, 'every entry is named')
  const mixed = await submit('transaction', [{ request: { method: 'PUT' } }, ...entries.map(([, entry]) => entry)])
  t.equal(mixed.status, 403, 'also beside one that is nothing')
  t.same(await storedVersions(s.pool), before)
})

t.test('an entry of a batch that is not permitted is refused for that alone', async t => {
  verifies('fhir-rest', 'REST-93', 'REST-44')
  const reply = await submit(
    'batch',
    entries.map(([, entry]) => entry),
  )
  const answers = reply.json.entry as { response: { status: string } }[]
  t.same(
    answers.map(({ response }) => response.status.slice(0, 3)),
    entries.map(() => '403'),
  )
  t.notMatch(reply.text, /nonsense|birthDate/)
})

t.test('a request that is not permitted is refused for that alone', async t => {
  verifies('fhir-rest', 'REST-93')
  const tries: [path: string, method: string, body?: Json | string][] = [
    ['/Patient/alice', 'PUT', wrong],
    ['/Patient/not_an_id', 'PUT', wrong],
    ['/Patient', 'POST', wrong],
    ['/Patient?nonsense=1', 'PUT', wrong],
    ['/Patient/alice', 'PATCH', { resourceType: 'Parameters', parameter: [{}] }],
    ['/Patient?nonsense=1', 'DELETE'],
    ['/Patient?nonsense=1', 'GET'],
    ['/Patient/_history?nonsense=1', 'GET'],
    ['/Patient/alice/$meta-add', 'POST', wrong],
    ['/Patient/$meta?nonsense=1', 'GET'],
    ['/Observation/$lastn?nonsense=1', 'GET'],
    ['/DocumentReference/$docref', 'GET'],
    ['/Patient/bob/$everything?nonsense=1', 'GET'],
    ['/Observation/one/$meta?nonsense=1', 'GET'],
    ['/Observation/one/$validate', 'GET'],
  ]
  const narrow = client(s, await patientToken(s, 'alice', 'patient/Encounter.r'))
  for (const [path, method, body] of tries) {
    const reply = await narrow(path, { method, ...(body === undefined ? {} : { body }) })
    t.equal(reply.status, 403, `${method} ${path} ${reply.text.slice(0, 200)}`)
    t.notMatch(reply.text, /nonsense|birthDate/, path)
  }
})

t.test('a refused entry is in the audit', async t => {
  const before = (await auditLines(s.pool)).length
  await alice('/', {
    method: 'POST',
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ resource: wrong, request: { method: 'PUT', url: 'Patient/x' } }],
    },
  })
  const lines = (await auditLines(s.pool)).slice(before)
  t.match(JSON.stringify(lines), /Patient\/x.*403/)
})
