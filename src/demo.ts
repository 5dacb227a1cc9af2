import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { type Grant, grantOf } from './access/grant.ts'
import { permit } from './access/permit.ts'
import type { Demo } from './banner.ts'
import { seedDemo } from './demo-people.ts'
import { demoBundles } from './demo-records.ts'
import { submitBundle } from './handlers/bundle.ts'
import { serverOf } from './handlers/plugin.ts'
import { definitionOf } from './resources/index.ts'
import { existsAny } from './store/exists.ts'

const ENGINE = 'demo-engine'

/** What the demo's integration engine would have a token for. */
const engineGrant = (now: Date): Grant =>
  grantOf({
    sub: ENGINE,
    client_id: ENGINE,
    scope: 'system/*.cruds',
    jti: 'demo',
    exp: Math.floor(now.getTime() / 1000) + 60,
  })

async function submitRecords({ pool, config, clock }: FastifyInstance, grant: Grant, now: Date): Promise<void> {
  const bundles = demoBundles(now)
  // As one transaction: a start that is interrupted must not leave a part that the next one takes for the whole.
  const entry = bundles.flatMap(each => each.entry ?? [])
  const text = JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry })
  const again = () => JSON.parse(text)
  const server = serverOf({ ...config, pool, clock })
  await submitBundle({ server, grant, bundle: again(), again, conditions: {}, requestId: randomUUID(), now })
}

/**
 * Loads the demo's accounts and clients, and its records if the store holds no Patient: whoever tries the server with
 * data of her own keeps it. The records come in as an engine's transaction, by the same path.
 */
export async function loadDemo(app: FastifyInstance): Promise<Demo> {
  const accounts = await seedDemo(app.pool, app.config)
  const now = app.clock()
  const grant = engineGrant(now)
  const patient = definitionOf('Patient')
  const isFilled = patient && (await existsAny(app.pool, permit(grant, patient, 'search-type'), now))
  if (!isFilled) await submitRecords(app, grant, now)
  return accounts
}
