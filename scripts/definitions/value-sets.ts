import { SERVED } from './served.ts'
import type { CodeSystem, Concept, Conformance, StructureDefinition, ValueSet } from './source.ts'

/** The codes of a part of a value set, with what they are called; without codes, those of its whole code system. */
export type Part = { system: string; codes?: Record<string, string> }

export type Terminology = {
  codeSystems: Record<string, { title: string; codes: Record<string, string> }>
  valueSets: Record<string, { title: string; include: Part[] }>
}

const SMALL = 300
/** Whose codes may be passed on by anybody; SNOMED CT, LOINC and others have licences of their own. */
export const FREE = /^http:\/\/(hl7\.org|terminology\.hl7\.org|unitsofmeasure\.org)/

/** The value sets that elements of the served types and of the datatypes are bound to, as far as they are small and closed. */
export function terminologyOf(source: readonly Conformance[]): Terminology {
  const codeSystems = new Map<string, CodeSystem>()
  const valueSets = new Map<string, ValueSet>()
  for (const one of source) {
    if (one.resourceType === 'CodeSystem') codeSystems.set(one.url, one)
    if (one.resourceType === 'ValueSet') valueSets.set(one.url, one)
  }
  const model: Terminology = { codeSystems: {}, valueSets: {} }
  for (const url of boundBy(source)) {
    const valueSet = valueSets.get(url)
    const include = valueSet && partsOf(valueSet, codeSystems)
    if (!include) continue
    model.valueSets[url] = { title: titleOf(valueSet), include }
    for (const { system, codes } of include) {
      const whole = codeSystems.get(system)
      if (!codes && whole) model.codeSystems[system] = { title: titleOf(whole), codes: codesOf(whole.concept ?? []) }
    }
  }
  return model
}

const titleOf = ({ title, name }: { title?: string; name?: string }): string => title ?? name ?? ''

function boundBy(source: readonly Conformance[]): string[] {
  const isWanted = ({ kind, type, derivation }: StructureDefinition) =>
    derivation !== 'constraint' && (kind === 'complex-type' || SERVED.some(served => served === type))
  const urls = source
    .filter(one => one.resourceType === 'StructureDefinition')
    .filter(isWanted)
    .flatMap(({ snapshot }) => snapshot?.element ?? [])
    .flatMap(({ binding }) => binding?.valueSet?.split('|')[0] ?? [])
  return [...new Set(urls)].sort()
}

/** The parts of a value set; undefined when it is open, large, or needs a terminology server. */
function partsOf({ compose }: ValueSet, codeSystems: ReadonlyMap<string, CodeSystem>): Part[] | undefined {
  if (!compose?.include || compose.exclude) return undefined
  const parts: Part[] = []
  let count = 0
  for (const { system, concept, filter, valueSet } of compose.include) {
    const whole = codeSystems.get(system)
    const isComplete = whole?.content === 'complete' && whole.concept !== undefined
    if (filter || valueSet || !FREE.test(system) || !(concept || isComplete)) return undefined
    const known = codesOf(whole?.concept ?? [])
    const codes = codesOf(concept ?? whole?.concept ?? [])
    for (const code of Object.keys(codes)) if (codes[code] === '') codes[code] = known[code] ?? ''
    count += Object.keys(codes).length
    parts.push(concept ? { system, codes } : { system })
  }
  return count <= SMALL ? parts : undefined
}

const codesOf = (concepts: readonly Concept[]): Record<string, string> =>
  Object.fromEntries(concepts.flatMap(flat).map(({ code, display = '' }) => [code, display]))

const flat = (concept: Concept): Concept[] => [concept, ...(concept.concept ?? []).flatMap(flat)]
