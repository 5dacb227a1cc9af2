import jsonpatch, { type Operation } from 'fast-json-patch'
import { isSameDecimal } from './decimals.ts'
import { decimalOf } from './json.ts'
import { FhirError, invalid, unprocessable } from './outcome.ts'
import type { Json } from './types.ts'

// https://www.rfc-editor.org/rfc/rfc6902

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test']
const WITH_VALUE = ['add', 'replace', 'test']
const WITH_FROM = ['move', 'copy']

/** RFC 6901; an index has no leading zeros, and none as large as to be taken for another one. */
const isPointer = (value: unknown): value is string =>
  typeof value === 'string' &&
  /^(?:\/(?:[^~/]|~[01])*)*$/.test(value) &&
  !value.split('/').some(part => /^(?:0\d+|\d{10,})$/.test(part) || part === '__proto__')

const shown = (value: unknown): string => JSON.stringify(value ?? null).slice(0, 80)

function checkOperation(operation: unknown, index: number): void {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation))
    throw invalid(`Operation ${index} of the patch is no object`)
  const { op, path, from } = operation as Json
  if (typeof op !== 'string' || !OPERATIONS.includes(op))
    throw invalid(`Operation ${index} of the patch: op must be one of ${OPERATIONS.join(', ')}, not ${shown(op)}`)
  if (!isPointer(path))
    throw invalid(`Operation ${index} of the patch: path must be a JSON Pointer such as /name/0, not ${shown(path)}`)
  if (WITH_FROM.includes(op) && !isPointer(from))
    throw invalid(`Operation ${index} of the patch: from must be a JSON Pointer, not ${shown(from)}`)
  if (op === 'move' && path.startsWith(`${from}/`))
    throw invalid(`Operation ${index} of the patch: ${shown(from)} cannot be moved into itself, to ${shown(path)}`)
  if (WITH_VALUE.includes(op) && !Object.hasOwn(operation, 'value'))
    throw invalid(`Operation ${index} of the patch: ${op} needs a value`, undefined, 'required')
}

/** Checks that something is a JSON Patch. @throws FhirError 400 saying which operation is not as RFC 6902 has it */
export function checkJsonPatch(patch: readonly unknown[]): void {
  for (const [index, operation] of patch.entries()) checkOperation(operation, index)
}

/** Equal as RFC 6902 section 4.6 has it: numbers by their value, however they are written. */
function isSame(one: unknown, other: unknown): boolean {
  const [first, second] = [decimalOf(one), decimalOf(other)]
  if (first !== undefined || second !== undefined)
    return first !== undefined && second !== undefined && isSameDecimal(first, second)
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = Object.keys(one)
  const has = (name: string) => Object.hasOwn(other, name) && isSame((one as Json)[name], (other as Json)[name])
  return names.length === Object.keys(other).length && names.every(has)
}

/** As many characters as a patch may copy: a list that is copied into itself again and again would fill any memory. */
const MOST_COPIED = 1_000_000

const INDEX = /^(?:0|[1-9]\d*)$/

const partsOf = (pointer: string): string[] => pointer.split('/').slice(1).map(jsonpatch.unescapePathComponent)

function partAt(value: unknown, part: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const isThere = Array.isArray(value) ? INDEX.test(part) : Object.hasOwn(value, part)
  return isThere ? (value as Json)[part] : undefined
}

/**
 * What a pointer names, nothing where nothing is. What a list has by nature, as its length, is no part of a document,
 * which the library takes for one.
 */
const valueAt = (document: unknown, pointer: string): unknown => partsOf(pointer).reduce(partAt, document)

/** Whether something may be put at a place: a member of an object, an index of a list, or its end. */
function takes(document: unknown, pointer: string): boolean {
  const parts = partsOf(pointer)
  const last = parts.pop()
  if (last === undefined) return true
  const holder = parts.reduce(partAt, document)
  if (!Array.isArray(holder)) return typeof holder === 'object' && holder !== null
  return last === '-' || (INDEX.test(last) && Number(last) <= holder.length)
}

/** How much an operation copies, in characters. */
const copiedBy = (resource: unknown, operation: Operation): number =>
  operation.op === 'copy' ? JSON.stringify(valueAt(resource, operation.from) ?? null).length : 0

function fits(resource: unknown, operation: Operation): boolean {
  const { op, path } = operation
  if (op === 'test') return isSame(valueAt(resource, path), operation.value)
  if (op === 'remove' || op === 'replace') return valueAt(resource, path) !== undefined
  const isGiven = op === 'add' || valueAt(resource, (operation as { from: string }).from) !== undefined
  return isGiven && takes(resource, path)
}

function applyOne(resource: unknown, operation: Operation): unknown {
  if (!fits(resource, operation)) throw new Error('the operation does not fit')
  if (operation.op === 'test') return resource
  if (operation.op !== 'move') return jsonpatch.applyOperation(resource, operation, true).newDocument
  // Where it goes is counted without it, by RFC 6902 section 4.4.
  const { from, path } = operation
  const value = valueAt(resource, from)
  return applyOne(applyOne(resource, { op: 'remove', path: from }), { op: 'add', path, value })
}

/**
 * Applies a JSON Patch to a resource, in place.
 * @throws FhirError 422 naming the operation that does not fit what is there
 */
export function applyJsonPatch(resource: Json, patch: readonly unknown[]): Json {
  let patched: unknown = resource
  let copied = 0
  for (const [index, operation] of (patch as readonly Operation[]).entries())
    try {
      copied += copiedBy(patched, operation)
      if (copied > MOST_COPIED) break
      patched = applyOne(patched, operation)
    } catch {
      // What the library says names its own internals; what matters is which operation it was.
      const { op, path } = operation
      const why = op === 'test' ? 'the value there is another one' : 'there is no such place in the resource'
      throw unprocessable(`Operation ${index} of the patch, ${op} ${shown(path)}, does not fit: ${why}`)
    }
  if (copied > MOST_COPIED)
    throw new FhirError(422, [
      { severity: 'error', code: 'too-costly', text: `The patch copies more than ${MOST_COPIED} characters` },
    ])
  return patched as Json
}
