import t from 'tap'
import type { Json } from '../../../src/fhir/types.ts'
import { client, type Reply, store } from '../../support/client.ts'
import { server } from '../../support/server.ts'
import { storedVersions } from '../../support/stored.ts'
import { engineToken, patientToken } from '../../support/token.ts'
import { verifies } from '../../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
await store(engine, [
  { resourceType: 'Patient', id: 'alice', gender: 'female' },
  { resourceType: 'Patient', id: 'dev' },
])
const alice = client(s, await patientToken(s, 'alice'))
const post = (path: string, body: unknown, ask = engine) => ask(path, { method: 'POST', body })
const issuesOf = ({ json }: Reply) =>
  (json.issue ?? []) as { severity: string; code: string; diagnostics: string; expression?: string[] }[]
const severities = (reply: Reply) => issuesOf(reply).map(({ severity }) => severity)
const parameters = (...parameter: Json[]) => ({ resourceType: 'Parameters', parameter })

t.test('a right resource and a wrong one are both answered with 200', async t => {
  verifies('fhir-rest', 'REST-56')
  const before = await storedVersions(s.pool)
  const right = await post('/Patient/$validate', { resourceType: 'Patient', gender: 'female' })
  t.equal(right.status, 200)
  t.equal(right.json.resourceType, 'OperationOutcome')
  t.same(severities(right), ['information'])
  const wrong = await post('/Patient/$validate', { resourceType: 'Patient', gender: 'woman', surname: 'A' })
  t.equal(wrong.status, 200)
  t.same(severities(wrong), ['error', 'error'])
  t.same(
    issuesOf(wrong)
      .map(({ expression }) => expression?.[0])
      .sort(),
    ['Patient.gender', 'Patient.surname'],
  )
  t.same(severities(await post('/Observation/$validate', { resourceType: 'Patient' })), ['error'])
  t.same(await storedVersions(s.pool), before, 'nothing is stored')
})

t.test('a wrong resource in Parameters is answered with what is wrong with it, wrong Parameters with 400', async t => {
  verifies('fhir-rest', 'REST-56')
  const resource = { resourceType: 'Patient', contact: [{ gender: 'female' }], surname: 'A' }
  const wrong = await post('/Patient/$validate', parameters({ name: 'resource', resource }))
  t.equal(wrong.status, 200)
  t.same(
    issuesOf(wrong).map(({ expression }) => expression?.[0]),
    ['Patient.contact[0]', 'Patient.surname'],
  )
  t.match(wrong.text, /pat-1/)
  t.equal((await post('/Patient/$validate', parameters({ name: 'resource', resource, x: 1 }))).status, 400)
})

t.test('the resource may come in Parameters, with a mode and a profile', async t => {
  verifies('fhir-rest', 'REST-56')
  const resource = { resourceType: 'Patient', gender: 'female' }
  const profile = 'http://hl7.org/fhir/uv/ipa/StructureDefinition/ipa-patient'
  const reply = await post(
    '/Patient/$validate',
    parameters(
      { name: 'resource', resource },
      { name: 'mode', valueCode: 'create' },
      { name: 'profile', valueUri: profile },
    ),
  )
  t.same(severities(reply), ['information', 'information'])
  t.match(issuesOf(reply)[1], { code: 'not-supported', diagnostics: new RegExp(`${profile} is not loaded`) })
  const base = 'http://hl7.org/fhir/StructureDefinition/Patient'
  t.same(severities(await post(`/Patient/$validate?profile=${base}`, resource)), ['information'])
  const other = await post(
    '/Patient/$validate?profile=http://hl7.org/fhir/StructureDefinition/Observation|4.0.1',
    resource,
  )
  t.match(issuesOf(other), [{ severity: 'error', diagnostics: /It is a Patient; .* is of Observation/ }])
  const claiming = { ...resource, meta: { profile: [profile] } }
  t.match((await post('/Patient/$validate', claiming)).text, 'is not loaded')
})

