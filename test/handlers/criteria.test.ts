// What a conditional write may ask: whatever a search may, in the same words. https://hl7.org/fhir/R4/http.html#ccreate
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, namesOf, type Reply, store } from '../support/client.ts'
import { made, observation, patient, reference } from '../support/made.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const NHS = 'https://fhir.nhs.uk/Id/nhs-number'
const V2 = 'http://terminology.hl7.org/CodeSystem/v2-0203'
const LOINC = 'http://loinc.org'

const sodium = observation('sodium', 'alice', {
  identifier: [{ system: 'http://x', value: 's,1', type: { coding: [{ system: V2, code: 'PLAC' }] } }],
  code: { coding: [{ system: LOINC, code: '2951-2', display: 'Sodium' }] },
  effectiveDateTime: '2026-01-02T10:00:00Z',
  valueQuantity: { value: 140, unit: 'mmol/L', system: 'http://unitsofmeasure.org', code: 'mmol/L' },
  meta: { tag: [{ code: 'first' }] },
  encounter: reference('Encounter/visit'),
})
const other = observation('other', 'bob', {
  code: { text: 'other' },
  effectiveDateTime: '2026-02-02',
  meta: { tag: [{ code: 'second' }] },
})
await store(engine, [
  patient('alice', { identifier: [{ system: NHS, value: '9000000009' }], name: [{ family: 'Archer' }] }),
  patient('bob', { identifier: [{ system: NHS, value: '9000000017' }], name: [{ family: 'Baker' }] }),
  made('Encounter', 'visit', { status: 'finished', class: { code: 'AMB' }, subject: reference('Patient/alice') }),
  sodium,
  other,
  made('Provenance', 'signed', {
    target: [reference('Observation/sodium')],
    recorded: '2026-01-02T10:00:00Z',
    agent: [{ who: { display: 'x' } }],
    entity: [{ role: 'source', what: reference('DocumentReference/paper') }],
  }),
])

/** Criteria that match the Observation `sodium` and nothing else, and the same with a value that nothing has. */
const CRITERIA: readonly [matching: string, missing: string][] = [
  ['_id=sodium', '_id=nothing'],
  ['_tag=first', '_tag=third'],
  ['_lastUpdated=ge2020&_tag=first', '_lastUpdated=lt2020'],
  ['identifier=http://x|s%5C,1', 'identifier=http://x|s%5C,2'],
  ['identifier=s%5C,1', 'identifier=|s%5C,1'],
  [`identifier:of-type=${V2}|PLAC|s%5C,1`, `identifier:of-type=${V2}|FILL|s%5C,1`],
  ['code=2951-2&date=2026-01-02', 'code=2951-2&date=2026-01-03'],
  ['code:text=sod', 'code:text=pot'],
  ['code:not=other&encounter=Encounter/visit', 'code:not=2951-2&encounter=Encounter/visit'],
  ['encounter:missing=false', 'encounter:missing=false&code=other'],
  ['date=lt2026-02', 'date=gt2026-03'],
  ['value-quantity=gt100', 'value-quantity=gt200'],
  [`code-value-quantity=${LOINC}|2951-2$140`, `code-value-quantity=${LOINC}|2951-2$141`],
  ['subject=Patient/alice', 'subject=Patient/carol'],
  [`subject:identifier=${NHS}|9000000009`, `subject:identifier=${NHS}|9000000025`],
  [`subject:Patient.identifier=${NHS}|9000000009`, `subject:Patient.identifier=${NHS}|9000000025`],
  ['patient.name=archer', 'patient.name=carter'],
  ['encounter:Encounter.subject:Patient.family=Archer', 'encounter:Encounter.subject:Patient.family=Baker'],
  ['_has:Provenance:target:entity=DocumentReference/paper', '_has:Provenance:target:entity=DocumentReference/none'],
  ['code=other,2951-2&subject:Patient.family=archer', 'code=other,2951-2&subject:Patient.family=carter'],
]

const without = ({ id: _, ...resource }: Json): Json => resource
const made201 = async (reply: Reply) => {
  const path = reply.headers.location?.split('/fhir')[1]?.split('/_history')[0]
  t.equal((await engine(path ?? '', { method: 'DELETE' })).status, 204)
}
const PATCH = {
  method: 'PATCH',
  headers: { 'content-type': 'application/json-patch+json' },
  body: [{ op: 'add', path: '/language', value: 'cy' }],
}

t.test('a conditional create, update, patch and delete are about what a search would find', async t => {
  verifies('fhir-rest', 'REST-98')
  for (const [matching, missing] of CRITERIA) {
    t.same(namesOf(await engine(`/Observation?${matching}`)), ['Observation/sodium'], matching)
    const isCreated = await engine('/Observation', {
      method: 'POST',
      body: without(sodium),
      headers: { 'if-none-exist': matching },
    })
    t.equal(isCreated.status, 200, `create if none exists: ${matching}`)
    const isUpdated = await engine(`/Observation?${matching}`, { method: 'PUT', body: without(sodium) })
    t.equal(isUpdated.status, 200, `update ${matching}`)
    t.match(isUpdated.json, { id: 'sodium' })
    const isPatched = await engine(`/Observation?${matching}`, PATCH)
    t.match(isPatched, { status: 200, json: { id: 'sodium', language: 'cy' } }, `patch ${matching}`)
    t.equal((await engine(`/Observation?${matching}`, { method: 'DELETE' })).status, 204, `delete ${matching}`)
    t.equal((await engine('/Observation/sodium')).status, 410, matching)
    await store(engine, [sodium])

    const before = (await engine('/Observation/sodium')).headers.etag
    const created = await engine('/Observation', {
      method: 'POST',
      body: without(sodium),
      headers: { 'if-none-exist': missing },
    })
    t.equal(created.status, 201, missing)
    await made201(created)
    const updated = await engine(`/Observation?${missing}`, { method: 'PUT', body: without(sodium) })
    t.equal(updated.status, 201, missing)
    await made201(updated)
    t.equal((await engine(`/Observation?${missing}`, PATCH)).status, 404, missing)
    t.equal((await engine(`/Observation?${missing}`, { method: 'DELETE' })).status, 204, missing)
    t.equal((await engine('/Observation/sodium')).headers.etag, before, missing)
  }
})

