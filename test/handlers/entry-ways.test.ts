// An entry of a Bundle asks for whatever a request may ask for, and gets the same answer.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { type Client, client, type Reply, store } from '../support/client.ts'
import { observation, patient, reference } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t, { at: '2026-11-22T10:00:00Z' })
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice', 'patient/*.cruds'))
const coded = (id: string, code: string): Json =>
  observation(id, 'alice', {
    code: { coding: [{ system: 'http://loinc.org', code }] },
    effectiveDateTime: `2026-01-0${id.at(-1)}`,
  })
await store(engine, [
  patient('alice', { meta: { tag: [{ code: 'seen' }] }, name: [{ family: 'Archer' }] }),
  patient('other'),
  coded('value-1', '1-1'),
  coded('value-2', '1-1'),
  coded('value-3', '2-2'),
  observation('theirs', 'other'),
  {
    resourceType: 'DocumentReference',
    id: 'letter',
    status: 'current',
    subject: reference('Patient/alice'),
    content: [{ attachment: { url: 'Binary/x' } }],
  },
])

type Answer = { resource?: Json; response: { status: string; etag?: string; outcome?: Json } }
const answersOf = ({ json }: Reply): Answer[] => (json.entry ?? []) as Answer[]
const submit = (app: Client, type: string, entry: readonly Json[], headers: Record<string, string> = {}) =>
  app('/', { method: 'POST', body: { resourceType: 'Bundle', type, entry }, headers })

/** What differs from one request to the next: the values of page links. */
const comparable = (resource: unknown): string =>
  JSON.stringify(resource, (name, value) => (name === 'url' && /_page=/.test(String(value)) ? '' : value))

const VALUE_SET = 'url=http://hl7.org/fhir/ValueSet/administrative-gender'
const READS = [
  'Patient/alice',
  'Patient/alice?_summary=true',
  'Patient/alice/_history/1',
  'Patient/alice/_history',
  'Patient/_history?_count=1',
  '_history',
  '_history?_since=2020-01-01&_count=2',
  'Observation?code=1-1',
  'Observation/?code=1-1',
  '?_type=Patient,Observation&_id=alice,value-1',
  '?_lastUpdated=ge2020',
  'Patient/alice/Observation?_count=2',
  'Patient/alice/*?_type=Patient',
  'Patient/alice/$everything',
  'Patient/alice/$everything?_type=Observation&_count=2',
  'Patient/alice/%24everything',
  'P%61tient/%61lice',
  'Patient/$everything?_count=2',
  'Observation/$lastn?patient=alice',
  'Observation/$lastn?patient=alice&max=2&code=1-1',
  'DocumentReference/$docref?patient=alice',
  'Patient/alice/$meta',
  'Patient/$meta',
  '$meta',
  'Patient/alice/$validate',
  `ValueSet/$expand?${VALUE_SET}`,
  `ValueSet/$validate-code?${VALUE_SET}&code=female&system=http://hl7.org/fhir/administrative-gender`,
]

for (const [who, app] of [
  ['an engine', engine],
  ['a patient’s app', alice],
] as const)
  t.test(`what can be asked for by GET can be asked for in an entry, by ${who}`, async t => {
    verifies('fhir-rest', 'REST-94')
    for (const type of ['batch', 'transaction']) {
      const reply = await submit(
        app,
        type,
        READS.map(url => ({ request: { method: 'GET', url } })),
      )
      t.equal(reply.status, 200, reply.text.slice(0, 500))
      for (const [index, url] of READS.entries()) {
        const alone = await app(`/${url}`)
        const answer = answersOf(reply)[index]
        t.equal(alone.status, 200, url)
        t.equal(answer?.response.status, '200 OK', `${url} in a ${type} ${JSON.stringify(answer?.response)}`)
        t.equal(comparable(answer?.resource), comparable(alone.json), `${url} in a ${type}`)
      }
    }
  })

