import type { Json } from '../../fhir/types.ts'
import { objectsOf } from '../invariant.ts'

type Concepts = { readonly all: Map<string, Json>; readonly below: Map<string, Set<string>> }

const PARENT = new Set(['parent', 'subsumedBy'])

function link({ below }: Concepts, parent: string, child: string): void {
  const children = below.get(parent) ?? new Set()
  children.add(child)
  below.set(parent, children)
}

/** The concepts of a code system, and which are below which: by nesting, and by what their properties say beside. */
function gather(concepts: unknown, into: Concepts, parent?: string): Concepts {
  for (const each of objectsOf(concepts)) {
    const code = String(each.code)
    into.all.set(code, each)
    if (parent !== undefined) link(into, parent, code)
    for (const { code: property, valueCode } of objectsOf(each.property)) {
      if (property === 'child') link(into, code, String(valueCode))
      if (PARENT.has(String(property))) link(into, String(valueCode), code)
    }
    gather(each.concept, into, code)
  }
  return into
}

/** A concept and all that are below it. */
function isA(below: Concepts['below'], code: string, met = new Set<string>()): Set<string> {
  if (met.has(code)) return met
  met.add(code)
  for (const child of below.get(code) ?? []) isA(below, child, met)
  return met
}

const valueIn = (property: Json): unknown =>
  property.valueCode ?? property.valueString ?? property.valueBoolean ?? property.valueInteger

/** The codes that one filter leaves; undefined when it asks for what cannot be told here. */
function leaves(concepts: Concepts, { property, op, value }: Json): ReadonlySet<string> | undefined {
  const text = String(value)
  const all = new Set(concepts.all.keys())
  if (property === 'concept' || property === 'code') {
    const below = isA(concepts.below, text)
    if (op === 'is-a') return below
    if (op === 'descendent-of') return new Set([...below].filter(code => code !== text))
    if (op === 'is-not-a') return new Set([...all].filter(code => !below.has(code)))
  }
  if (op !== '=') return undefined
  const hasIt = (concept: Json) =>
    objectsOf(concept.property).some(each => each.code === property && String(valueIn(each)) === text)
  return new Set([...concepts.all].filter(([, concept]) => hasIt(concept)).map(([code]) => code))
}

/**
 * The codes of a complete code system that all filters of a value set leave; undefined when one of them cannot be told.
 * https://hl7.org/fhir/R4/valueset.html#compositions
 */
export function filtered(codeSystem: Json | undefined, filters: unknown): string[] | undefined {
  if (codeSystem?.content !== 'complete') return undefined
  const concepts = gather(codeSystem.concept, { all: new Map(), below: new Map() })
  let codes = [...concepts.all.keys()]
  for (const filter of objectsOf(filters)) {
    const left = leaves(concepts, filter)
    if (left === undefined) return undefined
    codes = codes.filter(code => left.has(code))
  }
  return codes
}
