// For every search parameter that is declared: resources that it must find, and resources that it must not.
import { searchParametersOf } from '../../src/fhir/model.ts'
import { compile, eachValue, type Route } from '../../src/fhir/path.ts'
import type { Json } from '../../src/fhir/types.ts'
import { definitionOf, servedTypes } from '../../src/resources/index.ts'
import { validate } from '../../src/validation/validate.ts'
import { elementOf, isTaken, minimal, put } from './minimal.ts'
import { existing, MAKERS, type Made, type Mark } from './search-value.ts'

const declaredOf = (type: string, param: string) => definitionOf(type)?.search[param]

/** Whether a parameter says whose a resource is. */
export const isPatients = (type: string, param: string): boolean => declaredOf(type, param)?.stored === 'patient'

/** The element that a route ends at. */
function elementAt(type: string, { steps }: Route) {
  const last = steps.at(-1)
  const holder = steps.slice(0, -1).reduce((of, { member }) => elementOf(of, member).datatype, type)
  return last && elementOf(holder, last.member).element
}

/** The types that a reference parameter may lead to through one route, those that are served first. */
export function targetsOf(type: string, param: string, route: Route): string[] {
  const declared = searchParametersOf(type).get(param)?.targets ?? []
  const allowed = elementAt(type, route)?.targets
  const isAny = declared.length === 0 || declared.includes('Resource')
  const both = isAny ? allowed : allowed ? allowed.filter(each => declared.includes(each)) : declared
  const named = both === undefined || both.includes('Resource') ? servedTypes : both
  const rank = (each: string) => (definitionOf(each) ? 0 : 1)
  return [...named].sort((a, b) => rank(a) - rank(b))
}

type Place = {
  readonly route: Route
  readonly made: Made
  readonly isExistence: boolean
  /** Of a composite: the first value, which stands beside. */
  readonly first?: Place
}

function valuesAt(
  type: string,
  param: string,
  route: Route,
  mark: Mark,
  target: string | undefined,
  exists: boolean,
): readonly Made[] {
  const maker = exists ? existing : MAKERS[declaredOf(type, param)?.type ?? '']?.[route.type]
  if (!maker) return []
  const keep = ({ value }: Made) => route.steps.at(-1)?.keep?.(value as Json) ?? true
  if (route.type !== 'Reference')
    return maker(mark, { route, target: '', bound: elementAt(type, route)?.bound }).filter(keep)
  const targets = targetsOf(type, param, route)
  const some = targets.slice(0, targets[0] === 'Patient' ? 2 : 1)
  const chosen = target === undefined ? some : targets.filter(each => each === target)
  return chosen.flatMap(each => maker(mark, { route, target: each })).filter(keep)
}

/** All ways to give a parameter a value: one for each route of its expression and each way to write the value. */
function placesOf(type: string, param: string, mark: Mark, target?: string): Place[] {
  const parameter = searchParametersOf(type).get(param)
  const parts = declaredOf(type, param)?.of
  if (parts && declaredOf(type, param)?.stored !== 'either') return pairsOf(type, parts, mark)
  if (parts) return parts.flatMap(part => placesOf(type, part, mark, target))
  if (!parameter) throw new Error(`${type} has no search parameter ${param}`)
  const { routes, exists } = compile(parameter.expression, type)
  return routes.flatMap(route =>
    valuesAt(type, param, route, mark, target, exists).map(made => ({ route, made, isExistence: exists })),
  )
}

/** The ways to give a composite a value: each of its second part, with the first one beside it. */
function pairsOf(type: string, [one = '', two = '']: readonly string[], mark: Mark): Place[] {
  const [first] = placesOf(type, one, mark)
  if (!first) return []
  return placesOf(type, two, mark).map(place => {
    const queries = place.made.queries
      .filter(query => !query.includes(','))
      .flatMap(query => first.made.queries.filter(each => !each.includes(',')).map(each => `${each}$${query}`))
    return { ...place, first, made: { ...place.made, queries } }
  })
}