t.test('on one resource: the stored one, or one that would replace it', async t => {
  t.same(severities(await alice('/Patient/alice/$validate')), ['information'])
  t.same(severities(await alice('/Patient/alice/$validate', { method: 'POST' })), ['information'])
  const other = await post('/Patient/alice/$validate', { resourceType: 'Patient', id: 'other' })
  t.match(issuesOf(other), [{ severity: 'error', expression: ['Patient.id'] }])
  t.equal((await alice('/Patient/dev/$validate')).status, 404)
  t.equal((await alice('/Patient/absent/$validate')).status, 404)
  const narrow = client(s, await patientToken(s, 'alice', 'patient/Observation.rs'))
  t.equal((await narrow('/Patient/alice/$validate')).status, 403)
  t.equal((await narrow('/Condition/any/$validate')).status, 403)
})

t.test('a mode also tells whether the token would allow it', async t => {
  const resource = { resourceType: 'Patient', id: 'alice' }
  t.match(issuesOf(await post('/Patient/alice/$validate?mode=update', resource, alice)), [
    { severity: 'error', code: 'forbidden' },
  ])
  t.same(severities(await post('/Patient/alice/$validate?mode=update', resource)), ['information'])
  const nameless = { resourceType: 'Patient' }
  t.match(issuesOf(await post('/Patient/alice/$validate?mode=update', nameless)), [
    { severity: 'error', diagnostics: 'The resource has no id; the URL says "alice"' },
  ])
  t.same(severities(await post('/Patient/alice/$validate', nameless)), ['information'])
  t.match(issuesOf(await engine('/Patient/dev/$validate?mode=delete')), [{ diagnostics: 'It may be deleted' }])
  t.match(issuesOf(await alice('/Patient/alice/$validate?mode=delete')), [{ severity: 'error', code: 'forbidden' }])
  t.equal((await engine('/Patient/dev')).status, 200, 'and does not do it')
})

t.test('what it needs is said', async t => {
  t.equal((await post('/Patient/$validate', parameters())).status, 400)
  t.equal((await engine('/Patient/$validate', { method: 'POST' })).status, 400)
  t.match((await post('/Patient/$validate?mode=upsert', { resourceType: 'Patient' })).text, 'mode must be one of')
  t.equal((await post('/Patient/$validate', parameters({ name: 'resource', valueString: 'x' }))).status, 400)
  t.equal((await engine('/Patient/$validate')).status, 405)
  t.equal((await post('/Account/$validate', { resourceType: 'Account' })).status, 404)
})

t.test('that codes were not looked up is said once, with their systems, and only where there are any', async t => {
  const coded = (code: string) => ({ coding: [{ system: 'http://snomed.info/sct', code }] })
  const unchecked = (reply: Reply) => issuesOf(reply).filter(({ diagnostics }) => /^Not looked up/.test(diagnostics))
  const two = {
    resourceType: 'Condition',
    subject: { reference: 'Patient/dev' },
    code: coded('1'),
    severity: coded('2'),
  }
  const reply = await post('/Condition/$validate', two)
  t.match(unchecked(reply), [{ severity: 'information', code: 'not-supported', diagnostics: /codes of SNOMED CT:/ }])
  t.equal(unchecked(reply).length, 1)
  const identified = { resourceType: 'Patient', gender: 'female', identifier: [{ system: 'http://x', value: '1' }] }
  t.same(unchecked(await post('/Patient/$validate', identified)), [])
  const measured = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'weight' },
    valueQuantity: { value: 1, system: 'http://unitsofmeasure.org', code: 'kg' },
  }
  t.same(severities(await post('/Observation/$validate', measured)), ['information'], 'units are looked up')
})

t.test('a code of no extensible value set is a warning in $validate and no reason to refuse a write', async t => {
  verifies('fhir-rest', 'REST-56')
  const resource = { resourceType: 'Patient', maritalStatus: { coding: [{ system: 'urn:ours', code: 'wed' }] } }
  t.match(issuesOf(await post('/Patient/$validate', resource)), [
    {
      severity: 'warning',
      code: 'code-invalid',
      diagnostics: /^"wed" of urn:ours is not of MaritalStatus \(http.*, which is to be used/,
      expression: ['Patient.maritalStatus'],
    },
    { severity: 'information', diagnostics: /^Not looked up were the codes of urn:ours/ },
  ])
  const written = await post('/Patient', resource)
  t.equal(written.status, 201)
})
