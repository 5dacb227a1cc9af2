// NHS numbers are checked where they are written and where they are asked for, and never where they are read.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, namesOf, type Reply, store } from '../support/client.ts'
import { observation, patient } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const SYSTEM = 'https://fhir.nhs.uk/Id/nhs-number'
const WRONG = '9990000019'
const nhs = (value: string): Json => ({ system: SYSTEM, value })
const numbered = (id: string, value: string): Json => patient(id, { identifier: [nhs(value)] })

type Issue = { code: string; diagnostics?: string; details?: { text?: string }; expression?: string[] }
const issueOf = ({ json }: Reply): Issue => (json.issue as Issue[])[0] ?? { code: '' }
const put = (resource: Json): Promise<Reply> =>
  engine(`/${resource.resourceType}/${resource.id}`, { method: 'PUT', body: resource })
const post = (resource: Json, headers: Record<string, string> = {}): Promise<Reply> =>
  engine(`/${resource.resourceType}`, { method: 'POST', body: resource, headers })

t.test('a wrong NHS number is refused wherever it is written, with its place', async t => {
  verifies('fhir-rest', 'REST-103')
  const places: readonly [Json, string][] = [
    [numbered('p', WRONG), 'Patient.identifier[0].value'],
    [
      { resourceType: 'RelatedPerson', id: 'r', patient: { reference: 'Patient/x' }, identifier: [nhs('1111111111')] },
      'RelatedPerson.identifier[0].value',
    ],
    [observation('o', '', { subject: { identifier: nhs(WRONG) } }), 'Observation.subject.identifier.value'],
    [
      observation('o', 'x', { contained: [numbered('c', '123')], performer: [{ reference: '#c' }] }),
      'Observation.contained[0].identifier[0].value',
    ],
    [
      patient('e', { extension: [{ url: 'http://example.org/e', valueIdentifier: nhs(WRONG) }] }),
      'Patient.extension[0].valueIdentifier.value',
    ],
  ]
  for (const [resource, expression] of places) {
    const reply = await put(resource)
    t.equal(reply.status, 422, expression)
    t.match(issueOf(reply), { code: 'value', expression: [new RegExp(expression.replace(/[[\].]/g, '.'))] })
    t.notMatch(reply.text, WRONG)
  }
})

t.test('and by a patch, in a transaction, and by $validate', async t => {
  await store(engine, [numbered('patched', '9990000026')])
  const patch = [{ op: 'replace', path: '/identifier/0/value', value: WRONG }]
  const headers = { 'content-type': 'application/json-patch+json' }
  t.equal((await engine('/Patient/patched', { method: 'PATCH', body: patch, headers })).status, 422)
  const entry = [
    { resource: patient('fine'), request: { method: 'PUT', url: 'Patient/fine' } },
    { resource: numbered('wrong', WRONG), request: { method: 'PUT', url: 'Patient/wrong' } },
  ]
  const reply = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
  t.equal(reply.status, 422)
  t.match(issueOf(reply).expression?.[0], /^Bundle\.entry\[1\]\.resource\.ofType\(Patient\)\.identifier\[0\]\.value$/)
  t.equal((await engine('/Patient/fine')).status, 404, 'nothing is half-written')
  const validated = await engine('/Patient/$validate', { method: 'POST', body: numbered('wrong', WRONG) })
  t.equal(validated.status, 200)
  t.match(issueOf(validated), { severity: 'error', expression: ['Patient.identifier[0].value'] })
})

t.test('identifiers of other systems, and one without a value, are not looked at', async t => {
  const absent = { system: SYSTEM, _value: { extension: [{ url: 'http://example.org/none', valueCode: 'unknown' }] } }
  const others = [{ system: 'https://trust.example.org/Id/mrn', value: WRONG }, { value: WRONG }, absent]
  t.equal((await put(patient('other', { identifier: others }))).status, 201)
})

t.test('spaces and hyphens are taken, and bare digits are kept: there is one spelling to compare', async t => {
  verifies('fhir-rest', 'REST-104')
  t.equal((await put(numbered('spaced', '999 000 0034'))).status, 201)
  t.match((await engine('/Patient/spaced')).json, { identifier: [nhs('9990000034')] })
  for (const written of ['9990000034', '999 000 0034', '999-000-0034'])
    t.same(namesOf(await engine(`/Patient?identifier=${SYSTEM}|${written}`)), ['Patient/spaced'], written)
  await store(engine, [observation('named', '', { subject: { type: 'Patient', identifier: nhs('999-000-0034') } })])
  for (const query of ['patient=spaced', `patient.identifier=${SYSTEM}|999 000 0034`])
    t.same(namesOf(await engine(`/Observation?${query}`)), ['Observation/named'], query)
  const patch = [{ op: 'replace', path: '/identifier/0/value', value: '999 000 0042' }]
  const headers = { 'content-type': 'application/json-patch+json' }
  t.equal((await engine('/Patient/spaced', { method: 'PATCH', body: patch, headers })).status, 200)
  t.match((await engine('/Patient/spaced')).json, { identifier: [nhs('9990000042')] })
})

t.test('a search for a wrong NHS number is refused, also through references and in conditions of writes', async t => {
  verifies('fhir-rest', 'REST-103')
  const asked = [
    engine(`/Patient?identifier=${SYSTEM}|${WRONG}`),
    engine(`/Patient?identifier:not=${SYSTEM}|${WRONG}`),
    engine(`/Patient?identifier=${SYSTEM}|9990000018,${SYSTEM}|0000000000`),
    engine(`/Observation?patient.identifier=${SYSTEM}|${WRONG}`),
    engine(`/Observation?patient:identifier=${SYSTEM}|${WRONG}`),
    engine(`/Patient?_has:Observation:patient:subject:identifier=${SYSTEM}|${WRONG}`),
    engine(`/Patient?identifier=${SYSTEM}|${WRONG}`, { method: 'PUT', body: { resourceType: 'Patient' } }),
    engine(`/Patient?identifier=${SYSTEM}|${WRONG}`, { method: 'DELETE' }),
    post({ resourceType: 'Patient' }, { 'if-none-exist': `identifier=${SYSTEM}|${WRONG}` }),
  ]
  for (const reply of await Promise.all(asked)) {
    t.equal(reply.status, 400, reply.text)
    t.notMatch(reply.text, WRONG)
  }
  const conditional = observation('conditional', '', {
    subject: { reference: `Patient?identifier=${SYSTEM}|${WRONG}` },
  })
  const entry = [{ resource: conditional, request: { method: 'PUT', url: 'Observation/conditional' } }]
  const reply = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
  t.equal(reply.status, 400)
  t.match(issueOf(reply).expression?.[0], /subject/)
  t.notMatch(reply.text, WRONG)
})

t.test('what is stored with a wrong number is read and found as before', async t => {
  await store(engine, [numbered('older', '9990000050')])
  const { rowCount } = await s.pool.query(
    `update patient set content = replace(content, '9990000050', '${WRONG}') where id = 'older'`,
  )
  t.equal(rowCount, 1)
  t.match((await engine('/Patient/older')).json, { identifier: [nhs(WRONG)] })
  t.same(namesOf(await engine('/Patient?_id=older')), ['Patient/older'])
})
