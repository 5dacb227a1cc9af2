import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutant.ts'

const FILE = fileURLToPath(new URL('./killed.json', import.meta.url))

/** The test that failed when a mutant was tried: its file, and the titles down to it. */
export type Killer = { readonly by: string; readonly test: string }

/** A mutant as it was when it was tried: altered, it has to be tried again. */
const keyOf = ({ file, find, replace }: Mutant): string =>
  createHash('sha256')
    .update(JSON.stringify([file, find, replace]))
    .digest('hex')
    .slice(0, 12)

const read = (): Record<string, Killer> => JSON.parse(readFileSync(FILE, 'utf8'))

/** What the runs of `npm run mutants` have found: the test that killed each mutant. */
export function killers(): (mutant: Mutant) => Killer | undefined {
  const known = read()
  return mutant => known[keyOf(mutant)]
}

/** Keeps what a run has found, and forgets mutants that are no more. */
export function keepKillers(found: ReadonlyMap<Mutant, Killer | undefined>, all: readonly Mutant[]): void {
  const known = read()
  for (const [mutant, killer] of found) {
    delete known[keyOf(mutant)]
    if (killer) known[keyOf(mutant)] = killer
  }
  const kept = all.map(keyOf).flatMap(key => (known[key] ? [[key, known[key]] as const] : []))
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(kept), undefined, 1)}\n`)
}
