import t from 'tap'
import { adapterFactory } from '../../src/smart/adapter.ts'
import { saveClient } from '../../src/store/clients.ts'
import { database } from '../support/database.ts'

t.test('what the authorization server keeps', async t => {
  const { pool } = await database(t)
  const adapter = adapterFactory(pool, token => `after ${token}`)
  const grant = adapter('Grant')

  t.test('is issued under a grant only while that stands', async t => {
    await grant.upsert('given', { accountId: 'alice', clientId: 'app' }, 60)
    for (const model of ['AuthorizationCode', 'AccessToken', 'RefreshToken'])
      await adapter(model).upsert(`${model} in time`, { grantId: 'given', clientId: 'app' }, 60)
    await grant.destroy('given')
    for (const model of ['AuthorizationCode', 'AccessToken', 'RefreshToken']) {
      const late = adapter(model).upsert(`${model} too late`, { grantId: 'given', clientId: 'app' }, 60)
      await t.rejects(late, { message: 'invalid_grant' }, model)
      for (const id of [`${model} in time`, `${model} too late`]) t.equal(await adapter(model).find(id), undefined, id)
    }
  })

  t.test('is issued to a system only while that is a client', async t => {
    const system = {
      clientId: 'engine',
      name: 'Engine',
      kind: 'backend' as const,
      metadata: {},
      scopes: '',
      secret: undefined,
    }
    await t.rejects(adapter('ClientCredentials').upsert('early', { clientId: 'engine' }, 60), {
      message: 'invalid_grant',
    })
    await saveClient(pool, system)
    await adapter('ClientCredentials').upsert('in time', { clientId: 'engine' }, 60)
    t.ok(await adapter('ClientCredentials').find('in time'))
  })
})
