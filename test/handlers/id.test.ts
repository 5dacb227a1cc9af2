import t from 'tap'
import { newId } from '../../src/handlers/id.ts'

t.test('new ids are ids of FHIR, all different, and stand in the order of their time', async t => {
  const ids = Array.from({ length: 1000 }, (_, index) => newId(1_700_000_000_000 + index))
  for (const id of ids) t.match(id, /^[a-z0-9]{26}$/)
  t.equal(new Set(ids).size, ids.length)
  t.same([...ids].sort(), ids)
})
