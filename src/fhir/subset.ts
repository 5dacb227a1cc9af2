import { type Element, elementsOfType, isComplex, memberName, withoutChoice } from './model.ts'
import type { Results } from './result-params.ts'
import type { Json } from './types.ts'

/** What says that a resource is not whole, https://hl7.org/fhir/R4/search.html#summary */
const SUBSETTED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
  display: 'Resource encoded in summary mode',
}
const ALWAYS = new Set(['resourceType', 'id', 'meta', 'implicitRules'])
/** Types that are taken whole: without its value an extension would say something else. */
const WHOLE = new Set(['Extension', 'Narrative', 'Resource', 'Meta'])

/** The part of the result parameters that says how much of a resource is shown. */
export type Shown = Pick<Results, 'summary' | 'elements'>

/** Whether resources are shown whole. */
export const isWhole = ({ summary, elements }: Shown): boolean =>
  elements === undefined && (summary === 'false' || summary === 'count')

const members = new Map<string, ReadonlyMap<string, Element>>()

/** The elements of a type by the names that they have in JSON, those of their extensions (`_birthDate`) among them. */
function membersOf(type: string): ReadonlyMap<string, Element> {
  const known = members.get(type)
  if (known) return known
  const made = new Map<string, Element>()
  for (const element of elementsOfType(type))
    for (const one of element.types) {
      const member = memberName(element.name, one)
      made.set(member, element)
      made.set(`_${member}`, element)
    }
  members.set(type, made)
  return made
}

const isNeeded = ({ min, isModifier }: Element): boolean => min > 0 || isModifier

type Keep = (element: Element, member: string) => boolean

function only(resource: Json, keep: Keep): Json {
  const known = membersOf(String(resource.resourceType))
  const kept = Object.entries(resource).filter(([name]) => {
    const element = known.get(name)
    return ALWAYS.has(name) || (element !== undefined && keep(element, name.replace('_', '')))
  })
  return Object.fromEntries(kept)
}

const typeIn = (element: Element, member: string): string =>
  element.types.find(type => memberName(element.name, type) === member) ?? ''

/** The parts of a value that belong to the summary; a value of which nothing would be left stays whole. */
function summaryOf(value: unknown, type: string): unknown {
  if (Array.isArray(value)) return value.map(item => summaryOf(item, type))
  if (typeof value !== 'object' || value === null || !isComplex(type) || WHOLE.has(type)) return value
  const known = membersOf(type)
  const kept = Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
    const element = known.get(name)
    if (!element) return []
    const isKept = element.isSummary || isNeeded(element) || name === 'extension' || name === 'id'
    return isKept ? [[name, summaryOf(part, typeIn(element, name))]] : []
  })
  return kept.length === 0 ? value : Object.fromEntries(kept)
}

function summarized(resource: Json): Json {
  const known = membersOf(String(resource.resourceType))
  const kept = only(resource, element => element.isSummary || isNeeded(element))
  return Object.fromEntries(
    Object.entries(kept).map(([name, value]) => {
      const element = known.get(name)
      return [name, element ? summaryOf(value, typeIn(element, name)) : value]
    }),
  )
}

/** The elements that `_elements` names for a type: by themselves, or with the name of the type before them. */
function wantedOf(type: string, elements: readonly string[]): Set<string> {
  return new Set(
    elements.flatMap(element => {
      const [first = '', second] = element.split('.')
      if (second === undefined) return [first]
      return first === type ? [second] : []
    }),
  )
}

function cut(resource: Json, { summary, elements }: Shown): Json {
  if (elements !== undefined) {
    const wanted = wantedOf(String(resource.resourceType), elements)
    return only(
      resource,
      (element, member) => isNeeded(element) || wanted.has(withoutChoice(element.name)) || wanted.has(member),
    )
  }
  if (summary === 'true') return summarized(resource)
  if (summary === 'text') return only(resource, element => element.name === 'text' || isNeeded(element))
  return only(resource, element => element.name !== 'text')
}

/**
 * A resource with as much of it as was asked for, marked as a part (https://hl7.org/fhir/R4/search.html#summary,
 * https://hl7.org/fhir/R4/search.html#elements). Mandatory and modifier elements are always there.
 */
export function subset(resource: Json, shown: Shown): Json {
  if (isWhole(shown)) return resource
  const { resourceType, id, ...rest } = cut(resource, shown)
  const meta = (resource.meta ?? {}) as { tag?: { code?: string }[] }
  const tags = (meta.tag ?? []).filter(({ code }) => code !== SUBSETTED.code)
  return {
    resourceType,
    ...(id === undefined ? {} : { id }),
    ...rest,
    meta: { ...meta, tag: [...tags, SUBSETTED] },
  }
}
