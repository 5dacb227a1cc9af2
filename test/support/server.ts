import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { symbols } from 'pino'
import type { Test } from 'tap'
import { build } from '../../src/app.ts'
import { complete, loadConfig } from '../../src/config.ts'
import { database } from './database.ts'

/** The PORTICO_SECRET of every test server. */
export const SECRET = 'the-secret-of-every-test-server-here'

export type Clock = { (): Date; set(time: string | Date): void }
export type TestServer = {
  app: FastifyInstance
  baseUrl: string
  pool: pg.Pool
  clock: Clock
  /** What was logged; nothing unless the options ask for a log level. */
  logged: readonly string[]
}
export type ServerOptions = {
  /** What the clock shows; without it, and until it is set, the clock goes. */
  at?: string
  /** Environment variables beyond those of every test server. */
  variables?: Record<string, string>
}

/** The application on a fresh database of its own, listening on a free port; both are gone when the test ends. */
export async function server(t: Test, { at, variables = {} }: ServerOptions = {}): Promise<TestServer> {
  const { pool, url } = await database(t)
  const port = await freePort()
  const settings = loadConfig({
    PORT: String(port),
    DATABASE_URL: url,
    PORTICO_SECRET: SECRET,
    PORTICO_BASE_URL: `http://127.0.0.1:${port}`,
    PORTICO_LOG_LEVEL: 'silent',
    ...variables,
  })
  const clock = settableClock(at)
  const app = await build(complete(settings, SECRET), { pool, clock })
  const logged: string[] = []
  Object.assign(app.log, { [symbols.streamSym]: { write: (line: string) => logged.push(line) } })
  t.teardown(() => app.close())
  await app.listen({ host: settings.host, port })
  return { app, baseUrl: settings.baseUrl, pool, clock, logged }
}

function settableClock(at: string | undefined): Clock {
  let fixed = at === undefined ? undefined : new Date(at)
  const set = (time: string | Date) => {
    fixed = new Date(time)
  }
  return Object.assign(() => new Date(fixed ?? Date.now()), { set })
}

/** A port that nobody listens on. The base URL is part of every token: it must be known before the application is built. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
