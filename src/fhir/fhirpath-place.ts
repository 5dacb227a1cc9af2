import { decimalOf } from './json.ts'
import { elementsOfType, isComplex, memberName } from './model.ts'
import { invalid, unprocessable } from './outcome.ts'
import type { Json } from './types.ts'

// The part of FHIRPath that names an element of a resource, as patches use it: members, [index], first(), last(),
// where(a.b = 'c' and d = 'e'), extension('url') and ofType(Type). https://hl7.org/fhir/R4/fhirpatch.html#concept

/** Where an element stands in JSON: a member of its owner, or one item of that member. */
export type Place = {
  readonly owner: Json
  readonly member: string
  readonly index: number | undefined
  readonly type: string
  /** `value` for the valueQuantity of a choice. */
  readonly choice: string | undefined
}

/** A member that an element may be written to. */
export type Member = Pick<Place, 'member' | 'type' | 'choice'> & { readonly isList: boolean }

type Condition = { readonly path: readonly string[]; readonly value: unknown }

type Step =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'last' }
  | { readonly kind: 'ofType'; readonly type: string }
  | { readonly kind: 'where'; readonly conditions: readonly Condition[] }

const LITERAL = String.raw`'(?:[^'\\]|\\.)*'|true|false|-?\d+(?:\.\d+)?`
const CONDITION = String.raw`[\w.]+\s*=\s*(?:${LITERAL})`
const STEP = new RegExp(
  String.raw`^(?:\.?(?<end>first|last|single)\(\)|\[(?<index>\d{1,6})\]|\.?where\(\s*(?<where>${CONDITION}(?:\s+and\s+${CONDITION})*)\s*\)` +
    String.raw`|\.?extension\(\s*(?<url>'[^'\\]*')\s*\)|\.?ofType\(\s*(?<type>\w+)\s*\)|\.?(?<name>[A-Za-z_]\w*)(?![\w(]))`,
)
const CONDITIONS = new RegExp(String.raw`([\w.]+)\s*=\s*(${LITERAL})`, 'g')
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }

const literal = (text: string): unknown => {
  if (text.startsWith("'")) return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char)
  return text === 'true' || text === 'false' ? text === 'true' : Number(text)
}

const conditionsOf = (text: string): Condition[] =>
  [...text.matchAll(CONDITIONS)].map(([, path = '', value = '']) => ({ path: path.split('.'), value: literal(value) }))

function stepsOfMatch({ end, index, where, url, type, name = '' }: Record<string, string | undefined>): Step[] {
  if (end === 'first') return [{ kind: 'index', index: 0 }]
  if (end === 'last') return [{ kind: 'last' }]
  if (end === 'single') return []
  if (index !== undefined) return [{ kind: 'index', index: Number(index) }]
  if (where !== undefined) return [{ kind: 'where', conditions: conditionsOf(where) }]
  if (type !== undefined) return [{ kind: 'ofType', type }]
  if (url === undefined) return [{ kind: 'member', name }]
  return [
    { kind: 'member', name: 'extension' },
    { kind: 'where', conditions: [{ path: ['url'], value: literal(url) }] },
  ]
}

const quoted = (path: string): string => `"${path.slice(0, 80)}"`

function stepsOf(resource: Json, path: string): Step[] {
  const steps: Step[] = []
  for (let rest = path.trim(); rest !== ''; ) {
    const match = STEP.exec(rest)
    if (!match)
      throw invalid(
        `The path ${quoted(path)} is not understood at "${rest.slice(0, 30)}": use members, [index], first(), last(), where(a = 'b'), extension('url') and ofType(Type)`,
        'Parameters.parameter',
      )
    steps.push(...stepsOfMatch(match.groups ?? {}))
    rest = rest.slice(match[0].length)
  }
  const [first, ...more] = steps
  const type = first?.kind === 'member' ? first.name : ''
  if (![resource.resourceType, 'Resource', 'DomainResource'].includes(type))
    throw invalid(`The path ${quoted(path)} must begin with ${String(resource.resourceType)}`, 'Parameters.parameter')
  return more
}

/** The type of a nested element: a named one, or the path itself for what is defined in place. */
const nested = (parent: string, name: string, type: string): string =>
  isComplex(`${parent}.${name}`) ? `${parent}.${name}` : type

