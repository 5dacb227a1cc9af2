import t from 'tap'
import { eachReference, parseReference, rewriteLinks } from '../../src/fhir/reference.ts'
import type { Json } from '../../src/fhir/types.ts'

const UUID = 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520'

t.test('references are told apart by their form', async t => {
  const forms: [string, object | undefined][] = [
    ['Patient/p1', { kind: 'local', type: 'Patient', id: 'p1' }],
    ['Patient/p1/_history/2', { kind: 'local', type: 'Patient', id: 'p1', version: '2' }],
    ['https://me.org/fhir/Patient/p1', { kind: 'local', type: 'Patient', id: 'p1' }],
    ['https://me.org/fhir/Patient/p1/_history/2', { kind: 'local', type: 'Patient', id: 'p1', version: '2' }],
    [
      'https://me.org/fhirs/Patient/p1',
      { kind: 'absolute', url: 'https://me.org/fhirs/Patient/p1', type: 'Patient', id: 'p1' },
    ],
    ['https://x.org/Patient/p1', { kind: 'absolute', url: 'https://x.org/Patient/p1', type: 'Patient', id: 'p1' }],
    ['https://x.org/a.pdf', { kind: 'absolute', url: 'https://x.org/a.pdf' }],
    ['https://x.org/Nothing/1', { kind: 'absolute', url: 'https://x.org/Nothing/1' }],
    ['#c1', { kind: 'fragment', id: 'c1' }],
    ['#', { kind: 'fragment', id: '' }],
    [UUID, { kind: 'urn', url: UUID }],
    ['urn:oid:1.2.3', { kind: 'urn', url: 'urn:oid:1.2.3' }],
    ['Practitioner?identifier=a|b', { kind: 'conditional', type: 'Practitioner', query: 'identifier=a|b' }],
    ['Nothing/1', undefined],
    ['Nothing?x=1', undefined],
    ['Patient', undefined],
    ['Patient/', undefined],
    ['Patient/a b', undefined],
    ['/Patient/1', undefined],
    ['Patient/1/x', undefined],
    ['', undefined],
  ]
  for (const [text, parsed] of forms) t.same(parseReference(text, 'https://me.org/fhir'), parsed, text)
})

const bundle = (): Json => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [
    {
      fullUrl: UUID,
      resource: {
        resourceType: 'Communication',
        id: UUID,
        text: { status: 'generated', div: `<div><a href="${UUID}">x</a><img src='${UUID}'/>${UUID}</div>` },
        contained: [{ resourceType: 'Basic', subject: { reference: UUID } }],
        extension: [
          { url: 'urn:e', valueReference: { reference: UUID } },
          { url: 'urn:e', valueUri: UUID },
          { url: 'urn:e', valueCanonical: UUID },
          { url: 'urn:e', valueString: UUID },
        ],
        instantiatesUri: [UUID, 'urn:other'],
        instantiatesCanonical: [UUID],
        _status: { extension: [{ url: 'urn:e', valueUuid: UUID }] },
        subject: { reference: `${UUID}#part`, display: UUID },
        identifier: [{ system: 'urn:s', value: UUID, assigner: { reference: UUID } }],
        payload: [{ contentString: UUID }, { contentAttachment: { url: UUID, title: UUID } }],
      },
    },
  ],
})

t.test('links are rewritten where a transaction has to, and nowhere else', async t => {
  const resource = bundle()
  const count = rewriteLinks(resource, url => (url === UUID ? 'Patient/1?a=1&b=2' : undefined))
  t.equal(count, 11)
  const to = 'Patient/1?a=1&b=2'
  const markup = 'Patient/1?a=1&amp;b=2'
  const wanted = bundle()
  const [entry] = wanted.entry as [Json & { resource: Json }]
  Object.assign(entry, { fullUrl: to })
  Object.assign(entry.resource, {
    text: { status: 'generated', div: `<div><a href="${markup}">x</a><img src="${markup}"/>${UUID}</div>` },
    contained: [{ resourceType: 'Basic', subject: { reference: to } }],
    extension: [
      { url: 'urn:e', valueReference: { reference: to } },
      { url: 'urn:e', valueUri: to },
      { url: 'urn:e', valueCanonical: UUID },
      { url: 'urn:e', valueString: UUID },
    ],
    instantiatesUri: [to, 'urn:other'],
    _status: { extension: [{ url: 'urn:e', valueUuid: to }] },
    subject: { reference: `${to}#part`, display: UUID },
    identifier: [{ system: 'urn:s', value: UUID, assigner: { reference: to } }],
    payload: [{ contentString: UUID }, { contentAttachment: { url: to, title: UUID } }],
  })
  t.same(resource, wanted)
})

t.test('when nothing is to be replaced, nothing changes', async t => {
  const resource = bundle()
  t.equal(
    rewriteLinks(resource, () => undefined),
    0,
  )
  t.same(resource, bundle())
})

t.test('every Reference is visited, with its path', async t => {
  const found: string[] = []
  eachReference(bundle(), ({ reference }, path) => found.push(`${path()} ${reference === UUID}`))
  const inside = 'Bundle.entry[0].resource'
  t.same(found, [
    `${inside}.contained[0].subject true`,
    `${inside}.extension[0].valueReference true`,
    `${inside}.subject false`,
    `${inside}.identifier[0].assigner true`,
  ])
  const logical: unknown[] = []
  const identifier = { system: 'urn:s', value: '1' }
  eachReference({ resourceType: 'Observation', subject: { type: 'Patient', identifier } }, one => logical.push(one))
  t.same(logical, [{ type: 'Patient', identifier }])
})

t.test('what is not as FHIR says is walked without harm', async t => {
  for (const wrong of [null, 1, 'x', [[]], [null], {}]) {
    const resource = { resourceType: 'Observation', subject: wrong, extension: wrong, component: wrong, text: wrong }
    t.doesNotThrow(() => rewriteLinks(resource, () => 'x'))
  }
  t.doesNotThrow(() => eachReference({}, () => t.fail()))
  t.doesNotThrow(() => eachReference({ resourceType: 'Nothing', subject: { reference: 'Patient/1' } }, () => t.fail()))
})
