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
    code: { text: 'x' },
    subject: { reference: `Patient/${id}` },
    performer: [{ reference: `Practitioner/d${index % 2}` }],
  })),
)
await store(engine, [
  { resourceType: 'Practitioner', id: 'd0', name: [{ family: 'Few' }] },
  { resourceType: 'Practitioner', id: 'd1', name: [{ family: 'Other' }] },
  ...people,
  ...values,
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
})

t.test('a chain to few and to many through other references', async t => {
  t.equal((await everything('/Observation?performer.family=few')).size, (MANY * EACH) / 2)
  t.equal(await total('/Patient?_has:Observation:patient:performer.family=few'), MANY / 2)
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
  ])
  t.equal((await everything('/Practitioner?_has:Observation:performer:status=cancelled')).size, 0)
})
