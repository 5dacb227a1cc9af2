import { parseReference } from '../../fhir/reference.ts'
import type { Json } from '../../fhir/types.ts'
import { objectsOf } from '../invariant.ts'
import { isObject } from '../run.ts'

/** What a reference with # leads to; undefined for any other, which is not looked up. */
export function contained(reference: unknown, resource: Json): Json | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
  return objectsOf(resource.contained).find(({ id }) => id === reference.slice(1))
}

/** The type that a Reference leads to, as far as it can be read from itself. */
export function typeOfReference(holder: unknown, resource: Json): string | undefined {
  if (!isObject(holder)) return undefined
  const { reference, type } = holder
  const inside = contained(reference, resource)
  if (inside) return typeof inside.resourceType === 'string' ? inside.resourceType : undefined
  const parsed = typeof reference === 'string' ? parseReference(reference) : undefined
  if (parsed && 'type' in parsed && parsed.type !== undefined) return parsed.type
  return typeof type === 'string' && reference === undefined ? type : undefined
}
