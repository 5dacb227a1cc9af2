import t from 'tap'
import type { Queryable } from '../../src/store/db.ts'
import { findLaunch, saveLaunch } from '../../src/store/launches.ts'
import { createPerson } from '../../src/store/people.ts'
import {
  clientOfRefreshToken,
  consumePayload,
  deleteExpired,
  destroyGrant,
  destroyOfGrant,
  destroySession,
  findLaunchContext,
  findPayload,
  saveLaunchContext,
  savePayload,
  savePayloadOnce,
} from '../../src/store/tokens.ts'
import { database } from '../support/database.ts'
import { beforeCommit } from '../support/held-up.ts'

const eight = <T>(make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 8 }, (_each, index) => make(index)))
const yes = (answers: boolean[]) => answers.filter(Boolean).length

t.test('what the authorization server stores', async t => {
  const { pool } = await database(t)

  t.test('is found again by its identifier, its uid and its user code', async t => {
    await savePayload(pool, 'Session', 'session', { a: 1 }, { uid: 'uid', userCode: 'user code' }, 60)
    for (const [by, value] of [
      ['id', 'session'],
      ['uid', 'uid'],
      ['userCode', 'user code'],
    ] as const) {
      t.same((await findPayload(pool, 'Session', by, value))?.payload, { a: 1 }, by)
      t.equal(await findPayload(pool, 'Interaction', by, value), undefined, 'not as something else')
    }
    await savePayload(pool, 'Session', 'session', { a: 2 }, { uid: 'uid' }, 60)
    t.same((await findPayload(pool, 'Session', 'id', 'session'))?.payload, { a: 2 })
    await destroySession(pool, 'uid')
    t.equal(await findPayload(pool, 'Session', 'id', 'session'), undefined)
  })

  t.test('is consumed once, of eight at the same time', async t => {
    await savePayload(pool, 'AuthorizationCode', 'code', {}, {}, 60)
    t.equal(yes(await eight(() => consumePayload(pool, 'AuthorizationCode', 'code'))), 1)
    const found = await findPayload(pool, 'AuthorizationCode', 'id', 'code')
    t.type(found?.consumedAt, 'number')
    t.notOk(await consumePayload(pool, 'AuthorizationCode', 'unknown'))
  })

  t.test('is there once until it expires, where that is asked for', async t => {
    t.equal(yes(await eight(() => savePayloadOnce(pool, 'ReplayDetection', 'jti', {}, 60))), 1)
    await pool.query("update oidc_payload set expires_at = now() - interval '1 second' where model = 'ReplayDetection'")
    t.equal(yes(await eight(() => savePayloadOnce(pool, 'ReplayDetection', 'jti', {}, 60))), 1)
  })

  t.test('is stored under a grant only while that stands', async t => {
    const save = (id: string) => savePayload(pool, 'AccessToken', id, {}, { grantId: 'grant' }, 60, 'grant')
    t.notOk(await save('too early'))
    await savePayload(pool, 'Grant', 'grant', {}, {}, 60)
    t.ok(await save('token'))
    await savePayload(pool, 'RefreshToken', 'refresh', {}, { grantId: 'grant', clientId: 'app' }, 60, 'grant')
    t.equal(await clientOfRefreshToken(pool, 'refresh'), 'app')
    await destroyOfGrant(pool, 'RefreshToken', 'grant')
    t.equal(await clientOfRefreshToken(pool, 'refresh'), undefined)
    await savePayload(pool, 'Grant', 'grant', {}, {}, -1)
    t.notOk(await save('when it has ended'))
    await savePayload(pool, 'Grant', 'grant', {}, {}, 60)
    await destroyGrant(pool, 'grant')
    t.equal(await findPayload(pool, 'AccessToken', 'id', 'token'), undefined)
    t.notOk(await save('too late'))
  })

  t.test('is gone with its grant, also when it is being stored at the same time', async t => {
    for (let round = 0; round < 20; round++) {
      const grant = `grant ${round}`
      await savePayload(pool, 'Grant', grant, {}, {}, 60)
      await Promise.all([
        savePayload(pool, 'AccessToken', `token of ${grant}`, {}, { grantId: grant }, 60, 'grant'),
        destroyGrant(pool, grant),
        savePayload(pool, 'RefreshToken', `refresh of ${grant}`, {}, { grantId: grant }, 60, 'grant'),
      ])
    }
    const { rows } = await pool.query("select from oidc_payload where model <> 'Grant' and grant_hash is not null")
    t.equal(rows.length, 0)
  })

  t.test('is gone with its grant, also when it was stored and not yet committed', async t => {
    await savePayload(pool, 'Grant', 'revoked', {}, {}, 60)
    const save = (db: Queryable) => savePayload(db, 'AccessToken', 'late', {}, { grantId: 'revoked' }, 60, 'grant')
    await beforeCommit(pool, save, () => destroyGrant(pool, 'revoked'))
    t.equal(await findPayload(pool, 'AccessToken', 'id', 'late'), undefined)
  })

  t.test('includes whose record a launch opened, an hour or so longer than the grant', async t => {
    await createPerson(pool, { id: 'bob', email: 'b@example.org', name: 'Bob', passwordHash: '', actors: [] })
    const context = {
      person: 'bob',
      clientId: 'app',
      patient: 'alice',
      fhirUser: 'RelatedPerson/b',
      proxy: true,
      parameters: { intent: 'i' },
    }
    await savePayload(pool, 'Grant', 'launched', {}, {}, 60)
    await saveLaunchContext(pool, 'launched', context)
    t.same(await findLaunchContext(pool, 'launched'), context)
    t.equal(await findLaunchContext(pool, 'other'), undefined)
    await pool.query("update launch_context set created_at = now() - interval '2 hours'")
    await deleteExpired(pool)
    t.same(await findLaunchContext(pool, 'launched'), context, 'the grant stands')
    await destroyGrant(pool, 'launched')
    t.same(await findLaunchContext(pool, 'launched'), context, 'the audit record still needs it')
    await deleteExpired(pool)
    t.equal(await findLaunchContext(pool, 'launched'), undefined)
  })

  t.test('is cleaned up an hour after it expired', async t => {
    await pool.query('delete from oidc_payload')
    await savePayload(pool, 'Session', 'old', {}, {}, -3700)
    await savePayload(pool, 'Session', 'late', {}, {}, -60)
    await savePayload(pool, 'Session', 'new', {}, {}, 60)
    await pool.query("insert into revoked_token values ('\\x00', now() - interval '2 hours')")
    const launch = { clientId: 'app', madeBy: 'portal', patient: 'alice', fhirUser: undefined, parameters: {} }
    for (const [handle, seconds] of [
      ['old', -3700],
      ['late', -60],
    ] as const)
      await saveLaunch(pool, handle, launch, seconds)
    await deleteExpired(pool)
    t.equal(await findLaunch(pool, 'old'), undefined)
    t.match(await findLaunch(pool, 'late'), { expired: true })
    t.equal(await findPayload(pool, 'Session', 'id', 'old'), undefined)
    t.ok(await findPayload(pool, 'Session', 'id', 'late'))
    t.ok(await findPayload(pool, 'Session', 'id', 'new'))
    t.equal((await pool.query("select from revoked_token where jti_hash = '\\x00'")).rows.length, 0)
  })
})

t.test('what a client has without a grant is stored while it is active only', async t => {
  const { pool } = await database(t)
  const save = (clientId: string) =>
    savePayload(pool, 'ClientCredentials', `of ${clientId}`, {}, { clientId }, 60, 'client')
  await pool.query(
    "insert into client (client_id, name, kind, scopes) values ('a', 'A', 'backend', ''), ('b', 'B', 'backend', '')",
  )
  await pool.query("update client set state = 'disabled' where client_id = 'b'")
  t.same(await Promise.all([save('a'), save('b'), save('nobody')]), [true, false, false])
})
