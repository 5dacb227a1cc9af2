import jsonpatch, { type Operation } from 'fast-json-patch'
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
    return first !== undefined && second !== undefined && Number(first) === Number(second)
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const names = Object.keys(one)
  const has = (name: string) => Object.hasOwn(other, name) && isSame((one as Json)[name], (other as Json)[name])
  return names.length === Object.keys(other).length && names.every(has)
}

/** As many characters as a patch may copy: a list that is copied into itself again and again would fill any memory. */
const MOST_COPIED = 1_000_000

/** How much an operation copies, in characters. */
function copiedBy(resource: unknown, operation: Operation): number {
  if (operation.op !== 'copy') return 0
  return JSON.stringify(jsonpatch.getValueByPointer(resource, operation.from) ?? null).length
}

function applyOne(resource: unknown, operation: Operation): unknown {
  if (operation.op !== 'test') return jsonpatch.applyOperation(resource, operation, true).newDocument
  if (!isSame(jsonpatch.getValueByPointer(resource, operation.path), operation.value))
    throw new Error('the value is another one')
  return resource
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
