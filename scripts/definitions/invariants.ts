import { isBaseType } from './distil.ts'
import type { Conformance } from './source.ts'

/** The rules that break a resource when they do not hold, by the element that they are about and their key: FHIRPath. */
export type Invariants = Record<string, Record<string, string>>

/** These stand at every element; src/validation has them in its structure. */
const EVERYWHERE = new Set(['ele-1', 'ext-1'])

/** The error-severity invariants of R4's types and elements: https://hl7.org/fhir/R4/conformance-rules.html#constraints */
export function invariantsOf(source: readonly Conformance[]): Invariants {
  const structures = source.filter(one => one.resourceType === 'StructureDefinition').filter(isBaseType)
  const invariants: Invariants = {}
  for (const structure of structures.sort((a, b) => (a.type < b.type ? -1 : 1)))
    for (const { path, constraint = [] } of structure.snapshot?.element ?? []) {
      const own = constraint
        .filter(({ key, severity }) => severity === 'error' && !EVERYWHERE.has(key))
        // Every DomainResource repeats those of DomainResource.
        .filter(({ key }) => structure.type === 'DomainResource' || !key.startsWith('dom-'))
        .map(({ key, expression = '' }): [string, string] => [key, expression])
      if (own.length > 0) invariants[path] = Object.fromEntries(own)
    }
  return invariants
}
