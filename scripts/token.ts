import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig, readEnvironment } from '../src/config.ts'
import { engineToken, personTokens } from './demo-client.ts'

const SCOPES = { person: 'openid fhirUser launch/patient patient/*.rs', engine: 'system/*.cruds' }

/** `npm run --silent token -- alice|bob|engine [scopes…]`: one access token of the running demo server. */
async function main(): Promise<string> {
  const [who, ...scopes] = process.argv.slice(2)
  if (who === undefined) throw new Error('usage: npm run --silent token -- alice|bob|engine [scopes…]')
  const { baseUrl, dataDir } = loadConfig(readEnvironment())
  if (who !== 'engine') return (await personTokens(baseUrl, who, scopes.join(' ') || SCOPES.person)).access_token
  const key = await readFile(join(dataDir, 'demo-engine.jwk.json'), 'utf8')
  return engineToken(baseUrl, JSON.parse(key), scopes.join(' ') || SCOPES.engine)
}

try {
  process.stdout.write(`${await main()}\n`)
} catch (error) {
  const { message, cause } = error as Error
  const why = cause instanceof Error ? ` (${cause.message || (cause as NodeJS.ErrnoException).code})` : ''
  process.stderr.write(`${message}${why}\n`)
  process.exit(1)
}
