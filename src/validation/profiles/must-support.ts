import { withoutChoice } from '../../fhir/model.ts'
import type { Json } from '../../fhir/types.ts'
import type { ElementRule } from './rule.ts'
import { itemsOf, objectOf } from './values.ts'

/** An element that is marked, with those on the way to it from the resource. */
export type Marked = readonly ElementRule[]

/**
 * The elements that a profile marks as must-support, https://hl7.org/fhir/R4/profiling.html#mustsupport. Those of slices are
 * left out: that a resource lacks a kind of identifier says little of who sent it.
 */
export function markedIn(rule: ElementRule, above: Marked = []): Marked[] {
  return [...rule.children.values()].flatMap(child => {
    const way = [...above, child]
    return [...(child.isMustSupport ? [way] : []), ...markedIn(child, way)]
  })
}

/** Where the elements are that are marked and that a resource does not have, though it has what they would be part of. */
export function absentIn(resource: Json, type: string, marked: readonly Marked[]): string[] {
  return marked.flatMap(way => {
    const [last] = way.slice(-1)
    let holders: readonly Json[] = [resource]
    for (const step of way.slice(0, -1))
      holders = holders.flatMap(each =>
        itemsOf(each, step).flatMap((item): readonly Json[] => [objectOf(item)].filter(one => one !== undefined)),
      )
    const isAbsent = last && holders.length > 0 && holders.every(each => itemsOf(each, last).length === 0)
    return isAbsent ? [[type, ...way.map(({ name }) => withoutChoice(name))].join('.')] : []
  })
}
