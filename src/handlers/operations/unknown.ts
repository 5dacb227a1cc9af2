import { nearest } from '../../fhir/nearest.ts'
import { FhirError } from '../../fhir/outcome.ts'
import { shapeOf } from '../path-shape.ts'
import { OPERATION_WAYS } from './ways.ts'

type Beside = { readonly shape: RegExp; readonly names: Set<string> }

/** The operations by what they are invoked on: the base, a type, a resource of it. */
const places = new Map<string, Beside>()
for (const { url } of OPERATION_WAYS) {
  const end = url.lastIndexOf('/')
  const on = url.slice(0, end)
  const place = places.get(on) ?? { shape: shapeOf(on), names: new Set() }
  places.set(on, place)
  place.names.add(url.slice(end + 1))
}

/**
 * Says of a path below the base that ends in an operation which is not there what is there instead; nothing of other paths.
 * What begins with a dollar is never the id of a resource. https://hl7.org/fhir/R4/operations.html#executing
 */
export function unknownOperation(path: string): FhirError | undefined {
  const [, on = '', name] = /^(.*)\/(\$[^/]*)\/?$/.exec(path) ?? []
  if (name === undefined) return undefined
  const names = [...([...places.values()].find(({ shape }) => shape.test(on))?.names ?? [])].sort()
  if (names.includes(name)) return undefined
  const guess = nearest(name, names)
  const known = names.length > 0 ? ` Here are: ${names.join(', ')}` : ''
  const text = `There is no operation ${name.slice(0, 60)} here.${guess ? ` Did you mean ${guess}?` : ''}${known}`
  return new FhirError(404, [{ severity: 'error', code: 'not-supported', text }])
}
