import type { FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { isReachable } from './store/db.ts'

/** `/health/live`: the process answers. `/health/ready`: it can serve, so its database answers too. */
export async function health(app: FastifyInstance, { pool }: { pool: Pool }): Promise<void> {
  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_request, reply) => {
    const ready = await isReachable(pool)
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' })
  })
}
