import t from 'tap'
import { historyBundle, responseBundle, type Searchset, searchset as searchsetBytes } from '../../src/fhir/bundle.ts'

const searchset = (...[address, found]: [string, Searchset]) => searchsetBytes(address, found).toString()

const base = 'https://fhir.example.org/fhir'
const found = (id: string) => ({ type: 'Patient', id, content: `{"resourceType":"Patient","id":"${id}","x":1.00}` })
const empty = { matches: [], included: [], warnings: [], links: { self: base }, updated: new Date(0) }

t.test('the stored text of a resource stands in the Bundle as it is, digits and all', async t => {
  const text = searchset(base, { ...empty, matches: [found('1')], total: undefined })
  t.match(text, '"resource":{"resourceType":"Patient","id":"1","x":1.00}')
  t.match(JSON.parse(text), { type: 'searchset', entry: [{ fullUrl: `${base}/Patient/1`, search: { mode: 'match' } }] })
})

t.test('FHIR has no empty arrays: a search without matches has no entry', async t => {
  const bundle = JSON.parse(searchset(base, { ...empty, total: 0 }))
  t.equal(bundle.total, 0)
  t.notOk('entry' in bundle)
})

t.test('what two matches include stands in the Bundle once', async t => {
  const bundle = JSON.parse(searchset(base, { ...empty, included: [found('1'), found('1')], total: 0 }))
  t.equal(bundle.entry.length, 1)
  t.equal(bundle.entry[0].search.mode, 'include')
})

t.test('a history says of every version how it came to be, and of a deletion no resource', async t => {
  const updated = new Date(0)
  const patient = { type: 'Patient', id: '1' }
  const bundle = JSON.parse(
    historyBundle(base, {
      versions: [
        { ...patient, version: 3, updated, method: 'DELETE', isNew: false, content: undefined },
        { ...patient, version: 2, updated, method: 'PUT', isNew: false, content: '{}' },
        { ...patient, version: 1, updated, method: 'POST', isNew: true, content: '{}' },
      ],
      total: 3,
      links: { self: base },
    }),
  )
  t.same(
    bundle.entry.map((entry: { request: { method: string; url: string } }) => entry.request),
    [
      { method: 'DELETE', url: 'Patient/1' },
      { method: 'PUT', url: 'Patient/1' },
      { method: 'POST', url: 'Patient' },
    ],
  )
  t.notOk('resource' in bundle.entry[0])
  t.equal(bundle.entry[1].response.etag, 'W/"2"')
})

t.test('an entry of the answer that brings no resource has only its response', async t => {
  const bundle = JSON.parse(
    responseBundle('transaction-response', [{ status: '201 Created', location: 'Patient/1/_history/1' }]),
  )
  t.same(bundle.entry, [{ response: { status: '201 Created', location: 'Patient/1/_history/1' } }])
})
