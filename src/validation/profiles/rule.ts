// What profiles ask of elements, put together from the differentials of a profile and of all that it is built on.
import type { Marked } from './must-support.ts'

/** One type that an element may be of: https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.type */
export type TypeRule = {
  readonly code: string
  /** Of these it has to conform to one. */
  readonly profiles: readonly string[]
  /** What a reference leads to has to conform to one of these. */
  readonly targets: readonly string[]
}

/** https://hl7.org/fhir/R4/profiling.html#discriminator */
export type Discriminator = {
  readonly type: 'value' | 'pattern' | 'type' | 'exists' | 'profile'
  readonly path: string
}

/** https://hl7.org/fhir/R4/profiling.html#slicing */
export type Slicing = {
  readonly discriminators: readonly Discriminator[]
  readonly rules: 'open' | 'closed' | 'openAtEnd'
  readonly isOrdered: boolean
}

/** https://hl7.org/fhir/R4/elementdefinition.html#ElementDefinition.constraint */
export type InvariantRule = {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression: string
}

/** A member of JSON that an element may be: several for a choice of types. */
export type Member = { readonly name: string; readonly companion: string; readonly type: string }

/** All that a profile asks of one element, or of one slice of it. */
export type ElementRule = {
  /** As in the path: `value[x]` for a choice. */
  readonly name: string
  /** The slice, as `nhsNumber` or `nhsNumber/verified`. */
  readonly slice: string | undefined
  min: number
  max: number
  fixed?: unknown
  pattern?: unknown
  types?: readonly TypeRule[]
  binding?: { readonly strength: string; readonly valueSet: string }
  maxLength?: number
  minValue?: unknown
  maxValue?: unknown
  isMustSupport: boolean
  readonly invariants: Map<string, InvariantRule>
  slicing?: Slicing
  readonly children: Map<string, ElementRule>
  readonly slices: Map<string, ElementRule>
  /** Where its values stand in JSON. Set when the whole profile has been read. */
  members: readonly Member[]
}

/** A profile as it is checked. */
export type ProfileRule = {
  readonly url: string
  readonly version: string | undefined
  /** The type that it is of. */
  readonly type: string
  readonly root: ElementRule
  /** The elements that are must-support, with those on the way to them. */
  readonly marked: readonly Marked[]
  /** What of it cannot be checked, whatever the resource. */
  readonly unchecked: readonly string[]
}

/** An element of which nothing is asked yet. */
export const newRule = (name: string, slice?: string): ElementRule => ({
  name,
  slice,
  min: 0,
  max: Number.POSITIVE_INFINITY,
  isMustSupport: false,
  invariants: new Map(),
  children: new Map(),
  slices: new Map(),
  members: [],
})
