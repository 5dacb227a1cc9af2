import t from 'tap'
import { grantOf } from '../../src/access/grant.ts'
import { permit } from '../../src/access/permit.ts'
import { definitionOf } from '../../src/resources/index.ts'
import { existsFor } from '../../src/store/exists.ts'
import { client, store } from '../support/client.ts'
import { patient, reference } from '../support/made.ts'
import { server } from '../support/server.ts'
import { engineToken } from '../support/token.ts'

t.test('an Encounter is in the record of its patient, and of nobody else', async t => {
  const s = await server(t)
  await store(client(s, await engineToken(s)), [
    patient('alice'),
    patient('bob'),
    {
      resourceType: 'Encounter',
      id: 'visit',
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject: reference('Patient/alice'),
    },
  ])
  const encounter = definitionOf('Encounter')
  if (!encounter) throw new Error('Encounter is served')
  const system = grantOf({ sub: 'engine', client_id: 'engine', jti: 'j', exp: 1, scope: 'system/*.rs' })
  const isThere = (id: string, of: string) => existsFor(s.pool, permit(system, encounter, 'read'), id, of)
  t.equal(await isThere('visit', 'alice'), true)
  t.equal(await isThere('visit', 'bob'), false)
  t.equal(await isThere('other', 'alice'), false)
  const claims = { sub: 'alice', client_id: 'app', patient: 'alice', jti: 'j', exp: 1, scope: 'patient/*.rs' }
  const hers = permit(grantOf(claims), encounter, 'read')
  await t.rejects(existsFor(s.pool, hers, 'visit', 'alice'), /Only the server asks this/)
})
