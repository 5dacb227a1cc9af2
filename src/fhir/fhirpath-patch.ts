import { listOf, type Member, membersOf, type Place, placeOf, placesOf, typeAt, valueAt } from './fhirpath-place.ts'
import { invalid, unprocessable } from './outcome.ts'
import type { Json } from './types.ts'

// https://hl7.org/fhir/R4/fhirpatch.html

const WHERE = 'Parameters.parameter'

type Part = Json & { name?: string; part?: Part[] }

const partOf = (operation: Part, name: string): Part | undefined => operation.part?.find(part => part.name === name)

/** The value[x] of a part, with its type as the member spells it: `Quantity` of valueQuantity. */
function valueOfPart(part: Part | undefined): { value: unknown; type: string } | undefined {
  const names = Object.keys(part ?? {})
  if (names.some(name => name.startsWith('_value')))
    throw invalid('The value of a patch operation cannot have extensions: patch them as elements of their own', WHERE)
  const name = names.find(each => each.startsWith('value'))
  return name === undefined ? undefined : { value: part?.[name], type: name.slice('value'.length) }
}

const missing = (what: string) => invalid(`A patch operation needs the part ${what}`, WHERE, 'required')

function textOf(operation: Part, name: string): string {
  const value = valueOfPart(partOf(operation, name))?.value
  if (typeof value !== 'string') throw missing(name)
  return value
}

function indexOf(operation: Part, name: string): number {
  const value = valueOfPart(partOf(operation, name))?.value
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw missing(`${name} with a valueInteger`)
  return value
}

/** The member under which a value stands: for a choice the one of the value's type. */
function memberFor(type: string, name: string, valueType: string | undefined): Member {
  const members = membersOf(type, name)
  const found = members.length > 1 ? members.find(({ member }) => member === `${name}${valueType}`) : members[0]
  if (!found)
    throw invalid(
      members.length > 1
        ? `${name} of ${type} can be ${members.map(each => each.type).join(', ')}, not ${valueType ?? 'that'}`
        : `"${name.slice(0, 60)}" is no element of ${type}`,
      WHERE,
    )
  return found
}

/** An element without a type of its own is sent as parts: https://hl7.org/fhir/R4/fhirpatch.html#example */
function elementOf(parts: readonly Part[], type: string): Json {
  const element: Json = {}
  for (const part of parts) {
    const { member, ...to } = memberFor(type, part.name ?? '', valueOfPart(part)?.type)
    const { value } = contentOf(part, to.type)
    if (to.isList) element[member] = [...((element[member] as unknown[] | undefined) ?? []), value]
    else element[member] = value
  }
  return element
}

/** What an operation puts in place: a value[x], a resource, or an element made of parts. */
function contentOf(part: Part | undefined, type: string): { value: unknown; type?: string } {
  const found = valueOfPart(part)
  if (found) return found
  if (part?.resource !== undefined) return { value: part.resource }
  if (!part?.part) throw missing('value')
  return { value: elementOf(part.part, type) }
}

const companionOf = (owner: Json, member: string): unknown[] | undefined => {
  const companion = owner[`_${member}`]
  return Array.isArray(companion) ? companion : undefined
}

/** Adds an item to a list, and keeps the extensions of primitives beside theirs. */
function put(owner: Json, member: string, index: number, item: unknown): void {
  const list = Array.isArray(owner[member]) ? (owner[member] as unknown[]) : []
  list.splice(index, 0, item)
  owner[member] = list
  const companion = companionOf(owner, member)
  if (companion && companion.length > index) companion.splice(index, 0, null)
}

/** Takes an element away, with what is beside it. */
function take({ owner, member, index }: Place): void {
  if (index === undefined) {
    delete owner[member]
    delete owner[`_${member}`]
    return
  }
  ;(owner[member] as unknown[]).splice(index, 1)
  companionOf(owner, member)?.splice(index, 1)
}

