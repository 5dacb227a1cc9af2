import t from 'tap'
import { definitions } from '../../src/resources/index.ts'
import { client, inTurn, linkOf, namesOf, store } from '../support/client.ts'
import { minimal } from '../support/minimal.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

const s = await server(t)
const engine = client(s, await engineToken(s))

t.test('every declared parameter but a composite orders a list, on all its pages', async t => {
  await store(
    engine,
    [...definitions.keys()].flatMap(type => ['a', 'b', 'c'].map(id => minimal(type, id))),
  )
  const faults: string[] = []
  const orders = [...definitions.values()].flatMap(({ type, search }) =>
    Object.entries(search)
      .filter(([, declared]) => declared.type !== 'composite')
      .map(([param], index) => `${type}?_sort=${index % 2 === 0 ? '' : '-'}${param}`),
  )
  await inTurn(orders, async order => {
    const one = await engine(`/${order}&_count=2`)
    const two = await engine(linkOf(one, 'next') ?? '')
    const shown = [...namesOf(one), ...namesOf(two)].map(name => name.split('/')[1])
    if (shown.sort().join() !== 'a,b,c') faults.push(`${order} ${one.status} ${shown} ${one.text.slice(0, 200)}`)
  })
  t.same(faults, [])
  t.ok(orders.length > 300)
})

t.test('a composite has no order', async t => {
  for (const [type, { search }] of definitions)
    for (const [param, declared] of Object.entries(search))
      if (declared.type === 'composite') t.equal((await engine(`/${type}?_sort=${param}`)).status, 400, param)
})

t.test('a list that is sorted by long values goes on to its end', async t => {
  const long = (value: string) => `${value}${'x'.repeat(30_000)}`
  const names = ['b', 'a', 'c'].map(value => `long-${value}`)
  await store(
    engine,
    ['b', 'a', 'c'].map(value => ({
      ...minimal('Observation', `long-${value}`),
      identifier: [{ system: 'http://x', value: long(value) }],
      valueString: long(value),
    })),
  )
  for (const order of ['identifier', 'value-string', '-value-string', '-identifier']) {
    const found: string[] = []
    let page = await engine(`/Observation?_id=${names}&_count=1&_sort=${order}`)
    while (found.push(...namesOf(page)) < names.length) page = await engine(linkOf(page, 'next') ?? '')
    const right = names.map(name => `Observation/${name}`).sort()
    t.same(found, order.startsWith('-') ? right.reverse() : right, order)
  }
})

t.test('several types in one list join to the whole, though they were dated at the same time', async t => {
  const at = '2026-03-04T10:00:00Z'
  const coded = { code: { text: 'x' }, subject: { reference: 'Patient/same' } }
  const medication = { medicationCodeableConcept: { text: 'x' }, subject: coded.subject, intent: 'order' }
  await store(engine, [
    { resourceType: 'Patient', id: 'same' },
    ...['1', '2', '3'].flatMap(id => [
      { resourceType: 'Observation', id: `same-${id}`, status: 'final', ...coded, effectiveDateTime: at },
      {
        ...{ resourceType: 'MedicationRequest', id: `same-${id}`, status: 'active', ...medication },
        dosageInstruction: [{ timing: { event: [at] } }],
      },
    ]),
  ])
  for (const types of ['Observation,MedicationRequest', 'MedicationRequest,Observation'])
    for (const order of ['date', '-date']) {
      const shown: string[] = []
      const first = `/?_type=${types}&patient=same&date=2026-03-04&_sort=${order}&_count=1`
      for (let next: string | undefined = first; next && shown.length < 10; ) {
        const page = await engine(next)
        shown.push(...namesOf(page))
        next = linkOf(page, 'next')
      }
      t.equal(shown.length, 6, first)
      t.equal(new Set(shown).size, 6, first)
    }
})