t.test('the same criteria work in the entries of a transaction', async t => {
  verifies('fhir-rest', 'REST-98')
  for (const [matching] of CRITERIA) {
    const entry = [
      { resource: without(sodium), request: { method: 'POST', url: 'Observation', ifNoneExist: matching } },
      { resource: without(other), request: { method: 'PUT', url: `Observation?_tag=second&_id:not=nothing` } },
    ]
    const reply = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
    t.equal(reply.status, 200, `${matching} ${reply.text.slice(0, 300)}`)
    const answers = reply.json.entry as { response: { status: string; location: string } }[]
    t.match(answers[0]?.response, { status: '200 OK', location: /^Observation\/sodium\// }, matching)
    t.match(answers[1]?.response, { status: '200 OK', location: /^Observation\/other\// }, matching)
  }
})

t.test('what is no condition of a write is refused, quoted, and nothing is written', async t => {
  verifies('fhir-rest', 'REST-98')
  const wrong: readonly [criteria: string, says: RegExp][] = [
    ['', /must name something|has no condition/],
    ['nonsense=1', /nonsense/],
    ['identifier', /identifier.*no value/],
    ['identifier=', /identifier.*no value/],
    ['date=yesterday', /yesterday/],
    ['_id=a_b', /a_b/],
    ['subject:Patient.nonsense=1', /nonsense/],
    ['subject:Nonsense.name=1', /Nonsense/],
    ['_has:Provenance:nonsense:agent=1', /nonsense/],
    ['identifier:of-type=x', /of-type/],
    ['identifier:nonsense=x', /:nonsense/],
    ['code:in=http://nonsense', /not known/],
    ['_sort=date', /_sort/],
    ['_tag=first&_count=1', /_count/],
    ['_tag=first&_include=Observation:subject', /_include/],
    ['_tag=first&_revinclude=Provenance:target', /_revinclude/],
    ['_tag=first&_summary=count', /_summary/],
    ['_tag=first&_elements=id', /_elements/],
    ['_tag=first&_total=accurate', /_total/],
    ['_tag=first&_text=x', /_text/],
    ['_tag=first&_list=x', /_list/],
    ['_tag=first&name=%', /%25/],
    ['_page=x', /_page/],
    ['identifier=http://x|%00', /control character/],
  ]
  const before = await storedVersions(s.pool)
  for (const [criteria, says] of wrong) {
    const tries = {
      create: { method: 'POST', body: without(sodium), headers: { 'if-none-exist': criteria } },
      update: { method: 'PUT', body: without(sodium) },
      patch: PATCH,
      delete: { method: 'DELETE' },
    }
    for (const [what, sent] of Object.entries(tries)) {
      const reply = await engine(what === 'create' ? '/Observation' : `/Observation?${criteria}`, sent)
      t.equal(reply.status, 400, `${what} ${criteria} ${reply.text.slice(0, 200)}`)
      t.match(reply.text, says, `${what} ${criteria}`)
    }
  }
  t.same(await storedVersions(s.pool), before)
})

t.test('a type that has no identifier cannot be asked for one', async t => {
  verifies('fhir-rest', 'REST-98')
  const binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'AAAA' }
  for (const identifier of ['http://x|1', '1']) {
    const reply = await engine('/Binary', {
      method: 'POST',
      body: binary,
      headers: { 'if-none-exist': `identifier=${identifier}` },
    })
    t.equal(reply.status, 400, reply.text)
    t.match(reply.text, /identifier/)
  }
  t.equal((await engine('/Provenance?identifier=http://x|1', { method: 'DELETE' })).status, 400)
})

t.test('a format may stand beside the criteria of a URL', async t => {
  const reply = await engine('/Observation?_tag=first&_format=json&_pretty=true', {
    method: 'PUT',
    body: without(sodium),
  })
  t.equal(reply.status, 200, reply.text)
})

t.test('criteria in a header are the same text with and without escapes, in UTF-8 and in Latin-1', async t => {
  const system = 'http://example.org/\u00fcber'
  const body = made('Organization', 'x', { name: 'x', identifier: [{ system, value: 'Zo\u00eb' }] })
  const criteria = `identifier=${system}|Zo\u00eb`
  const sent = [encodeURI(criteria), criteria, Buffer.from(criteria).toString('latin1')]
  const statuses: number[] = []
  for (const header of sent)
    statuses.push(
      (await engine('/Organization', { method: 'POST', body, headers: { 'if-none-exist': header } })).status,
    )
  t.same(statuses, [201, 200, 200])
})
