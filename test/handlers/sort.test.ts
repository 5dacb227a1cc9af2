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
