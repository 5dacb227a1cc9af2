import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What a round of requests came to; times in microseconds. */
export type Load = {
  readonly requests: number
  readonly seconds: number
  readonly bytes: number
  /** Answers that were no success. */
  readonly bad: number
  /** Connections that broke or timed out. */
  readonly broken: number
  readonly p50: number
  readonly p99: number
}

export type Aim = {
  readonly list: string
  readonly port: number
  readonly connections: number
  readonly seconds: number
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** wrk costs 30 microseconds a request; the stand-in costs ten times that, from the same two cores. */
export const generatorName = spawnSync('wrk', ['-v']).error ? 'node' : 'wrk'

let first = 0

/** Sends the requests of a list, over and over, from so many connections; no two rounds begin at the same one. */
export async function generate({ list, port, connections, seconds }: Aim): Promise<Load> {
  const base = `127.0.0.1:${port}`
  first += 7919
  const [command, args] =
    generatorName === 'wrk'
      ? [
          'wrk',
          [
            '-t1',
            `-c${connections}`,
            `-d${seconds}s`,
            '--timeout',
            '10s',
            '-s',
            here('requests.lua'),
            `http://${base}`,
            '--',
            list,
            base,
            String(first),
          ],
        ]
      : [process.execPath, [here('generator.mjs'), String(connections), String(seconds), list, base, String(first)]]
  const output = await run(command, args)
  const result = /^RESULT (.+)$/m.exec(output)?.[1]
  if (result === undefined) throw new Error(`The generator gave no result:\n${output}`)
  return JSON.parse(result) as Load
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}
