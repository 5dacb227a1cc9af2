import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { loadConfig, readEnvironment } from '../src/config.ts'
import { prepare } from '../src/prepare.ts'
import { REGISTRABLE } from '../src/smart/registration.ts'
import { saveInitialAccessToken } from '../src/store/registrations.ts'

const DAY = 24 * 60 * 60

/**
 * `npm run --silent registration-token -- [--days 7] [--scopes '…']`: an initial access token (RFC 7591), by which the
 * maker of an app registers it once, with these scopes at the most.
 */
async function main(): Promise<string> {
  const options = { days: { type: 'string', default: '7' }, scopes: { type: 'string', default: REGISTRABLE } } as const
  const { days, scopes } = parseArgs({ options }).values
  if (!/^[1-9]\d{0,2}$/.test(days)) throw new Error(`--days is a number of days, not ${days}`)
  const { pool, close } = await prepare(loadConfig(readEnvironment()), pino({ level: 'warn' }))
  try {
    const token = randomBytes(32).toString('base64url')
    await saveInitialAccessToken(pool, token, scopes, Number(days) * DAY)
    return token
  } finally {
    await close()
  }
}

try {
  process.stdout.write(`${await main()}\n`)
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
