import { decimalOf } from '../../fhir/json.ts'
import { isComplex } from '../../fhir/model.ts'
import { nearest } from '../../fhir/nearest.ts'
import { invalid } from '../../fhir/outcome.ts'
import { PRIMITIVES } from '../../fhir/primitives.ts'
import type { Json } from '../../fhir/types.ts'
import { validate } from '../../validation/validate.ts'
import type { NamedOperation, Parameter } from './operation.ts'

/** A Coding as far as operations look at it; from a URL it comes as `system|code`. */
export type Coding = { readonly system?: string; readonly code?: string; readonly display?: string }

/** What an operation was given, each parameter checked against its declaration. */
export type Input = {
  readonly text: (name: string) => string | undefined
  readonly texts: (name: string) => readonly string[]
  readonly codings: (name: string) => readonly Coding[]
  readonly object: (name: string) => Json | undefined
  /** The search parameters among them, in their order. */
  readonly searched: readonly (readonly [string, string])[]
  /** All that came as text, in its order: what a page link goes on with. */
  readonly pairs: readonly (readonly [string, string])[]
  /** With `Prefer: handling=lenient`: what was passed over. */
  readonly ignored: readonly string[]
}

/** Read by content negotiation, not by the operation. */
const NEGOTIATED = ['_format', '_pretty']

type Value = string | Json

const quoted = (value: string): string => `"${value.slice(0, 80)}"`

function unknownParameter({ name, parameters }: NamedOperation, given: string) {
  const names = Object.keys(parameters).sort()
  const guess = nearest(given, names)
  return invalid(
    `$${name} has no parameter ${quoted(given)}.${guess ? ` Did you mean "${guess}"?` : ''} ` +
      (names.length > 0 ? `It has: ${names.join(', ')}` : 'It has none'),
    undefined,
    'not-supported',
  )
}

/** The one member of a Parameters.parameter that holds its value: `valueCode`, or `resource`. */
function memberOf(parameter: Json, type: string): unknown {
  if (type === 'Resource') return parameter.resource
  return parameter[`value${type[0]?.toUpperCase()}${type.slice(1)}`]
}

/** Values that say the same in another datatype are taken too: who writes a `valueString` for a code means the code. */
function valueIn(parameter: Json, type: string): unknown {
  const exact = memberOf(parameter, type)
  if (exact !== undefined || type === 'Resource' || isComplex(type)) return exact
  const other = Object.keys(parameter).find(name => name.startsWith('value'))
  return other === undefined ? undefined : parameter[other]
}

const written = (value: unknown): string => decimalOf(value) ?? String(value)

/** A primitive as it would stand in JSON: the numbers and booleans among the texts of a URL. */
function primitiveOf(text: string, type: string): unknown {
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  if (/^(integer|positiveInt|unsignedInt)$/.test(type) && /^-?\d{1,10}$/.test(text)) return Number(text)
  return text
}

function checked(value: unknown, name: string, type: string): Value {
  if (type === 'Resource' || isComplex(type)) {
    if (typeof value === 'string' && type === 'Coding') return codingOf(value)
    if (typeof value !== 'object' || value === null)
      throw invalid(`${name} must be a ${type}, which only a Parameters resource can hold`, undefined, 'value')
    return value as Json
  }
  const text = written(value)
  const primitive = PRIMITIVES.get(type)
  if (typeof value === 'object' || !primitive?.accepts(primitiveOf(text, type)))
    throw invalid(`${name} must be ${primitive?.right ?? type}, not ${quoted(text)}`, undefined, 'value')
  return text
}

/** `system|code`, `|code` or `code`, as in https://hl7.org/fhir/R4/search.html#token */
function codingOf(token: string): Json {
  const bar = token.indexOf('|')
  if (bar < 0) return { code: token }
  const code = token.slice(bar + 1)
  return { system: token.slice(0, bar), ...(code === '' ? {} : { code }) }
}

