import type { Range } from './dates.ts'
import {
  DATES,
  type ExtractedReference,
  NUMBERS,
  QUANTITIES,
  type Quantity,
  REFERENCES,
  STRINGS,
  TOKENS,
  type Token,
  URIS,
} from './extract-values.ts'
import { searchParametersOf } from './model.ts'
import { compile, type Expression, eachValue, type Visit } from './path.ts'
import type { Json } from './types.ts'

// The values of a resource that its search parameters look at: https://hl7.org/fhir/R4/search.html. Expressions are
// compiled when a parameter is first asked for, then kept.

export { quantityRange } from './decimals.ts'
export { foldString } from './strings.ts'
export type { ExtractedReference, Quantity, Range, Token }

/** A value that a parameter's expression leads to, with its FHIR datatype. */
export type TypedValue = { type: string; value: unknown }

type VisitOf<T> = (datatype: string) => Visit<T> | undefined
type Extract<T> = (type: string, param: string, resource: Json) => readonly T[]

const pushTyped: Visit<TypedValue> = (value, out, leaf) => out.push({ type: leaf.type, value })

const typed = extractor<TypedValue>(() => pushTyped)

/** The values of one parameter as they stand in a resource, as a function to be kept. */
export const elementsOf =
  (type: string, param: string) =>
  (resource: Json): readonly TypedValue[] =>
    typed(type, param, resource)

/** The tokens of a token parameter. A code of a closed list has the system that the list implies. */
export const tokensOf = extractor<Token>(visitsOf(TOKENS))

/** The spans of time of a date parameter; an open end is infinite. */
export const datesOf = extractor<Range>(visitsOf(DATES))

/** The strings of a string parameter as they stand; `foldString` makes them comparable. */
export const stringsOf = extractor<string>(visitsOf(STRINGS))

/** The references and canonicals of a reference parameter; references to contained resources are left out. */
export const referencesOf = extractor<ExtractedReference>(visitsOf(REFERENCES))

/** The quantities of a quantity parameter, their values with every digit. */
export const quantitiesOf = extractor<Quantity>(visitsOf(QUANTITIES))

/** The URIs of a uri parameter. */
export const urisOf = extractor<string>(visitsOf(URIS))

/** The decimals of a number parameter, with every digit. */
export const numbersOf = extractor<string>(visitsOf(NUMBERS))

const VISITS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  token: TOKENS,
  date: DATES,
  string: STRINGS,
  reference: REFERENCES,
  quantity: QUANTITIES,
  uri: URIS,
  number: NUMBERS,
}

/** Whether what a parameter leads to can be searched as its type: what is needed to declare it. */
export function isExtractable(type: string, param: string): boolean {
  const visits = VISITS[searchParametersOf(type).get(param)?.type ?? '']
  if (!visits) return false
  const { routes, exists } = expressionOf(type, param)
  return exists || routes.some(route => Object.hasOwn(visits, route.type))
}

const datatypes = new Map<string, ReadonlySet<string>>()

/** The FHIR datatypes that a parameter of a type leads to. */
export function datatypesOf(type: string, param: string): ReadonlySet<string> {
  const key = `${type}.${param}`
  const known = datatypes.get(key)
  if (known) return known
  const isDefined = searchParametersOf(type).has(param)
  const made = new Set(isDefined ? expressionOf(type, param).routes.map(route => route.type) : [])
  datatypes.set(key, made)
  return made
}

/** Whether what a parameter leads to is true or false and nothing else. */
export function isBoolean(type: string, param: string): boolean {
  if (!searchParametersOf(type).has(param)) return false
  const { routes, exists } = expressionOf(type, param)
  return exists || routes.every(route => route.type === 'boolean')
}

/**
 * The resource once for each of the repeated elements that a parameter looks into, with that one alone: what is found in
 * the same one belongs together, as composites need it (https://hl7.org/fhir/R4/search.html#composite).
 */
export function holdersOf(type: string, param: string, resource: Json): readonly Json[] {
  const member = expressionOf(type, param).routes[0]?.steps[0]?.member
  const holders = member === undefined ? undefined : resource[member]
  if (member === undefined || !Array.isArray(holders)) return NOTHING
  return holders.map(holder => ({ resourceType: type, [member]: [holder] }))
}

function visitsOf<T>(visits: Readonly<Record<string, Visit<T>>>): VisitOf<T> {
  return datatype => (Object.hasOwn(visits, datatype) ? visits[datatype] : undefined)
}

function extractor<T>(visitOf: VisitOf<T>): Extract<T> {
  const made = new Map<string, Map<string, (resource: Json) => readonly T[]>>()
  return (type, param, resource) => {
    const known = made.get(type)?.get(param)
    if (known) return known(resource)
    const extract = compose(expressionOf(type, param), visitOf)
    const ofType = made.get(type) ?? new Map()
    made.set(type, ofType.set(param, extract))
    return extract(resource)
  }
}

const NOTHING: readonly never[] = Object.freeze([])

function compose<T>({ routes, exists }: Expression, visitOf: VisitOf<T>): (resource: Json) => readonly T[] {
  if (exists) return composeExists(routes, visitOf('boolean'))
  const ways = routes.flatMap(route => {
    const visit = visitOf(route.type)
    return visit ? [{ first: route.steps[0]?.member ?? 'resourceType', route, visit }] : []
  })
  return resource => {
    let out: T[] | undefined
    // Most members of a type are absent from most resources: nothing is made for those.
    for (const { first, route, visit } of ways) {
      if (resource[first] === undefined) continue
      out ??= []
      eachValue(route, resource, visit, out)
    }
    return out ?? NOTHING
  }
}

/** `x.exists() and x != false` is one boolean, whether anything is there or not. */
function composeExists<T>(routes: Expression['routes'], visit: Visit<T> | undefined): (resource: Json) => T[] {
  return resource => {
    const values: TypedValue[] = []
    for (const route of routes) eachValue(route, resource, pushTyped, values)
    const out: T[] = []
    visit?.(
      values.some(({ value }) => value !== false),
      out,
      { type: 'boolean', codes: undefined },
    )
    return out
  }
}

const expressions = new Map<string, Expression>()

function expressionOf(type: string, param: string): Expression {
  const key = `${type}.${param}`
  const known = expressions.get(key)
  if (known) return known
  const definition = searchParametersOf(type).get(param)
  if (!definition) throw new Error(`${type} has no search parameter ${param}`)
  const made = compile(definition.expression, type)
  expressions.set(key, made)
  return made
}
