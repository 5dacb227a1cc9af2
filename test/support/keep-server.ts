// Run by tap before the first test file: without it the shared server would stop and start between two files. It leaves a
// process behind that holds the server until tap itself is gone, however it went.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isAlive } from '../../src/postgres/cluster.ts'
import { joinTestServer } from './database.ts'

const runner = process.argv[2]
if (process.ppid === 1 && runner === undefined) {
  // tap is gone already: nobody to wait for. Each test file starts the server by itself if need be.
} else if (runner === undefined) {
  const { NODE_OPTIONS: _, ...env } = process.env
  const args = ['--import=tsx', fileURLToPath(import.meta.url), String(process.ppid)]
  spawn(process.execPath, args, { detached: true, stdio: 'ignore', env }).unref()
} else {
  const server = await joinTestServer()
  while (isAlive(Number(runner))) await sleep(300)
  await server.stop()
}
