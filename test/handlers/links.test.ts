// What the entries of a transaction say of each other. https://hl7.org/fhir/R4/http.html#trules
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, type Reply, store } from '../support/client.ts'
import { made, patient, reference } from '../support/made.ts'
import { server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const URN = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'

const transaction = (...entry: Json[]): Promise<Reply> =>
  engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
const post = (type: string, resource: Json, more: Json = {}): Json => ({
  resource: { resourceType: type, ...resource },
  request: { method: 'POST', url: type },
  ...more,
})
const put = (resource: Json, more: Json = {}): Json => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  ...more,
})

t.test('a reference to another entry is to one of the types of its element, as any reference is', async t => {
  verifies('fhir-rest', 'REST-43')
  const ward = post('Organization', { name: 'Ward' }, { fullUrl: URN })
  const before = await storedVersions(s.pool)
  const wrong: [expression: string, resource: Json][] = [
    ['link[0].other', { link: [{ other: reference(URN), type: 'refer' }] }],
    ['generalPractitioner[1]', { generalPractitioner: [reference(URN), { reference: URN, type: 'Practitioner' }] }],
    [
      'contained[0].ofType(PractitionerRole).practitioner',
      {
        contained: [{ resourceType: 'PractitionerRole', id: 'role', practitioner: reference(URN) }],
        generalPractitioner: [reference('#role')],
      },
    ],
  ]
  for (const [expression, resource] of wrong) {
    const reply = await transaction(post('Patient', resource), ward)
    t.equal(reply.status, 422, `${expression} ${reply.text.slice(0, 200)}`)
    t.match(
      reply.text,
      `Bundle.entry[0].resource.ofType(Patient).${expression.replace('.ofType(PractitionerRole)', '')}`,
    )
    t.match(reply.text, 'Organization')
  }
  t.same(await storedVersions(s.pool), before)
  const right = {
    managingOrganization: { reference: URN, type: 'Organization' },
    generalPractitioner: [reference(URN)],
  }
  t.equal((await transaction(post('Patient', right), ward)).status, 200)
})

t.test('a fullUrl of this server is that of the resource, or nothing would be sure to lead where it says', async t => {
  verifies('fhir-rest', 'REST-43')
  const base = `${s.baseUrl}/fhir`
  await store(engine, [made('Practitioner', 'other'), made('Practitioner', 'one')])
  const one = made('Practitioner', 'one', { active: true })
  const hers = put(patient('hers', { generalPractitioner: [reference('Practitioner/other')] }))
  const reply = await transaction(put(one, { fullUrl: `${base}/Practitioner/other` }), hers)
  t.equal(reply.status, 400)
  t.match(reply.text, 'Bundle.entry[0].fullUrl')
  t.equal((await engine('/Patient/hers')).status, 404)
  t.equal((await transaction(put(one, { fullUrl: `${base}/Practitioner/one` }), hers)).status, 200)
  const elsewhere = 'http://elsewhere.example/fhir/Practitioner/other'
  t.equal((await transaction(put(one, { fullUrl: elsewhere }))).status, 200, 'another server has other ids')
  t.match((await engine('/Patient/hers')).json, { generalPractitioner: [{ reference: 'Practitioner/other' }] })
})
