// npm run mutants: takes one security check away at a time, in a copy of the project, and tells whether a test fails.
// With --only <words> those whose file or name has the words, with --untried those of which no run has found that they are
// killed; with --list they are only named. docs/mutants.md.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTANTS } from './mutants/all.ts'
import { copyProject } from './mutants/copy.ts'
import { type Killer, keepKillers } from './mutants/killed.ts'
import { type Mutant, mutated } from './mutants/mutant.ts'
import { untried } from './mutants/page.ts'
import { runTest, tryMutant, type Verdict } from './mutants/run.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    untried: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

const say = (text: string) => process.stdout.write(`${text}\n`)
const nameOf = ({ file, name }: Mutant) => `${file}: ${name}`

/** Whether all is as it should be: killed, or survived for the reason that it names. */
function isRight(mutant: Mutant, verdict: Verdict): boolean {
  return mutant.survives === undefined ? verdict.killed : !verdict.killed && verdict.why === 'SURVIVED'
}

function inWords({ survives }: Mutant, verdict: Verdict): string {
  if (verdict.killed) return `${survives === undefined ? '' : 'NOT EXPECTED, '}killed by ${verdict.by}: ${verdict.test}`
  return survives === undefined ? verdict.why : `survived: ${survives}`
}

/** Whether a test file passes while nothing is taken away; one that does not, twice, kills nothing. */
async function isSound(tree: string, test: string, passing: Set<string>): Promise<boolean> {
  for (let tries = 0; tries < 2 && !passing.has(test); tries++)
    if ((await runTest(tree, test)).status === 'passes') passing.add(test)
  return passing.has(test)
}

async function tryAll(tree: string, chosen: readonly Mutant[]): Promise<number> {
  const found = new Map<Mutant, Killer | undefined>()
  const passing = new Set<string>()
  let wrong = 0
  for (const mutant of chosen) {
    const begun = Date.now()
    const tried = await tryMutant(tree, mutant)
    const isReal = !tried.killed || (await isSound(tree, tried.by, passing))
    const verdict: Verdict = isReal
      ? tried
      : { killed: false, why: `${tried.by} fails although nothing was taken away` }
    found.set(mutant, verdict.killed ? { by: verdict.by, test: verdict.test } : undefined)
    if (!isRight(mutant, verdict)) wrong += 1
    say(`${nameOf(mutant)}: ${inWords(mutant, verdict)} (${Math.round((Date.now() - begun) / 1000)} s)`)
    keepKillers(found, MUTANTS)
  }
  const killed = [...found.values()].filter(Boolean).length
  say(`${killed} of ${chosen.length} mutants were killed; ${wrong} are not as they should be`)
  return wrong === 0 ? 0 : 1
}

async function main(): Promise<number> {
  for (const mutant of MUTANTS) mutated(readFileSync(join(ROOT, mutant.file), 'utf8'), mutant)
  const chosen = (values.untried ? untried() : MUTANTS).filter(
    mutant => values.only.length === 0 || values.only.some(words => nameOf(mutant).includes(words)),
  )
  if (values.list) for (const mutant of chosen) say(nameOf(mutant))
  if (chosen.length === 0) say('No mutant is called so; --list names them')
  if (values.list || chosen.length === 0) return chosen.length === 0 ? 2 : 0
  const copy = await copyProject(ROOT)
  const stop = () => void copy.remove().then(() => process.exit(130))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await tryAll(copy.tree, chosen)
  } finally {
    await copy.remove()
  }
}

process.exitCode = await main()
