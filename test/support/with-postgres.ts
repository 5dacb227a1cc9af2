// A process of its own for the tests of the launcher: joins the server of a data directory, says so, and leaves on demand.
import { startPostgres } from '../../src/postgres/start-postgres.ts'

const server = await startPostgres(process.argv[2] ?? '')
process.stdout.write(`${server.url}\n`)
process.stdin.on('data', async () => {
  await server.stop()
  process.exit(0)
})
