import { applyFhirPathPatch } from './fhirpath-patch.ts'
import { parseJson } from './json.ts'
import { applyJsonPatch, checkJsonPatch } from './json-patch.ts'
import { invalid } from './outcome.ts'
import type { Json } from './types.ts'

/** The media type of RFC 6902. */
export const JSON_PATCH = 'application/json-patch+json'

/** Makes another resource of one, which it may change in place. */
export type Patch = (resource: Json) => Json

/** FHIR has no empty lists and objects: what a patch leaves empty goes, with what holds nothing else. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) {
    const kept = value.map(withoutEmpty).filter(item => item !== undefined)
    return kept.every(item => item === null) ? undefined : kept
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).flatMap(([name, item]) => {
    const inner = withoutEmpty(item)
    return inner === undefined ? [] : [[name, inner] as const]
  })
  return kept.length === 0 ? undefined : Object.fromEntries(kept)
}

const patchBy =
  (apply: (resource: Json) => unknown): Patch =>
  resource =>
    (withoutEmpty(apply(resource)) ?? {}) as Json

/** A patch may be applied again when a transaction is tried again, and what it puts in place is changed by linking. */
const copyOf = <T>(value: T): T => structuredClone(value)

/**
 * Reads what came as a patch: a JSON Patch is a list, a FHIRPath Patch a Parameters resource, which `check` refuses when it
 * is not a right one.
 * @throws FhirError 400
 */
export function patchOf(body: unknown, check: (parameters: unknown) => void): Patch {
  if (Array.isArray(body)) {
    checkJsonPatch(body)
    return patchBy(resource => applyJsonPatch(resource, copyOf(body)))
  }
  if ((body as Json | undefined)?.resourceType !== 'Parameters')
    throw invalid('A patch is a list of JSON Patch operations (RFC 6902), or a FHIRPath patch in a Parameters resource')
  check(body)
  return patchBy(resource => applyFhirPathPatch(resource, copyOf(body as Json)))
}

/**
 * What an entry of a Bundle sends as a patch: Parameters, or what the data of a Binary say.
 * https://hl7.org/fhir/R4/http.html#patch
 */
export function patchInEntry(resource: unknown, depth: number): unknown {
  const { resourceType, contentType, data } = (resource ?? {}) as Json
  if (resourceType !== 'Binary') return resource
  if (String(contentType).split(';')[0]?.trim() !== JSON_PATCH || typeof data !== 'string')
    throw invalid(`The Binary of a patch has the contentType ${JSON_PATCH}, and the patch as its data`)
  const { value } = parseJson(Buffer.from(data, 'base64').toString('utf8'), { depth })
  if (!Array.isArray(value)) throw invalid('A JSON Patch is a list of operations')
  return value
}