const RESOURCE = /^Parameters\.parameter\[\d+\]\.resource(?:\.|$)/

type Given = readonly [name: string, value: unknown]

/** The parameters of a Parameters resource. @throws FhirError 400 when it is not a right one */
function givenIn(body: Json, { parameters, takesResource }: NamedOperation): Given[] {
  const { issues } = validate(body, 'Parameters')
  // What is wrong with the resource is for the operation that takes it to say.
  const first = issues.find(({ expression = '' }) => !(takesResource && RESOURCE.test(expression)))
  if (first) throw invalid(first.text, first.expression, first.code)
  const list = (body.parameter ?? []) as Json[]
  return list.map(parameter => {
    const name = String(parameter.name)
    const declared = Object.hasOwn(parameters, name) ? parameters[name] : undefined
    const value = valueIn(parameter, declared?.type ?? 'string')
    if (value === undefined)
      throw invalid(`The parameter ${quoted(name)} has no value${declared ? ` (${declared.type})` : ''}`, 'Parameters')
    return [name, value]
  })
}

function checkCounts({ name: operation, parameters }: NamedOperation, values: ReadonlyMap<string, Value[]>): void {
  for (const [name, { min = 0, max }] of Object.entries(parameters)) {
    const count = values.get(name)?.length ?? 0
    if (count < min) throw invalid(`$${operation} needs the parameter "${name}"`, undefined, 'required')
    if (count > 1 && max === undefined) throw invalid(`$${operation} takes the parameter "${name}" once`)
  }
}

const asCoding = (value: Value): Coding => (typeof value === 'string' ? { code: value } : (value as Coding))

/** A search parameter as it stands in a URL, where nothing has parts. @throws FhirError 400 */
function searchText(value: unknown, name: string): string {
  if (typeof value !== 'object') return written(value)
  throw invalid(`${quoted(name)} is a search parameter here: its value stands in valueString, as it would in a URL`)
}

/** Whether a name may be one of the search parameters that the operation takes. */
const mayBeSearched = ({ searches }: NamedOperation, name: string): boolean =>
  searches === true && !NEGOTIATED.includes(name)

/**
 * Reads what an operation was given in the URL and in its body (https://hl7.org/fhir/R4/operations.html#request).
 * @throws FhirError 400 for a parameter that is unknown, missing, there too often, or of another type
 */
export function readInput(
  operation: NamedOperation,
  pairs: readonly (readonly [string, string])[],
  body: Json | undefined,
  { lenient }: { lenient: boolean },
): Input {
  const isResource = body !== undefined && operation.takesResource && body.resourceType !== 'Parameters'
  const inBody: Given[] = body === undefined ? [] : isResource ? [['resource', body]] : givenIn(body, operation)
  const values = new Map<string, Value[]>()
  const searched: (readonly [string, string])[] = []
  const ignored: string[] = []
  const texts: (readonly [string, string])[] = []
  for (const [name, value] of [...pairs.filter(([name]) => !NEGOTIATED.includes(name)), ...inBody]) {
    const declared: Parameter | undefined = Object.hasOwn(operation.parameters, name)
      ? operation.parameters[name]
      : undefined
    if (typeof value !== 'object') texts.push([name, written(value)])
    if (declared) values.set(name, [...(values.get(name) ?? []), checked(value, name, declared.type)])
    else if (mayBeSearched(operation, name)) searched.push([name, searchText(value, name)])
    else if (lenient) ignored.push(name)
    else throw unknownParameter(operation, name)
  }
  checkCounts(operation, values)
  const all = (name: string): readonly Value[] => values.get(name) ?? []
  const strings = (name: string) => all(name).flatMap(value => (typeof value === 'string' ? [value] : []))
  return {
    text: name => strings(name)[0],
    texts: strings,
    codings: name => all(name).map(asCoding),
    object: name => all(name).find((value): value is Json => typeof value === 'object'),
    searched,
    pairs: texts,
    ignored,
  }
}
