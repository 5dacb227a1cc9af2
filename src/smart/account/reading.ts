import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { readAudit } from '../../store/record-access.ts'

const EVERY = 5_000
// A page waits for what is new, not for the whole past of a server that has just begun to read.
const MOST_FOR_A_PAGE = 50

const spoiltTo = (log: FastifyBaseLogger) => (row: string) =>
  log.error({ row }, 'a line of the audit record cannot be read, and is left out of what patients see')

/** Reads the audit record up to now, as far as a page can wait for it. */
export async function catchUp(pool: Pool, log: FastifyBaseLogger): Promise<void> {
  for (let count = 0; count < MOST_FOR_A_PAGE; count++) if (!(await readAudit(pool, 'wait', spoiltTo(log)))) return
}

/** Reads on in the audit record from time to time, in pieces, so that requests come between them. */
export function readRegularly(app: FastifyInstance, pool: Pool): void {
  let isClosing = false
  let current: Promise<void> | undefined
  const readAll = async () => {
    while (!isClosing && (await readAudit(pool, 'leave', spoiltTo(app.log))));
  }
  const timer = setInterval(() => {
    current ??= readAll()
      .catch(error => app.log.error(error, 'the audit record could not be summed up'))
      .finally(() => {
        current = undefined
      })
  }, EVERY).unref()
  app.addHook('onClose', async () => {
    isClosing = true
    clearInterval(timer)
    await current
  })
}
