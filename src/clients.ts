import { randomUUID } from 'node:crypto'
import { userInfo } from 'node:os'
import { errors } from 'oidc-provider'
import { pino } from 'pino'
import { ConfigError, loadConfig, readEnvironment } from './config.ts'
import { prepare } from './prepare.ts'
import type { Administrator } from './smart/administration/administer.ts'
import { runCommand, USAGE, UsageError } from './smart/administration/command.ts'

/** Who administers here: whoever may use the machine and its database, by the name of the account. */
const byHand = { actor: 'engine', subject: userInfo().username, client: 'command line' } as const

/** `npm run --silent clients -- …`: administers clients on the database of the settings. Returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) throw new UsageError('Say what to do:')
  const { config, pool, close } = await prepare(loadConfig(readEnvironment()), pino({ level: 'warn' }))
  const { internalOrigins } = config
  const administrator: Administrator = {
    pool,
    internalOrigins,
    clock: () => new Date(),
    by: byHand,
    requestId: randomUUID(),
  }
  try {
    process.stdout.write(`${await runCommand(args, administrator)}\n`)
    return 0
  } finally {
    await close()
  }
}

/** What is wrong in words, and with which exit code it ends. */
function explain(error: unknown): [text: string, code: number] {
  if (error instanceof UsageError) return [`${error.message}\n\n${USAGE}`, 2]
  if (error instanceof ConfigError) return [`${error.message}\n`, 2]
  if (error instanceof errors.OIDCProviderError) return [`${error.error_description ?? error.message}\n`, 1]
  throw error
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const [text, code] = explain(error)
  process.stderr.write(text)
  process.exitCode = code
}
