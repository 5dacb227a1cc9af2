// What every write goes through, whichever way it came: it asks for itself whether it is permitted.
import t from 'tap'
import { grantOf } from '../../src/access/grant.ts'
import { serverOf } from '../../src/handlers/plugin.ts'
import { perform } from '../../src/handlers/write.ts'
import { definitionOf } from '../../src/resources/index.ts'
import { inTransaction } from '../../src/store/db.ts'
import { patient } from '../support/made.ts'
import { SECRET, server } from '../support/server.ts'
import { storedVersions } from '../support/stored.ts'

const { app, pool, clock } = await server(t)
const limits = { maxJsonDepth: 50, maxBundleEntries: 10, maxBatchSeconds: 30 }
const fhir = serverOf({ pool, clock, baseUrl: app.config.baseUrl, secret: SECRET, ...limits })

t.test('a write that is not permitted is refused where it is done, too', async t => {
  const definition = definitionOf('Patient')
  if (!definition) throw new Error('Patient is served')
  const before = await storedVersions(pool)
  const intent = () => ({ method: 'PUT', definition, id: 'new', resource: patient('new'), place: '' }) as const
  const write = (scope: string, more = {}) => {
    const grant = grantOf({ sub: 'somebody', client_id: 'somebody', scope, jti: '1', exp: 0, ...more })
    const writer = { grant, requestId: 'r', now: clock() }
    return inTransaction(pool, db => perform(db, fhir, writer, [intent()]))
  }
  const refused = /scope|not open/
  await t.rejects(write('system/Patient.rs'), refused)
  await t.rejects(write('patient/Patient.cruds', { patient: 'new' }), refused)
  t.same(await storedVersions(pool), before)
  t.match(await write('system/Patient.cu'), [{ id: 'new', status: 201 }])
})
