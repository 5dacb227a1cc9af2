import t from 'tap'
import { findClient, saveClient, saveClientSetting, setClientState, unservedSetting } from '../../src/store/clients.ts'
import { database } from '../support/database.ts'

t.test('clients', async t => {
  const { pool } = await database(t)
  const app = {
    clientId: 'app',
    name: 'App',
    kind: 'public' as const,
    metadata: { redirect_uris: ['https://app.example/callback'] },
    scopes: 'patient/*.rs',
    secret: undefined,
  }

  t.test('are found as they were registered last', async t => {
    t.equal(await findClient(pool, 'app'), undefined)
    await saveClient(pool, app)
    t.same(await findClient(pool, 'app'), app)
    await saveClient(pool, { ...app, name: 'Renamed' })
    t.match(await findClient(pool, 'app'), { name: 'Renamed' })
  })

  t.test('are not found while they are disabled, also when registered anew', async t => {
    await setClientState(pool, 'app', 'disabled')
    await saveClient(pool, app)
    t.equal(await findClient(pool, 'app'), undefined)
    await setClientState(pool, 'app', 'active')
    t.ok(await findClient(pool, 'app'))
  })

  t.test('have types that are not served refused unless set otherwise', async t => {
    t.equal(await unservedSetting(pool, 'app'), 'refuse')
    await saveClientSetting(pool, 'app', 'skip')
    t.equal(await unservedSetting(pool, 'app'), 'skip')
    await saveClientSetting(pool, 'app', 'refuse')
    t.equal(await unservedSetting(pool, 'app'), 'refuse')
  })
})
