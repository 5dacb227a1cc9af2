import type { Bundle } from 'fhir/r4.js'
import { Client } from 'fhir-kit-client'
import t from 'tap'
import { demoServer } from '../support/demo.ts'
import { engineToken, patientToken } from '../support/token.ts'

const server = await demoServer(t)
const baseUrl = `${server.baseUrl}/fhir`
const engine = new Client({ baseUrl, bearerToken: await engineToken(server) })
const alice = new Client({ baseUrl, bearerToken: await patientToken(server, 'alice') })
const idsOf = (bundle: unknown): string[] => (bundle as Bundle).entry?.map(({ resource }) => resource?.id ?? '') ?? []

t.test('calls operations, by GET and by POST', async t => {
  const record = { name: 'everything', resourceType: 'Patient', id: 'alice' }
  const got = idsOf(await alice.operation({ ...record, method: 'GET' }))
  t.ok(got.includes('electrolytes') && got.includes('dr-shah'))
  t.same(idsOf(await alice.operation({ ...record, input: { resourceType: 'Parameters' } })), got)
  const newest = { name: 'lastn', resourceType: 'Observation', method: 'GET' as const, input: { patient: 'alice' } }
  t.same(idsOf(await alice.operation(newest)).sort(), ['haemoglobin', 'potassium', 'sodium'])
  const input = { resourceType: 'Patient', gender: 'female' }
  t.match(await engine.operation({ name: '$validate', resourceType: 'Patient', input }), {
    resourceType: 'OperationOutcome',
  })
})