/** The members that a name stands for: itself, or for a choice the typed ones. */
export function membersOf(type: string, name: string): Member[] {
  for (const element of elementsOfType(type)) {
    const choice = element.name.endsWith('[x]') ? element.name.slice(0, -3) : undefined
    const members = element.types.map(each => ({
      member: memberName(element.name, each),
      type: nested(type, element.name, each),
      choice,
      isList: element.max > 1,
    }))
    if (choice === name) return members
    const found = members.find(({ member }) => member === name)
    if (found) return [found]
  }
  return []
}

/** What stands at a place. */
export function valueAt({ owner, member, index }: Place): unknown {
  const value = owner[member]
  return index === undefined ? value : (value as unknown[])[index]
}

/** The places of a member: one for each item of a list. A primitive that has extensions in place of a value is there too. */
function spread(owner: Json, { member, type, choice, isList }: Member): Place[] {
  const value = owner[member]
  if (Array.isArray(value)) return value.map((_, index) => ({ owner, member, index, type, choice }))
  const isThere = value !== undefined || (!isList && owner[`_${member}`] !== undefined)
  return isThere ? [{ owner, member, index: undefined, type, choice }] : []
}

/** The type of what stands at a place: a contained resource says its own. */
export function typeAt(place: Place): string {
  const value = valueAt(place)
  if (place.type !== 'Resource' || typeof value !== 'object' || value === null) return place.type
  return String((value as Json).resourceType)
}

/** The places of a member of what stands at a place. @throws FhirError 400 for one that its type does not have */
function into(place: Place, name: string): Place[] {
  const owner = valueAt(place)
  if (typeof owner !== 'object' || owner === null) return []
  const type = typeAt(place)
  const members = membersOf(type, name)
  if (members.length === 0) throw invalid(`"${name.slice(0, 60)}" is no element of ${type}`, 'Parameters.parameter')
  return members.flatMap(member => spread(owner as Json, member))
}

function holds(value: unknown, [name, ...path]: readonly string[], wanted: unknown): boolean {
  if (Array.isArray(value)) return value.some(item => holds(item, name === undefined ? [] : [name, ...path], wanted))
  if (name === undefined)
    return typeof wanted === 'number' ? Number(decimalOf(value) ?? Number.NaN) === wanted : value === wanted
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? holds((value as Json)[name], path, wanted)
    : false
}

function follow(places: readonly Place[], step: Step): Place[] {
  if (step.kind === 'index') return places.slice(step.index, step.index + 1)
  if (step.kind === 'last') return places.slice(-1)
  if (step.kind === 'ofType') return places.filter(({ type }) => type === step.type)
  if (step.kind === 'where')
    return places.filter(place => step.conditions.every(({ path, value }) => holds(valueAt(place), path, value)))
  return places.flatMap(place => into(place, step.name))
}

const places = (resource: Json, steps: readonly Step[]): Place[] => {
  const type = String(resource.resourceType)
  const root: Place = { owner: { root: resource }, member: 'root', index: undefined, type, choice: undefined }
  return steps.reduce<Place[]>(follow, [root])
}

/** The places that a path leads to, in their order. @throws FhirError 400 when the path is not understood */
export const placesOf = (resource: Json, path: string): Place[] => places(resource, stepsOf(resource, path))

function only(found: readonly Place[], path: string): Place {
  const [place] = found
  if (!place || found.length > 1)
    throw unprocessable(
      `The path ${quoted(path)} must lead to one element; it leads to ${found.length}`,
      'Parameters.parameter',
    )
  return place
}

/** The one place that a path leads to. @throws FhirError 422 when it leads to none or several */
export const placeOf = (resource: Json, path: string): Place => only(placesOf(resource, path), path)

/** The list that a path leads to, and its owner. @throws FhirError 422 when it leads to no list, or to several */
export function listOf(resource: Json, path: string): { owner: Json; member: Member } {
  const steps = stepsOf(resource, path)
  const last = steps.pop()
  const parent = only(places(resource, steps), path)
  const [member] = last?.kind === 'member' ? membersOf(parent.type, last.name) : []
  if (!member?.isList)
    throw unprocessable(`The path ${quoted(path)} must lead to a list as a whole`, 'Parameters.parameter')
  return { owner: valueAt(parent) as Json, member }
}