const parameters = (...parameter: Json[]): Json => ({ resourceType: 'Parameters', parameter })
const POSTS: readonly [url: string, body?: Json][] = [
  ['Patient/_search?_id=alice'],
  ['_search?_type=Patient&_id=alice'],
  ['Patient/alice/Observation/_search?code=2-2'],
  ['Patient/alice/$everything'],
  ['Patient/alice/$everything', parameters({ name: '_type', valueString: 'Observation' })],
  ['Observation/$lastn', parameters({ name: 'patient', valueString: 'alice' })],
  ['DocumentReference/$docref', parameters({ name: 'patient', valueId: 'alice' })],
  ['Patient/$validate', patient('x', { birthDate: 'x' })],
  ['Patient/alice/$meta'],
  ['ValueSet/$expand', parameters({ name: 'url', valueUri: 'http://hl7.org/fhir/ValueSet/administrative-gender' })],
]

t.test('what can be asked for by POST can be asked for in an entry', async t => {
  verifies('fhir-rest', 'REST-94')
  for (const type of ['batch', 'transaction']) {
    const reply = await submit(
      engine,
      type,
      POSTS.map(([url, resource]) => ({ ...(resource ? { resource } : {}), request: { method: 'POST', url } })),
    )
    t.equal(reply.status, 200, reply.text.slice(0, 500))
    for (const [index, [url, body]] of POSTS.entries()) {
      const alone = await engine(`/${url}`, { method: 'POST', ...(body ? { body } : {}) })
      const answer = answersOf(reply)[index]
      t.equal(answer?.response.status, '200 OK', `${url} in a ${type}`)
      t.equal(comparable(answer?.resource), comparable(alone.json), `${url} in a ${type}`)
    }
  }
})

t.test('an operation that changes something is part of its transaction', async t => {
  verifies('fhir-rest', 'REST-94', 'REST-41')
  const tag = parameters({ name: 'meta', valueMeta: { tag: [{ code: 'added' }] } })
  const add = (id: string): Json => ({ resource: tag, request: { method: 'POST', url: `Patient/${id}/$meta-add` } })
  const done = await submit(engine, 'transaction', [
    { request: { method: 'GET', url: 'Patient/other' } },
    { request: { method: 'GET', url: 'Patient/other/$meta' } },
    add('other'),
    { resource: patient('new'), request: { method: 'PUT', url: 'Patient/new' } },
  ])
  t.equal(done.status, 200, done.text.slice(0, 500))
  const [read, labels, added, made] = answersOf(done)
  t.match(read?.resource, { meta: { versionId: '2', tag: [{ code: 'added' }] } }, 'what is read is read after it')
  t.match(labels?.resource, { parameter: [{ valueMeta: { tag: [{ code: 'added' }] } }] })
  t.match(added, { response: { status: '200 OK', etag: 'W/"2"' } })
  t.match(made, { response: { status: '201 Created' } })
  const refused = await submit(engine, 'transaction', [
    { resource: patient('never'), request: { method: 'PUT', url: 'Patient/never' } },
    add('alice'),
    add('nobody'),
  ])
  t.equal(refused.status, 404)
  t.match(refused.json.issue, [{ expression: ['Bundle.entry[2]'] }])
  t.equal((await engine('/Patient/never')).status, 404)
  t.equal((await engine('/Patient/alice')).headers.etag, 'W/"1"')
  for (const twice of [
    [add('other'), add('other')],
    [add('new'), { resource: patient('new', { active: true }), request: { method: 'PUT', url: 'Patient/new' } }],
  ]) {
    const reply = await submit(engine, 'transaction', twice)
    t.equal(reply.status, 400, 'each resource is written once')
    t.match(reply.text, /Bundle\.entry\[\d\].*Bundle\.entry\[\d\]/)
  }
  const batch = await submit(engine, 'batch', [add('new'), add('new'), add('nobody')])
  t.same(
    answersOf(batch).map(({ response }) => response.status),
    ['200 OK', '200 OK', '404'],
  )
})

