import t from 'tap'
import {
  disableClient,
  findClient,
  saveClient,
  saveClientSetting,
  setClientState,
  unservedSetting,
} from '../../src/store/clients.ts'
import type { Queryable } from '../../src/store/db.ts'
import { removeClient } from '../../src/store/registrations.ts'
import { findPayload, savePayload } from '../../src/store/tokens.ts'
import { database } from '../support/database.ts'
import { beforeCommit } from '../support/held-up.ts'

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

t.test('a client that loses its access', async t => {
  const { pool } = await database(t)
  const takeAway = { disabled: disableClient, removed: removeClient }

  for (const [how, take] of Object.entries(takeAway))
    t.test(`keeps nothing that was being stored at the moment when it was ${how}`, async t => {
      const clientId = `app that is ${how}`
      const keys = { grantId: `grant of ${clientId}`, clientId }
      await saveClient(pool, { clientId, name: 'App', kind: 'public', metadata: {}, scopes: '', secret: undefined })
      const saveGrant = () => savePayload(pool, 'Grant', keys.grantId, {}, { clientId }, 60)

      await saveGrant()
      const launched = (db: Queryable) => savePayload(db, 'AccessToken', `launched ${how}`, {}, keys, 60, 'grant')
      await beforeCommit(pool, launched, () => take(pool, clientId))
      t.equal(await findPayload(pool, 'AccessToken', 'id', `launched ${how}`), undefined, 'a token of a launch')

      await saveClient(pool, { clientId, name: 'App', kind: 'backend', metadata: {}, scopes: '', secret: undefined })
      await setClientState(pool, clientId, 'active')
      const own = (db: Queryable) => savePayload(db, 'ClientCredentials', `own ${how}`, {}, { clientId }, 60, 'client')
      await beforeCommit(pool, own, () => take(pool, clientId))
      t.equal(await findPayload(pool, 'ClientCredentials', 'id', `own ${how}`), undefined, 'a token of a system')
    })
})