/** Makes a resource one patient's, if its type can be. */
export function giveTo(resource: Json, patient: string): Json {
  const type = String(resource.resourceType)
  const compartment = definitionOf(type)?.compartment
  const mark = { word: patient, day: '', number: 0, code: 0 } as const
  for (const param of Array.isArray(compartment) ? (compartment as string[]) : []) {
    const [place] = placesOf(type, param, mark, 'Patient')
    if (place) put(resource, place.route, place.made.value, { beside: true })
  }
  return resource
}

const stands = (resource: Json, { route, made }: Place): boolean => {
  const values: unknown[] = []
  eachValue(route, resource, (value, out) => out.push(value), values)
  return values.includes(made.value)
}

const namesPatient = ({ made }: Place): boolean =>
  String((made.value as { reference?: string }).reference).startsWith('Patient/')

/** A resource with a value, and the patient's if the value leaves room for it. */
function withValue(type: string, id: string, patient: string, param: string, place?: Place): Json {
  const make = () => {
    const resource = minimal(type, id)
    if (place?.first) put(resource, place.first.route, place.first.made.value)
    if (place) put(resource, place.route, place.made.value)
    return resource
  }
  if (place && isPatients(type, param) && namesPatient(place)) return make()
  const given = giveTo(make(), patient)
  return place && !stands(given, place) ? make() : given
}

/** One way for a resource to have a value for a parameter: what is found, what is not, and the values to search with. */
export type Fixture = {
  readonly type: string
  readonly param: string
  readonly queries: readonly string[]
  readonly hit: Json
  readonly miss: Json
}

const path = ({ route }: Place): string => route.steps.map(({ member }) => member).join('.')

/** A fixture for each way to have a value for a parameter; all its resources are one patient's, if they can be. */
export function fixturesOf(
  type: string,
  param: string,
  { hit, miss, id, patient }: { hit: Mark; miss: Mark; id: () => string; patient: string },
): Fixture[] {
  const others = placesOf(type, param, miss)
  return placesOf(type, param, hit).map(place => {
    const other = place.isExistence ? undefined : others.find(each => path(each) === path(place))
    return {
      type,
      param,
      queries: place.made.queries,
      hit: withValue(type, id(), patient, param, place),
      miss: withValue(type, id(), patient, param, other),
    }
  })
}

/** A resource with a marked value for as many parameters as go together, and the values to search for it by. */
export function rich(type: string, id: string, patient: string, mark: Mark) {
  let resource = minimal(type, id)
  const placed: (readonly [string, Place])[] = []
  for (const param of Object.keys(definitionOf(type)?.search ?? {})) {
    const place = placesOf(type, param, mark).find(({ route }) => !isTaken(resource, route))
    if (!place || place.isExistence || place.first || isPatients(type, param)) continue
    const more = structuredClone(resource)
    put(more, place.route, place.made.value, { beside: true })
    // A rule of the standard may want one of two only.
    if (validate(more).issues.length > 0) continue
    resource = more
    placed.push([param, place])
  }
  giveTo(resource, patient)
  // Two parameters may look at one element: the later of them has it.
  const left = placed.filter(([, place]) => stands(resource, place))
  return { resource, queries: left.map(([param, { made }]) => ({ param, values: made.queries })) }
}

/**
 * One patient's resources of a type that name `target/to`, one for each reference parameter by which that is possible;
 * canonicals name it by its url below `base`.
 */
export function referring(
  type: string,
  target: string,
  to: string,
  { id, patient, base }: { id: (param: string) => string; patient: string; base: string },
) {
  const mark = { word: to, day: '', number: 0, code: 0 } as const
  return Object.entries(definitionOf(type)?.search ?? {}).flatMap(([param, declared]) => {
    if (declared.type !== 'reference') return []
    const [place] = placesOf(type, param, mark, target)
    if (!place) return []
    const isUrl = place.route.type !== 'Reference'
    const made = isUrl ? { value: `${base}/${target}/${to}`, queries: [] } : place.made
    if (isUrl && !targetsOf(type, param, place.route).includes(target)) return []
    return [{ param, resource: withValue(type, id(param), patient, param, { ...place, made }) }]
  })
}
