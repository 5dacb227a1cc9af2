import { stringifyJson } from '../../fhir/json.ts'
import type { Json } from '../../fhir/types.ts'
import type { Decide } from './examination.ts'
import type { InvariantRule } from './rule.ts'

type Evaluate = (node: unknown, environment: Json) => unknown[]

/** FHIRPath counts with doubles: the digits that are kept beside a number are of no use to it. */
const forEvaluation = new WeakMap<Json, Json>()

function plainOf(resource: Json): Json {
  const known = forEvaluation.get(resource)
  if (known) return known
  const plain = JSON.parse(stringifyJson(resource)) as Json
  forEvaluation.set(resource, plain)
  return plain
}

const nodeAt = (resource: Json, trail: readonly (string | number)[]): unknown =>
  trail.slice(1).reduce<unknown>((node, step) => (node as Json | undefined)?.[step], resource)

/**
 * Decides invariants of profiles as the standard writes them, in FHIRPath. The evaluator is fetched only where a profile
 * has any: it is several times as large as what validates without it.
 */
export async function invariantDecider(): Promise<Decide> {
  const [{ default: fhirpath }, { default: r4 }] = await Promise.all([
    import('fhirpath'),
    import('fhirpath/fhir-context/r4/index.js'),
  ])
  const compiled = new Map<string, Evaluate | undefined>()

  function evaluator({ expression }: InvariantRule, type: string): Evaluate | undefined {
    const name = `${type} ${expression}`
    if (compiled.has(name)) return compiled.get(name)
    let made: Evaluate | undefined
    try {
      const model = r4 as Parameters<typeof fhirpath.compile>[1]
      made = fhirpath.compile({ base: type, expression }, model, { traceFn: () => {} }) as unknown as Evaluate
    } catch {
      // The evaluator throws whatever its parser stumbled over: such a rule is said to be unchecked.
      made = undefined
    }
    compiled.set(name, made)
    return made
  }

  return (rule, type, trail, resource) => {
    const evaluate = evaluator(rule, type)
    const plain = plainOf(resource)
    const node = nodeAt(plain, trail)
    if (!evaluate || node === undefined) return undefined
    try {
      const result = evaluate(node, { resource: plain, rootResource: plain, ucum: 'http://unitsofmeasure.org' })
      // What yields nothing is no violation: https://hl7.org/fhir/R4/conformance-rules.html#constraints
      if (result.length === 0) return true
      return result.length === 1 && typeof result[0] === 'boolean' ? result[0] : result.length > 0
    } catch {
      // `resolve()`, `memberOf()` and the like need a server: such a rule is said to be unchecked.
      return undefined
    }
  }
}
