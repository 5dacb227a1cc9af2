import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Mutant, mutated } from './mutant.ts'

const PATIENCE = 300

/** What became of a test file: it passes, or which of its tests was the first to fail, and with what. */
type Outcome = { readonly status: 'passes' | 'crashes' | 'hangs' } | { readonly status: 'fails'; readonly test: string }

const SUBTEST = /^(?<indent> *)# Subtest: (?<title>.+)$/
const FAILED = /^(?<indent> *)not ok \d+/

/** The titles of the tests around the first assertion that failed, in the output of TAP. */
function firstFailure(output: string): string | undefined {
  const open: { depth: number; title: string }[] = []
  for (const line of output.split('\n')) {
    const subtest = SUBTEST.exec(line)?.groups
    const failed = FAILED.exec(line)?.groups
    if (subtest) {
      const depth = subtest.indent?.length ?? 0
      while ((open.at(-1)?.depth ?? -1) >= depth) open.pop()
      open.push({ depth, title: subtest.title ?? '' })
    } else if (failed) {
      const around = open.filter(({ depth }) => depth < (failed.indent?.length ?? 0))
      return around.map(({ title }) => title).join(': ')
    }
  }
  return undefined
}

/** Runs one test file of the copy until its first failure. */
export function runTest(tree: string, test: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    // A group of its own: what a test has started must not outlive it.
    const args = ['TAP_BAIL=1', `TAP_TIMEOUT=${PATIENCE}`, process.execPath, '--import', 'tsx', test]
    const child = spawn('env', args, { cwd: tree, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
    }
    let output = ''
    let late = false
    const timer = setTimeout(() => {
      late = true
      end()
    }, PATIENCE * 1000)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.once('error', reject)
    child.once('exit', end)
    child.once('close', code => {
      clearTimeout(timer)
      const failed = firstFailure(output)
      if (late) resolve({ status: 'hangs' })
      else if (code === 0) resolve({ status: 'passes' })
      // What cannot even be loaded shows nothing about the check that was taken away.
      else resolve(failed ? { status: 'fails', test: failed } : { status: 'crashes' })
    })
  })
}

/** What became of a mutant: the test that failed, or why none counts. */
export type Verdict =
  | { readonly killed: true; readonly by: string; readonly test: string }
  | { readonly killed: false; readonly why: string }

/** Applies a mutant to the copy, runs its test files until one fails, and takes it back. */
export async function tryMutant(tree: string, mutant: Mutant): Promise<Verdict> {
  const path = join(tree, mutant.file)
  const original = readFileSync(path, 'utf8')
  writeFileSync(path, mutated(original, mutant))
  try {
    for (const by of mutant.tests) {
      const outcome = await runTest(tree, by)
      if (outcome.status === 'fails') return { killed: true, by, test: outcome.test }
      if (outcome.status !== 'passes') return { killed: false, why: `${by} ${outcome.status}` }
    }
    return { killed: false, why: 'SURVIVED' }
  } finally {
    writeFileSync(path, original)
  }
}
