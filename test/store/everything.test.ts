import t from 'tap'
import { grantOf } from '../../src/access/grant.ts'
import { permit } from '../../src/access/permit.ts'
import { definitionOf } from '../../src/resources/index.ts'
import { textsOf } from '../../src/store/everything.ts'
import { loadRecords } from '../support/records.ts'
import { server } from '../support/server.ts'
import { person } from '../support/token.ts'
import { verifies } from '../support/verifies.ts'

t.test('what was named a moment ago and may not be seen now is not sent', async t => {
  verifies('fhir-rest', 'REST-54')
  const s = await server(t, { at: '2026-11-20T10:00:00.000Z' })
  await loadRecords(s)
  await person(s, 'alice', ['Patient/alice'])
  const scope = 'patient/*.rs'
  const grant = grantOf({ sub: 'alice', client_id: 'app', patient: 'alice', jti: 'j', exp: 1, scope })
  const observation = definitionOf('Observation')
  if (!observation) throw new Error('Observation is served')
  const permissions = new Map([['Observation', permit(grant, observation, 'search-type')]])
  const sent = async (...ids: string[]) => {
    const names = ids.map(id => ({ type: 'Observation', id }))
    return (await textsOf(s.pool, permissions, names, s.clock())).map(({ id }) => id)
  }
  t.same(await sent('potassium', 'sodium'), ['potassium', 'sodium'])
  t.same(await sent('potassium', 'withheld-value', 'sodium'), ['potassium', 'sodium'], 'it was withdrawn')
  await s.pool.query("delete from person_actor where person = 'alice'")
  t.same(await sent('potassium', 'sodium'), [], 'the record is not hers any more')
})
