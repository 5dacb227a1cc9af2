import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import { MUTANTS } from '../scripts/mutants/all.ts'
import { mutated } from '../scripts/mutants/mutant.ts'
import { untried } from '../scripts/mutants/page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

t.test('the check that a mutant takes away is where it says, once, and what is left is TypeScript', async t => {
  for (const mutant of MUTANTS) {
    const text = mutated(textOf(mutant.file), mutant)
    const { diagnostics = [] } = ts.transpileModule(text, {
      reportDiagnostics: true,
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    })
    const faults = diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
    t.same(faults, [], `${mutant.file}: ${mutant.name}`)
  }
})

t.test('each mutant has a name of its own in its file, and tests that are there', async t => {
  const names = MUTANTS.map(({ file, name }) => `${file}: ${name}`)
  t.equal(new Set(names).size, names.length)
  for (const test of new Set(MUTANTS.flatMap(({ tests }) => tests))) t.ok(existsSync(join(ROOT, test)), test)
  t.same(
    MUTANTS.filter(({ tests }) => tests.length === 0),
    [],
  )
})

t.test('every mutant was killed as it is now, or says why no test can: npm run mutants -- --only its name', async t => {
  t.same(
    untried().map(({ file, name }) => `${file}: ${name}`),
    [],
  )
})