function add(resource: Json, operation: Part): void {
  const place = placeOf(resource, textOf(operation, 'path'))
  const owner = valueAt(place)
  const name = textOf(operation, 'name')
  const part = partOf(operation, 'value')
  const on = typeAt(place)
  const { member, isList, type } = memberFor(on, name, valueOfPart(part)?.type)
  if (typeof owner !== 'object' || owner === null) throw unprocessable(`${name} cannot be added to a ${on}`, WHERE)
  const holder = owner as Json
  const { value } = contentOf(part, type)
  if (isList) {
    put(holder, member, ((holder[member] as unknown[] | undefined) ?? []).length, value)
    return
  }
  if (membersOf(on, name).some(each => holder[each.member] !== undefined))
    throw unprocessable(`${name} is there already: use replace`, WHERE)
  holder[member] = value
}

function within(index: number, length: number, name: string): number {
  if (index > length) throw unprocessable(`The ${name} ${index} is beyond the end of the list (${length})`, WHERE)
  return index
}

const lengthOf = (owner: Json, { member }: Member): number => ((owner[member] as unknown[] | undefined) ?? []).length

function insert(resource: Json, operation: Part): void {
  const { owner, member } = listOf(resource, textOf(operation, 'path'))
  const index = within(indexOf(operation, 'index'), lengthOf(owner, member), 'index')
  put(owner, member.member, index, contentOf(partOf(operation, 'value'), member.type).value)
}

/** What is not there need not be deleted; of several it is not clear which one is meant. */
function remove(resource: Json, operation: Part): void {
  const path = textOf(operation, 'path')
  if (placesOf(resource, path).length === 0) return
  const place = placeOf(resource, path)
  if (place.member === 'root') throw invalid('A resource is deleted by a delete, not by a patch', WHERE)
  take(place)
}

function replace(resource: Json, operation: Part): void {
  const place = placeOf(resource, textOf(operation, 'path'))
  const { owner, member, index, choice } = place
  if (member === 'root') throw invalid('A resource is replaced by an update, not by a patch', WHERE)
  const { value, type } = contentOf(partOf(operation, 'value'), place.type)
  if (index !== undefined) (owner[member] as unknown[])[index] = value
  else if (choice === undefined || type === undefined || member === `${choice}${type}`) owner[member] = value
  else {
    // Another type of a choice stands under another member, which structure is checked for.
    take(place)
    owner[`${choice}${type}`] = value
  }
}

function move(resource: Json, operation: Part): void {
  const { owner, member } = listOf(resource, textOf(operation, 'path'))
  const [source, destination] = [indexOf(operation, 'source'), indexOf(operation, 'destination')]
  const length = lengthOf(owner, member)
  if (source >= length) throw unprocessable(`The source ${source} is beyond the end of the list (${length})`, WHERE)
  within(destination, length - 1, 'destination')
  for (const list of [owner[member.member], companionOf(owner, member.member)])
    if (Array.isArray(list)) {
      while (list.length < length) list.push(null)
      list.splice(destination, 0, ...list.splice(source, 1))
    }
}

const OPERATIONS: ReadonlyMap<string, (resource: Json, operation: Part) => void> = new Map([
  ['add', add],
  ['insert', insert],
  ['delete', remove],
  ['replace', replace],
  ['move', move],
])

/** What is said twice would be said once in silence. @throws FhirError 400 */
function checkParts({ part = [] }: Part): void {
  const names = part.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) < index)
  if (twice !== undefined) throw invalid(`A patch operation has the part ${twice} twice`, WHERE)
}

/**
 * Applies a FHIRPath Patch (https://hl7.org/fhir/R4/fhirpatch.html) to a resource, in place.
 * @throws FhirError 400 when the patch is not understood, 422 when it does not fit the resource
 */
export function applyFhirPathPatch(resource: Json, parameters: Json): Json {
  for (const operation of (parameters.parameter ?? []) as Part[]) {
    const type = textOf(operation, 'type')
    const apply = OPERATIONS.get(type)
    if (operation.name !== 'operation' || !apply)
      throw invalid(
        `A parameter of a FHIRPath patch is an "operation" of the type ${[...OPERATIONS.keys()].join(', ')}, not "${type.slice(0, 40)}"`,
        WHERE,
      )
    checkParts(operation)
    apply(resource, operation)
  }
  return resource
}
