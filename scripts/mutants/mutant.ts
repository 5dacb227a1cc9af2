/** One security check taken away or altered, and the test files of which one at least has to fail then. */
export type Mutant = {
  /** What no longer holds, as a sentence. */
  readonly name: string
  readonly file: string
  /** The text that says the check; it stands in the file once. */
  readonly find: string
  readonly replace: string
  /** Tried in this order until one fails. */
  readonly tests: readonly string[]
  /** Why no test can tell the difference: the one excuse for a mutant that survives. */
  readonly survives?: string
}

type Line = readonly [
  name: string,
  find: string,
  replace: string,
  tests?: readonly string[] | undefined,
  survives?: string,
]

/** Makes the mutants of one file, which are tried with the same test files where they name none. */
export const mutantsOf = (file: string, tests: readonly string[], lines: readonly Line[]): readonly Mutant[] =>
  lines.map(([name, find, replace, own, survives]) => ({
    name,
    file,
    find,
    replace,
    tests: own ?? tests,
    ...(survives === undefined ? {} : { survives }),
  }))

/** The text with the mutant's change. @throws Error when its anchor is not there once: the check has moved, or is gone */
export function mutated(text: string, { name, file, find, replace }: Mutant): string {
  const parts = text.split(find)
  if (parts.length !== 2)
    throw new Error(`${file} has the anchor of "${name}" ${parts.length - 1} times, not once: ${find}`)
  if (find === replace) throw new Error(`"${name}" changes nothing`)
  return parts.join(replace)
}
