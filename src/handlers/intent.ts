import { FhirError, invalid, invalidId, unprocessable } from '../fhir/outcome.ts'
import { type Patch, patchOf } from '../fhir/patch.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { spell } from '../validation/identifiers.ts'
import { validate } from '../validation/validate.ts'

/** A search that names at most one resource: the criteria of a conditional interaction. */
export type Criteria = readonly (readonly [string, string])[]

/** One write, whether it is a request of its own or an entry of a transaction. */
export type Intent = {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly definition: Definition
  /** Of the URL; absent for a create and for conditional interactions. */
  readonly id?: string
  /** `If-None-Exist` of a create, or the query of another conditional interaction. */
  readonly criteria?: Criteria
  /** Whether the criteria may match several, and mean them all: a conditional delete where the type allows it. */
  readonly several?: boolean
  readonly ifMatch?: string
  readonly ifNoneMatch?: string
  readonly resource?: Json
  /** What a patch makes of the resource that is there. */
  readonly patch?: Patch
  readonly fullUrl?: string
  /** Where it stands, for messages: `Bundle.entry[3]`, or nothing for a request of its own. */
  readonly place: string
}

/** Puts the place of an entry before what an error says. */
export const atPlace = (error: FhirError, place: string): FhirError => (place === '' ? error : error.within(place))

/** Runs what may refuse, and puts the place of an entry before what it says. */
export function inPlace<T>(place: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof FhirError ? atPlace(error, place) : error
  }
}

const ID = /^[A-Za-z0-9\-.]{1,64}$/

/**
 * Checks what came as a resource: that it is FHIR and one of this type (400), that it breaks no rule of FHIR (422), and
 * that its id is the one of the URL.
 */
export function checkResource(body: unknown, { type }: Definition, id: string | undefined, place: string): Json {
  if (id !== undefined && !ID.test(id)) throw atPlace(invalidId(id), place)
  const { issues, isFhir, spellings } = validate(body, type)
  if (issues.length > 0) throw atPlaceOfResource(new FhirError(isFhir ? 422 : 400, issues), place)
  spell(spellings)
  const resource = body as Json
  if (id === undefined) return resource
  if (resource.id === undefined)
    throw atPlaceOfResource(invalid(`The resource has no id; the URL says "${id}"`, `${type}.id`), place)
  if (resource.id !== id)
    throw atPlaceOfResource(invalid(`The id of the resource is not "${id}", as the URL says`, `${type}.id`), place)
  return resource
}

/** Checks what a patch has made. @throws FhirError 422: the patch was understood, what comes of it cannot be stored */
export function checkPatched(resource: Json, { type }: Definition, place: string): Json {
  const { issues, spellings } = validate(resource, type)
  if (issues.length > 0) throw atPlace(new FhirError(422, issues), place)
  spell(spellings)
  return resource
}

/** Reads what came as a patch. @throws FhirError 400 */
export const patchFrom = (body: unknown): Patch =>
  patchOf(body, parameters => {
    const { issues } = validate(parameters, 'Parameters')
    if (issues.length > 0) throw new FhirError(400, issues)
  })

/** `Patient.birthDate` inside an entry is `Bundle.entry[3].resource.ofType(Patient).birthDate`. */
export function atPlaceOfResource(error: FhirError, place: string): FhirError {
  if (place === '') return error
  const issues = error.issues.map(issue => {
    const [type, ...rest] = (issue.expression ?? '').split('.')
    const inside = type ? [`ofType(${type})`, ...rest].join('.') : ''
    return { ...issue, expression: [place, 'resource', inside].filter(Boolean).join('.') }
  })
  return new FhirError(error.status, issues, { headers: error.headers })
}

/** A rule that a resource breaks, at its place. */
export const brokenRule = (text: string, expression: string, place: string): FhirError =>
  atPlaceOfResource(unprocessable(text, expression), place)
