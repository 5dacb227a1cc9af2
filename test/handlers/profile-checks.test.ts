import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, type Reply } from '../support/client.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'
import { canonical, packageOf, profile } from '../validation/profiles/packages.ts'

const named = canonical('named')
const aged = canonical('aged')
const dated = canonical('dated')
const folder = packageOf(t, [
  profile('named', 'Patient', [{ id: 'Patient.name', min: 1 }]),
  profile('aged', 'Patient', [
    { id: 'Patient.birthDate', min: 1 },
    { id: 'Patient.gender', mustSupport: true },
  ]),
  profile('dated', 'Observation', [{ id: 'Observation.effective[x]', min: 1 }]),
  profile('switched-off', 'Observation', [{ id: 'Observation.value[x]', min: 1 }]),
])
const s = await server(t, {
  variables: {
    PORTICO_PROFILES: folder,
    PORTICO_PROFILE_MODES: `${named}=enforce,Observation@${dated}=enforce,${canonical('switched-off')}=off`,
  },
})
const engine = client(s, await engineToken(s))
const claiming = (...profile: string[]): Json => ({ resourceType: 'Patient', meta: { profile }, gender: 'female' })
const observation: Json = { resourceType: 'Observation', status: 'final', code: { text: 'x' } }
const issuesOf = ({ json }: Reply) =>
  (json.issue ?? []) as { severity: string; diagnostics: string; expression?: string[] }[]
const said = (reply: Reply) => issuesOf(reply).map(({ severity, expression }) => [severity, expression?.[0]])

t.test('a profile that is enforced and claimed is kept by every write, or nothing is stored', async t => {
  verifies('fhir-rest', 'REST-105')
  const before = await storedVersions(s.pool)
  const wrong = claiming(named)
  const refused = await engine('/Patient', { method: 'POST', body: wrong })
  t.equal(refused.status, 422)
  t.same(said(refused), [['error', 'Patient.name']])
  t.match(issuesOf(refused)[0]?.diagnostics, named, 'it is said which profile asks it')
  t.equal((await engine('/Patient/p', { method: 'PUT', body: { ...wrong, id: 'p' } })).status, 422)
  const entry = [{ resource: wrong, request: { method: 'POST', url: 'Patient' } }]
  const transaction = await engine('', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
  t.equal(transaction.status, 422)
  t.same(said(transaction), [['error', 'Bundle.entry[0].resource.ofType(Patient).name']])
  const batch = await engine('', { method: 'POST', body: { resourceType: 'Bundle', type: 'batch', entry } })
  t.match(batch.json, { entry: [{ response: { status: /^422/ } }] })
  t.same(await storedVersions(s.pool), before)
  t.equal((await engine('/Patient', { method: 'POST', body: { ...wrong, name: [{ text: 'x' }] } })).status, 201)
})

t.test('a patch may not break an enforced profile, nor may a claim that is added to what breaks it', async t => {
  verifies('fhir-rest', 'REST-105')
  const right = { ...claiming(named), id: 'q', name: [{ text: 'x' }] }
  t.equal((await engine('/Patient/q', { method: 'PUT', body: right })).status, 201)
  const headers = { 'content-type': 'application/json-patch+json' }
  const body = [{ op: 'remove', path: '/name' }]
  t.equal((await engine('/Patient/q', { method: 'PATCH', headers, body })).status, 422)
  t.equal((await engine('/Patient/r', { method: 'PUT', body: { resourceType: 'Patient', id: 'r' } })).status, 201)
  const meta = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { profile: [named] } }] }
  t.equal((await engine('/Patient/r/$meta-add', { method: 'POST', body: meta })).status, 422)
})

t.test('a profile that all of a type have to keep is kept by those that do not claim it', async t => {
  verifies('fhir-rest', 'REST-105')
  const refused = await engine('/Observation', { method: 'POST', body: observation })
  t.equal(refused.status, 422)
  t.same(said(refused), [['error', 'Observation.effective']])
  const right = { ...observation, effectiveDateTime: '2024' }
  t.equal((await engine('/Observation', { method: 'POST', body: right })).status, 201)
})

t.test('a profile that only warns refuses nothing, and is said to who asks', async t => {
  verifies('fhir-rest', 'REST-106')
  const body = claiming(aged)
  t.equal((await engine('/Patient', { method: 'POST', body })).status, 201)
  const headers = { prefer: 'return=OperationOutcome' }
  const told = await engine('/Patient', { method: 'POST', body, headers })
  t.equal(told.status, 201)
  t.same(said(told), [
    ['information', undefined],
    ['warning', 'Patient.birthDate'],
  ])
  const entry = [{ resource: body, request: { method: 'POST', url: 'Patient' } }]
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  const answer = await engine('', { method: 'POST', body: bundle, headers })
  t.match(answer.json, { entry: [{ response: { status: /^201/, outcome: { issue: [{}, { severity: 'warning' }] } } }] })
})

t.test('$validate checks what is claimed, and what is asked for also where it is off', async t => {
  verifies('fhir-rest', 'REST-106')
  const ask = (body: Json, query = '') => engine(`/${body.resourceType}/$validate${query}`, { method: 'POST', body })
  t.same(said(await ask(claiming(aged))), [['warning', 'Patient.birthDate']])
  t.same(said(await ask(claiming(named))), [['error', 'Patient.name']], 'what a write would be refused for')
  t.same(said(await ask({ resourceType: 'Patient', gender: 'female' }, `?profile=${aged}`)), [
    ['error', 'Patient.birthDate'],
  ])
  const bare = await ask({ resourceType: 'Patient', birthDate: '1970-01-01' }, `?profile=${aged}`)
  t.match(bare.text, 'Nothing is wrong with it', 'what is must-support and not there is no fault')
  t.match(bare.text, 'Must-support, and not there: Patient.gender')
  const off = canonical('switched-off')
  const right = { ...observation, effectiveDateTime: '2024' }
  t.same(said(await ask({ ...right, meta: { profile: [off] } })), [['information', undefined]])
  t.same(said(await ask(right, `?profile=${off}`)), [['error', 'Observation.value']])
  t.match((await ask(right, `?profile=${aged}`)).text, /aged is not loaded here/, 'it is a profile of another type')
})

t.test('the CapabilityStatement lists the profiles that are loaded and not switched off', async t => {
  verifies('fhir-rest', 'REST-107')
  const { json } = await engine('/metadata')
  const { rest } = json as { rest: { resource: { type: string; supportedProfile?: string[] }[] }[] }
  const of = (type: string) => rest[0]?.resource.find(one => one.type === type)?.supportedProfile ?? []
  t.ok([named, aged].every(url => of('Patient').includes(url)))
  t.ok(
    of('Patient').some(url => url.includes('/ipa/')),
    'beside those that are declared',
  )
  t.ok(of('Observation').includes(dated))
  t.notOk(of('Observation').includes(canonical('switched-off')))
})
