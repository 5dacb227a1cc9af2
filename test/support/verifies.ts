import { readFileSync } from 'node:fs'
import { requirementsIn } from '../../scripts/requirements/read.ts'

const known = new Map<string, ReadonlySet<string>>()

function idsOf(file: string): ReadonlySet<string> {
  const ids =
    known.get(file) ??
    new Set(
      requirementsIn(readFileSync(new URL(`../../docs/requirements/${file}.csv`, import.meta.url), 'utf8')).map(
        ({ id }) => id,
      ),
    )
  known.set(file, ids)
  return ids
}

/**
 * Says that the test in which it stands shows that requirements of docs/requirements/<file>.csv hold. `npm run generate`
 * lists them with the test's title; an id that is not there fails the test.
 */
export function verifies(file: string, ...ids: readonly string[]): void {
  const unknown = ids.filter(id => !idsOf(file).has(id))
  if (unknown.length > 0) throw new Error(`docs/requirements/${file}.csv has no ${unknown.join(', ')}`)
}
