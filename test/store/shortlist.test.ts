// Chains and _has find the same whether what they lead to is little or much.
import t from 'tap'
import type { Json } from '../../src/fhir/types.ts'
import { client, linkOf, namesOf, store } from '../support/client.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))
const MANY = 230
const EACH = 10
const UCUM = 'http://unitsofmeasure.org'

const people = Array.from({ length: MANY }, (_, index) => ({
  resourceType: 'Patient',
  id: `p${index}`,
  name: [{ family: index < 5 ? 'Few' : 'Many' }],
}))
const values = people.flatMap(({ id }, index) =>
  Array.from({ length: EACH }, (_, number) => ({
    resourceType: 'Observation',
    id: `${id}-${number}`,
    status: number === 0 && index < 3 ? 'amended' : 'final',
    code: { coding: [{ system: 'urn:tests', code: index % 2 === 0 ? 'even' : 'odd' }] },
    subject: { reference: `Patient/${id}` },
    performer: [{ reference: `Practitioner/d${index % 4}` }],
    // A number, in every tenth person more than that.
    valueQuantity: { value: number, ...(index % 10 === 0 ? { comparator: '>' } : {}), system: UCUM, code: 'g/L' },
  })),
)
await store(engine, [
  ...['Few', 'Few', 'Few', 'Other'].map((family, index) => ({
    resourceType: 'Practitioner',
    id: `d${index}`,
    name: [{ family }],
  })),
  ...people,
  // Many, of whom nothing is known but their names.
  ...Array.from({ length: 60 }, (_, index) => ({
    resourceType: 'Patient',
    id: `l${index}`,
    name: [{ family: 'Lonely' }],
  })),
  ...values,
  {
    resourceType: 'Appointment',
    id: 'of-two',
    status: 'booked',
    start: '2026-01-01T10:00:00Z',
    end: '2026-01-01T10:30:00Z',
    participant: ['p0', 'p200'].map(id => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' })),
  },
] as Json[])

/** All that a search finds, on all its pages. */
async function everything(path: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (let next: string | undefined = `${path}&_count=700`; next !== undefined; ) {
    const reply = await engine(next)
    if (reply.status !== 200) throw new Error(reply.text)
    for (const name of namesOf(reply)) found.add(name)
    next = linkOf(reply, 'next')
  }
  return found
}

const total = async (path: string) => (await engine(`${path}&_summary=count`)).json.total

t.test('a chain to few and to many patients', async t => {
  const few = await everything('/Observation?patient.name=few')
  const many = await everything('/Observation?patient.name=many')
  t.equal(few.size, 5 * EACH)
  t.equal(many.size, (MANY - 5) * EACH)
  t.equal(await total('/Observation?patient.name=few'), few.size)
  t.equal(await total('/Observation?patient.name=many'), many.size)
  t.equal((await everything('/Observation?patient.name=few,many')).size, MANY * EACH)
  t.equal((await everything('/Observation?patient.name=many&patient=p7')).size, EACH)
  t.equal((await everything('/Observation?patient.name=few&status=amended')).size, 3)
  t.equal((await everything('/Observation?patient.name=nobody')).size, 0)
  t.equal((await everything('/Observation?patient.name=lonely')).size, 0, 'many, but nothing is theirs')
  t.equal(await total('/Observation?patient.name=lonely,few'), few.size)
})

t.test('a chain to few and to many through other references', async t => {
  const [few, other] = [
    await everything('/Observation?performer.family=few'),
    await everything('/Observation?performer.family=other'),
  ]
  t.equal(few.size + other.size, MANY * EACH)
  t.equal(other.size, Math.floor(MANY / 4) * EACH)
  t.equal(await total('/Observation?performer.family=few'), few.size)
  t.equal(await total('/Patient?_has:Observation:patient:performer.family=few'), MANY - Math.floor(MANY / 4))
})

t.test('a chain from what is about several patients', async t => {
  t.same([...(await everything('/Appointment?patient.name=few'))], ['Appointment/of-two'])
  t.same([...(await everything('/Appointment?patient.name=many'))], ['Appointment/of-two'])
  t.equal((await everything('/Appointment?patient.name=nobody')).size, 0)
})

/** The values that a number matches, counted without the server: those of every tenth person are open to above. */
const expected = (isMatch: (value: number, isOpen: boolean, index: number) => boolean): number =>
  people
    .flatMap((_, index) => Array.from({ length: EACH }, (_, value) => isMatch(value, index % 10 === 0, index)))
    .filter(Boolean).length

const EVERY: readonly [string, (value: number, isOpen: boolean) => boolean][] = [
  ['gt4', (value, isOpen) => isOpen || value > 4],
  ['ge9', (value, isOpen) => isOpen || value >= 9],
  ['gt99', (_, isOpen) => isOpen],
  ['lt1', value => value < 1],
  ['lt5', value => value < 5],
  ['le2', (value, isOpen) => value < 2 || (value === 2 && !isOpen)],
  ['eq3', (value, isOpen) => value === 3 && !isOpen],
  ['ne3', (value, isOpen) => isOpen || value !== 3],
  ['sa7', (value, isOpen) => value > 7 || (isOpen && value === 7)],
  ['eb2', (value, isOpen) => value < 2 && !isOpen],
]

t.test('numbers, whether few or many of them match', async t => {
  for (const [written, isMatch] of EVERY) {
    const found = await everything(`/Observation?value-quantity=${written}|${UCUM}|g/L`)
    const wanted = expected(isMatch)
    t.equal(found.size, wanted, written)
    t.equal(await total(`/Observation?value-quantity=${written}|${UCUM}|g/L`), wanted, written)
  }
})

t.test('a code and its number, of which each may match much and both little', async t => {
  const isEven = (index: number) => index % 2 === 0
  for (const [written, isMatch] of [
    ['even$gt4', (value, isOpen, index) => isEven(index) && (isOpen || value > 4)],
    ['odd$gt8', (value, isOpen, index) => !isEven(index) && (isOpen || value > 8)],
    ['odd$gt99', (_, isOpen, index) => !isEven(index) && isOpen],
    ['even$gt99', (_, isOpen, index) => isEven(index) && isOpen],
    ['none$gt4', () => false],
  ] as readonly [string, Parameters<typeof expected>[0]][]) {
    const search = `/Observation?code-value-quantity=${written}|${UCUM}|g/L`
    t.equal((await everything(search)).size, expected(isMatch), written)
    t.equal(await total(search), expected(isMatch), written)
  }
  const either = await everything('/Observation?code-value-quantity=even$gt8,odd$lt1')
  t.equal(
    either.size,
    expected((value, isOpen, index) => (isEven(index) ? isOpen || value > 8 : value < 1)),
  )
})

t.test('_has by few and by many', async t => {
  t.same([...(await everything('/Patient?_has:Observation:patient:status=amended'))].sort(), [
    'Patient/p0',
    'Patient/p1',
    'Patient/p2',
  ])
  t.equal((await everything('/Patient?_has:Observation:patient:status=final')).size, MANY)
  t.equal(await total('/Patient?_has:Observation:patient:status=final&name=few'), 5)
  t.same([...(await everything('/Practitioner?_has:Observation:performer:status=final'))].sort(), [
    'Practitioner/d0',
    'Practitioner/d1',
    'Practitioner/d2',
    'Practitioner/d3',
  ])
  t.equal((await everything('/Practitioner?_has:Observation:performer:status=cancelled')).size, 0)
})
