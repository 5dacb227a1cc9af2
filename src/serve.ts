import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type pg from 'pg'
import { type Logger, pino } from 'pino'
import { banner, type Demo } from './banner.ts'
import { type Config, ConfigError, loadConfig, readEnvironment, type Settings, warnings } from './config.ts'
import { prepare } from './prepare.ts'
import { PackageError } from './validation/profiles/definitions.ts'

export type Parts = {
  build(config: Config, needs: { pool: pg.Pool; clock: () => Date }): Promise<FastifyInstance> | FastifyInstance
  /** Called when demo data is wanted; does nothing but tell when it is there already. */
  loadDemo?(app: FastifyInstance): Promise<Demo>
}

type Opened = { name: string; close(): Promise<void> }

// npm passes on a signal that the terminal has sent to all already: one Ctrl-C arrives twice within milliseconds.
const SAME_SIGNAL = 1_000
const PATIENCE = 10_000

/** Runs the server until the process is told to stop. Returns its exit code: 0, 1 for a failure, 2 for bad settings. */
export async function serve(parts: Parts): Promise<number> {
  const settings = readSettings()
  if (!settings) return 2
  const log = pino({ level: settings.logLevel })
  const opened: Opened[] = []
  const told = untilTold(log)
  let code = 0
  try {
    await start(parts, settings, log, opened)
    code = await told
  } catch (error) {
    log.fatal(explain(error, settings))
    code = 1
  }
  for (const { name, close } of opened.reverse()) {
    const done = await Promise.race([close().then(() => true), sleep(PATIENCE, false)]).catch(error => {
      log.error(error)
      return true
    })
    if (!done) log.warn(`${name} took too long to close`)
  }
  return code
}

function readSettings(): Settings | undefined {
  try {
    return loadConfig(readEnvironment())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return undefined
  }
}

async function start({ build, loadDemo }: Parts, settings: Settings, log: Logger, opened: Opened[]): Promise<void> {
  for (const warning of warnings(settings)) log.warn(warning)
  const { config, pool, close } = await prepare(settings, log)
  opened.push({ name: 'The database', close })
  const app = await build(config, { pool, clock: () => new Date() })
  opened.push({ name: 'The server', close: () => closeServer(app) })
  await app.ready()
  const demo = config.demo ? await loadDemo?.(app) : undefined
  await app.listen({ host: config.host, port: config.port })
  process.stdout.write(banner(config, demo))
}

// A connection whose last answer was still on its way when closing began would be kept open for the next request.
async function closeServer(app: FastifyInstance): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), 50)
  await app.close().finally(() => clearInterval(sweep))
}

function untilTold(log: Logger): Promise<number> {
  return new Promise(resolve => {
    let since: number | undefined
    const stop = (signal: string) => {
      if (since === undefined) {
        since = Date.now()
        log.info(`${signal}: stopping`)
        resolve(0)
      } else if (Date.now() - since > SAME_SIGNAL) {
        log.warn('Told twice to stop: leaving at once. PostgreSQL may go on; the next start takes it over.')
        process.exit(1)
      }
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
    process.on('uncaughtException', error => {
      log.fatal(error)
      resolve(1)
    })
  })
}

function explain(error: unknown, { host, port }: Settings): unknown {
  if (error instanceof PackageError) return error.message
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error
  return `${host}:${port} is in use by another program: stop that, or set PORT`
}
