// npm run migrate [-- up | down]: brings the database of the settings to this version's schema, or one step up or down.
import { ConfigError, loadConfig, readEnvironment } from '../src/config.ts'
import { startPostgres } from '../src/postgres/start-postgres.ts'
import { type Direction, migrate } from '../src/store/migrate.ts'

const direction = process.argv[2] ?? 'latest'
const known = (word: string): word is Direction => ['latest', 'up', 'down'].includes(word)

try {
  if (!known(direction)) throw new ConfigError([`migrate knows latest, up and down, not ${direction}`])
  const { databaseUrl, dataDir } = loadConfig(readEnvironment())
  const embedded = databaseUrl === undefined ? await startPostgres(dataDir) : undefined
  try {
    const names = await migrate(databaseUrl ?? embedded?.url ?? '', direction)
    process.stdout.write(names.length > 0 ? `${direction}: ${names.join(', ')}\n` : 'Nothing to migrate\n')
  } finally {
    await embedded?.stop()
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
