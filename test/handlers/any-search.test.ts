// Searches put together at random from what searches are made of: each is answered, or refused as the client's mistake.
import fc from 'fast-check'
import t from 'tap'
import { definitions, servedTypes } from '../../src/resources/index.ts'
import { client, namesOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken, patientToken } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const alice = client(s, await patientToken(s, 'alice'))
await store(engine, [
  { resourceType: 'Patient', id: 'alice', name: [{ family: 'Archer' }], birthDate: '1984-02-29' },
  {
    resourceType: 'Observation',
    id: 'one',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '1' }], text: 'One' },
    subject: { reference: 'Patient/alice' },
    valueQuantity: { value: 1.5, system: 'http://unitsofmeasure.org', code: 'mg', unit: 'mg' },
  },
])

const MODIFIERS = [
  ...[
    'missing',
    'exact',
    'contains',
    'not',
    'text',
    'in',
    'not-in',
    'of-type',
    'above',
    'below',
    'identifier',
    'x',
    '',
  ],
  ...['Patient', 'Observation', 'Group', 'Nothing'],
]
const VALUES = [
  ...['1', 'a', 'true', 'false', 'alice', 'Patient/alice', 'ge2020', '2020-02-30', '9999-12-31', 'lt0001', 'ap0001'],
  ...['a|b', '|b', 'a|', '|', 'a|b|c', 'a$b', '1$2', '$', '\\', '\\,', '\\|', 'a\\', ',', ',,', 'a,b', '%', '_', '*'],
  ...['1e999', '-1e-999', '1e400', '5|http://unitsofmeasure.org|mg', '5||((', 'eb5|u|', '+5', 'NaN', 'Infinity'],
  ...['http://example.org/a', 'urn:oid:1.2', 'ValueSet/x', 'http://hl7.org/fhir/ValueSet/administrative-gender'],
  ...["'; drop table patient;--", '"', '\u0000', '\u0007', '\ud800', '\u202e', 'é', '🏥', ' ', '\t', 'x'.repeat(3000)],
]
const RIGHT: Readonly<Record<string, readonly string[]>> = {
  token: ['a', 'a|b', '|b', 'a|'],
  string: ['a', 'Archer', "'; drop table patient;--", '%'],
  date: ['2020', 'ge2020-02', 'ap0001', 'lt9999-12-31', 'sa2020-02-29T10:00:00+14:00', 'ne2020'],
  reference: ['alice', 'http://example.org/a', 'urn:oid:1.2'],
  quantity: ['1', 'ap-1e300', 'lt1.50|http://unitsofmeasure.org|mg', 'eb5||x', '5|u|[pH]'],
  uri: ['http://example.org/a', 'a'],
  composite: ['a$1', 'a$b', 'a|b$2020'],
}
const oneOf = <T>(values: readonly T[]) => fc.constantFrom(...values)
const searchOf = (type: string) => definitions.get(type)?.search ?? {}
const namesOfReferences = (type: string) =>
  Object.keys(searchOf(type)).filter(param => searchOf(type)[param]?.type === 'reference')

type Pair = readonly [name: string, value: string]

const anyValue = fc.oneof(oneOf(VALUES), fc.string({ unit: 'binary', maxLength: 20 }))

/** A parameter of a type, mostly with a value of its kind, sometimes with a modifier. */
const plain = (type: string): fc.Arbitrary<Pair> =>
  fc
    .record({
      param: oneOf([...Object.keys(searchOf(type)), '_id', '_lastUpdated', '_has', 'constructor', '__proto__']),
      modifier: fc.option(oneOf(MODIFIERS), { freq: 1, nil: undefined }),
      isRight: fc.nat(3),
      other: anyValue,
      index: fc.nat(20),
    })
    .map(({ param, modifier, isRight, other, index }) => {
      const right = RIGHT[searchOf(type)[param]?.type ?? ''] ?? ['a']
      const value = isRight > 0 ? (modifier === 'missing' ? 'true' : (right[index % right.length] ?? '')) : other
      return [modifier === undefined ? param : `${param}:${modifier}`, value]
    })

/** The same behind a chain or `_has` to the type. */
const linked = (type: string): fc.Arbitrary<Pair> =>
  fc.tuple(oneOf(servedTypes), fc.boolean()).chain(([other, isNamed]) => {
    const references = namesOfReferences(type)
    const back = namesOfReferences(other)
    const prefixes = [
      ...references.map(param => (isNamed ? `${param}:${other}.` : `${param}.`)),
      ...back.map(param => `_has:${other}:${param}:`),
    ]
    return fc
      .tuple(oneOf(prefixes.length > 0 ? prefixes : ['subject.']), fc.oneof(plain(other), plain('Patient')))
      .map(([prefix, [name, value]]): Pair => [`${prefix}${name}`, value])
  })

const search = fc.tuple(oneOf(servedTypes), oneOf([engine, alice])).chain(([type, ask]) =>
  fc.record({
    type: fc.constant(type),
    ask: fc.constant(ask),
    params: fc.array(
      fc.oneof(
        { weight: 10, arbitrary: plain(type) },
        { weight: 10, arbitrary: linked(type) },
        { weight: 1, arbitrary: fc.tuple(fc.string({ maxLength: 20 }), anyValue) },
      ),
      { minLength: 1, maxLength: 3 },
    ),
  }),
)

t.test('no search breaks the server, whatever it is made of', async t => {
  const seen: Record<number, number> = {}
  await fc.assert(
    fc.asyncProperty(search, async ({ type, params, ask }) => {
      const body = new URLSearchParams(params.map(([name, value]) => [name, value]))
      const { status, json } = await ask(`/${type}/_search`, { method: 'POST', body })
      seen[status] = (seen[status] ?? 0) + 1
      if (status !== 200 && json.resourceType !== 'OperationOutcome') return false
      return [200, 400, 403].includes(status)
    }),
    { numRuns: 1000 },
  )
  t.ok((seen[200] ?? 0) > 50 && (seen[400] ?? 0) > 50, JSON.stringify(seen))
  t.same(namesOf(await engine('/Patient?name=archer')), ['Patient/alice'], 'and everything is still there')
})

t.test('a search of more values than anybody means is refused', async t => {
  for (const [name, values] of [
    ['value-string', 3000],
    ['date', 3000],
    ['subject.family', 600],
  ] as const) {
    const body = new URLSearchParams({
      [name]: Array.from({ length: values }, (_, index) => 2000 + (index % 20)).join(','),
    })
    const reply = await engine('/Observation/_search', { method: 'POST', body })
    t.equal(reply.status, name === 'subject.family' ? 200 : 400, `${name} ${reply.text.slice(0, 200)}`)
  }
  const slashes = new URLSearchParams({ code: `${'\\'.repeat(400_000)},a` })
  const began = performance.now()
  await engine('/Observation/_search', { method: 'POST', body: slashes })
  t.ok(performance.now() - began < 5000, 'nor does one of backslashes take its time')
})
