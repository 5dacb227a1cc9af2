import { isComplex, RESOURCE_TYPES } from '../../fhir/model.ts'
import { PRIMITIVES } from '../../fhir/primitives.ts'

/** Where the types of R4 itself are defined. */
export const BASE = 'http://hl7.org/fhir/StructureDefinition/'
const ABSTRACT = new Set(['Resource', 'DomainResource', 'Element', 'BackboneElement'])

/** A canonical without its `|version`: https://hl7.org/fhir/R4/datatypes.html#canonical */
export const withoutVersion = (canonical: string): string => canonical.split('|')[0] ?? ''

/** The type that a canonical defines when it is one of R4 itself; undefined for a profile. */
export function baseType(canonical: string): string | undefined {
  const url = withoutVersion(canonical)
  if (!url.startsWith(BASE)) return undefined
  const type = url.slice(BASE.length)
  return RESOURCE_TYPES.has(type) || isComplex(type) || PRIMITIVES.has(type) || ABSTRACT.has(type) ? type : undefined
}
