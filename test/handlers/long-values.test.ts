// What is longer than anybody means is text all the same.
import { randomBytes } from 'node:crypto'
import t from 'tap'
import { client, namesOf, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'
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

t.test('no number that is stored breaks a search by words, or an order', async t => {
  const alice = client(s, await patientToken(s, 'alice'))
  const measured = (id: string, value: string) =>
    engine(`/Observation/${id}`, {
      method: 'PUT',
      body:
        `{"resourceType":"Observation","id":"${id}","status":"final","code":{"text":"sodium"},"identifier":[{"value":"${id}"}],` +
        `"subject":{"reference":"Patient/alice"},"valueQuantity":{"value":${value}}}`,
    })
  await store(engine, [minimal('Patient', 'alice')])
  for (const [index, value] of ['1e999', '-1e-999', '9.99e+999', '0e0'].entries())
    t.equal((await measured(`right-${index}`, value)).status, 201, value)
  for (const value of ['1e1000', '1e1000000000', '1e-20000', '0e131073']) {
    const refused = await measured('wrong', value)
    t.equal(refused.status, 422, value)
    t.match(refused.text, 'exponent')
  }
  for (const search of ['_content=sodium', '_sort=identifier', '_sort=value-quantity'])
    t.equal(namesOf(await alice(`/Observation?${search}`)).length, 4, search)
})

t.test('no text that is stored breaks a search by words, however long it is and whatever it is made of', async t => {
  const alice = client(s, await patientToken(s, 'alice'))
  const many = (count: number, word: (index: number) => string) =>
    `sodium ${Array.from({ length: count }, (_, index) => word(index)).join(' ')}`
  const texts = {
    wide: many(80_000, index => String.fromCodePoint(0x20000 + (index % 40_000), 0x4e00 + (index % 20_000), 0x4e01)),
    single: many(250_000, index => String.fromCodePoint(0x4e00 + (index % 20_000))),
    apart: many(60_000, index => `\ufdfa${index}`),
    addresses: many(40_000, index => `a${index}.example.org/${index}/x?y=${index}`),
    hyphens: many(90_000, index => `a-b${index}-c`),
    short: many(300_000, index => index.toString(36)),
  }
  for (const [id, text] of Object.entries(texts)) {
    const div = `<div xmlns="http://www.w3.org/1999/xhtml">${text.replaceAll('&', ' ')}</div>`
    const note = [{ text }]
    const long = { ...minimal('Observation', id), subject: { reference: 'Patient/alice' }, status: 'final', note }
    await store(engine, [{ ...long, text: { status: 'generated', div } }])
    for (const search of ['_content=sodium', '_text=sodium'])
      t.same(namesOf(await alice(`/Observation?_id=${id}&${search}`)), [`Observation/${id}`], `${id} ${search}`)
  }
})