t.test('an entry that asks for nothing that is there is told what would be right', async t => {
  verifies('fhir-rest', 'REST-94')
  const wrong: readonly [method: string, url: string, status: string][] = [
    ['GET', 'Observation/_history/1', '404'],
    ['GET', 'Patient/alice/Observation/_history', '404'],
    ['GET', 'Patient/alice/$unknown', '404'],
    ['GET', 'Patient/%2524everything/x', '404'],
    ['GET', 'Patient%2Falice', '404'],
    ['GET', '..%2Fmetadata', '404'],
    ['GET', '../fhir/Patient/alice', '404'],
    ['GET', 'Claim/1', '404'],
    ['GET', 'Claim', '404'],
    ['GET', 'Patient/alice%', '400'],
    ['GET', 'Patient?name=%', '400'],
    ['GET', 'Patient?name=%ff', '400'],
    ['GET', 'http://elsewhere.example/Patient/alice', '404'],
    ['POST', 'Patient/alice', '405'],
    ['PUT', 'Patient/alice/_history/1', '405'],
    ['DELETE', 'Patient/alice/$everything', '405'],
    ['GET', 'Patient/alice/$meta-add', '405'],
    ['PUT', '$meta', '405'],
    ['PATCH', '_history', '405'],
  ]
  const entries = wrong.map(([method, url]) => ({ resource: patient('alice'), request: { method, url } }))
  const batch = await submit(engine, 'batch', entries)
  for (const [index, [method, url, status]] of wrong.entries()) {
    const { response } = answersOf(batch)[index] ?? {}
    t.equal(response?.status, status, `${method} ${url}`)
    t.match(response?.outcome, { issue: [{ expression: [`Bundle.entry[${index}].request.url`] }] }, `${method} ${url}`)
    const refused = await submit(engine, 'transaction', [entries[index] ?? {}])
    t.equal(refused.status, 400, `${method} ${url} in a transaction`)
    t.match(refused.json.issue, [{ expression: ['Bundle.entry[0].request.url'] }])
  }
})

t.test('an entry that asks for what cannot be there is answered as a request is', async t => {
  verifies('fhir-rest', 'REST-94')
  const urls = ['Practitioner/dr/Observation', 'Patient/al_ice', 'Patient/a%2Fb', 'Patient/a%2Flice/_history']
  const entries = [...urls, 'Patient/%2524everything', 'Patient/alice/Claim'].map(url => ({
    request: { method: 'GET', url },
  }))
  const batch = await submit(engine, 'batch', entries)
  for (const { response } of answersOf(batch)) t.equal(response.status, '404', JSON.stringify(response))
  for (const entry of entries) {
    const refused = await submit(engine, 'transaction', [entry])
    t.equal(refused.status, 404, entry.request.url)
    t.match(refused.json.issue, [{ expression: ['Bundle.entry[0]'] }])
  }
})

t.test('a search in an entry has its parameters in the url', async t => {
  const entry = { resource: parameters(), request: { method: 'POST', url: 'Patient/_search' } }
  const batch = await submit(engine, 'batch', [entry])
  t.match(answersOf(batch)[0]?.response, { status: '400', outcome: { issue: [{ diagnostics: /request\.url/ }] } })
})

t.test('a HEAD in an entry says as much as a GET, without the resource', async t => {
  const reply = await submit(engine, 'batch', [
    { request: { method: 'HEAD', url: 'Patient/alice' } },
    { request: { method: 'HEAD', url: 'Patient/alice/$everything' } },
  ])
  t.same(
    answersOf(reply).map(({ resource, response }) => [resource, response.status]),
    [
      [undefined, '200 OK'],
      [undefined, '200 OK'],
    ],
  )
})

t.test('when an entry was modified is said as the resource says it, to the millisecond', async t => {
  verifies('fhir-rest', 'REST-40')
  const { lastUpdated } = (await engine('/Patient/alice')).json.meta as { lastUpdated: string }
  for (const type of ['batch', 'transaction']) {
    const reply = await submit(
      engine,
      type,
      [
        { request: { method: 'GET', url: 'Patient/alice' } },
        { request: { method: 'GET', url: 'Patient/alice/_history/1' } },
        { resource: patient(`timed-${type}`), request: { method: 'PUT', url: `Patient/timed-${type}` } },
        { resource: patient('x'), request: { method: 'POST', url: 'Patient' } },
      ],
      { prefer: 'return=representation' },
    )
    const answers = answersOf(reply) as unknown as { resource?: { meta: { lastUpdated: string } }; response: Json }[]
    t.equal(answers[0]?.response.lastModified, lastUpdated, type)
    for (const { resource, response } of answers) t.equal(response.lastModified, resource?.meta.lastUpdated, type)
  }
})
