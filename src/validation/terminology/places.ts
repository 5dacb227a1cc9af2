import { type Element, elementsOfType, isComplex, memberName, RESOURCE_TYPES } from '../../fhir/model.ts'
import type { Json } from '../../fhir/types.ts'
import { type Coded, codingsIn } from '../profiles/codings.ts'
import { isObject } from '../run.ts'
import { type Binding, bindingOf } from './bindings.ts'

/** An element of a resource with codes in it, and what it is bound to. */
export type Place = {
  readonly expression: string
  readonly codings: readonly Coded[]
  readonly binding: Binding | undefined
  /** The listed codes of a required binding, which the validator has checked. */
  readonly required: Element['bound']
}

const CONCEPTS = new Set(['CodeableConcept', 'Coding'])
const QUANTITIES = new Set(['Quantity', 'Age', 'Count', 'Distance', 'Duration', 'Money'])

function* placesOf(owner: string, element: Element, type: string, value: unknown, at: string): Generator<Place> {
  const path = `${owner}.${element.name}`
  if (type === 'Resource') {
    yield* placesIn(value, at)
    return
  }
  if (CONCEPTS.has(type) || QUANTITIES.has(type)) {
    const codings = isObject(value) ? codingsIn(value) : []
    const binding = bindingOf(path) ?? bindingOf(type)
    if (codings.length > 0) yield { expression: at, codings, binding, required: element.bound }
    return
  }
  if (isComplex(type)) {
    if (isObject(value)) yield* placesOfType(type, value, at)
    return
  }
  const binding = bindingOf(path)
  if (binding && typeof value === 'string')
    yield { expression: at, codings: codingsIn(value), binding, required: undefined }
}

function* placesOfType(owner: string, object: Json, at: string): Generator<Place> {
  for (const element of elementsOfType(owner)) {
    for (const type of element.types) {
      const member = memberName(element.name, type)
      const value = Object.hasOwn(object, member) ? object[member] : undefined
      if (value === undefined || value === null) continue
      if (!Array.isArray(value)) yield* placesOf(owner, element, type, value, `${at}.${member}`)
      else
        for (const [index, item] of value.entries())
          yield* placesOf(owner, element, type, item, `${at}.${member}[${index}]`)
    }
  }
}

/** The coded elements of a resource and of what is contained in it; what is not as FHIR defines it is passed over. */
export function* placesIn(resource: unknown, at?: string): Generator<Place> {
  if (!isObject(resource) || typeof resource.resourceType !== 'string') return
  const { resourceType: type } = resource
  if (RESOURCE_TYPES.has(type)) yield* placesOfType(type, resource, at ?? type)
}
