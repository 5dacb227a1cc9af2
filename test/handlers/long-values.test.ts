// What is longer than anybody means is text all the same.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { client, namesOf } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))

t.test('values longer than an entry of any index are stored, and found by all of them or their beginning', async t => {
  verifies('fhir-rest', 'REST-101')
  // Nothing in it repeats, so that it cannot be made small.
  const long = randomBytes(30_000).toString('hex')
  const system = `http://example.org/${long}`
  const coding = [{ system, code: long, display: long }]
  const made: [path: string, resource: object, search: [string, string]][] = [
    ['/Patient', { resourceType: 'Patient', name: [{ family: long, text: long }] }, ['family', long]],
    ['/Patient', { resourceType: 'Patient', name: [{ family: long }] }, ['family', long.slice(0, 100)]],
    [
      '/Patient',
      { resourceType: 'Patient', identifier: [{ system, value: long }] },
      ['identifier', `${system}|${long}`],
    ],
    ['/Organization', { resourceType: 'Organization', name: long, meta: { source: system } }, ['_source', system]],
    ['/Observation', { resourceType: 'Observation', status: 'final', code: { coding, text: long } }, ['code', long]],
    [
      '/Observation',
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        valueQuantity: { value: 1.5, unit: long, system, code: long },
        subject: { reference: system, display: long },
      },
      ['subject', system],
    ],
  ]
  for (const [path, resource, search] of made) {
    const { status, json, text } = await engine(path, { method: 'POST', body: resource })
    t.equal(status, 201, text.slice(0, 300))
    const found = await engine(`${path}/_search`, { method: 'POST', body: new URLSearchParams([search]) })
    t.ok(namesOf(found).includes(`${path.slice(1)}/${json.id}`), `${path} by ${search[0]}`)
  }
})
