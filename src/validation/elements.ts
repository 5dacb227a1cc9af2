import type { Json } from '../fhir/types.ts'
import { broken, type Invariant } from './invariant.ts'
import { reportChoice, reportCode, reportEmpty, reportList, reportNoObject, reportPrimitive } from './report.ts'
import { type Check, isObject, type Run, report } from './run.ts'

// What the generated code calls for the members of an object. It runs for every member of every resource, so what is
// reported is put together elsewhere: a closure in here would cost an allocation for each member that is fine.

/** An element that is an object of some type. */
export function one(value: unknown, step: string, check: Check, type: string, run: Run): void {
  if (!isObject(value)) {
    reportNoObject(value, type, step, run)
    return
  }
  run.trail.push(step)
  check(value, run)
  run.trail.pop()
}

/** An element that is a list of objects of some type. */
export function many(value: unknown, step: string, check: Check, type: string, run: Run): void {
  if (!Array.isArray(value) || value.length === 0) {
    reportList(value, step, run)
    return
  }
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (!isObject(item)) {
      reportNoObject(item, type, step, run, index)
      continue
    }
    run.trail.push(step, index)
    check(item, run)
    run.trail.pop()
    run.trail.pop()
  }
}

/** A null keeps the place of a primitive that has only extensions, or of one that has none. */
function isFilled(other: unknown, index: number): boolean {
  return Array.isArray(other) && other[index] !== null && other[index] !== undefined
}

/** A list of primitives: https://hl7.org/fhir/R4/json.html#primitive */
export function primitives(
  object: Json,
  value: unknown,
  step: string,
  accepts: (value: unknown) => boolean,
  type: string,
  run: Run,
): void {
  if (!Array.isArray(value) || value.length === 0) {
    reportList(value, step, run)
    return
  }
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (accepts(item)) continue
    if (item === null && isFilled(object[`_${step}`], index)) continue
    reportPrimitive(item, type, step, run, index)
  }
}

/** A list of codes of a required value set. */
export function codes(object: Json, value: unknown, step: string, set: ReadonlySet<string>, run: Run): void {
  if (!Array.isArray(value) || value.length === 0) {
    reportList(value, step, run)
    return
  }
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (set.has(item)) continue
    if (item === null && isFilled(object[`_${step}`], index)) continue
    if (typeof item === 'string' && item !== '') reportCode(item, set, run, step, index)
    else reportPrimitive(item, 'code', step, run, index)
  }
}

/** What a code is that the required value set does not have. */
export function notIn(value: unknown, step: string, set: ReadonlySet<string>, run: Run): void {
  if (typeof value === 'string' && value !== '') reportCode(value, set, run, step)
  else reportPrimitive(value, 'code', step, run)
}

/** The `_x` that carries id and extensions of the primitive `x`. */
export function companion(object: Json, value: unknown, step: string, element: Check, run: Run): void {
  one(value, step, element, 'Element', run)
  if (object[step] === undefined && isIdOnly(value)) reportEmpty(1, run, step)
}

const isIdOnly = (value: unknown): boolean =>
  isObject(value) && value.id !== undefined && Object.keys(value).length === 1

/** The `_x` of a list of primitives `x`, place by place. */
export function companions(object: Json, value: unknown, step: string, element: Check, run: Run): void {
  if (!Array.isArray(value) || value.length === 0) {
    reportList(value, step, run)
    return
  }
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    if (item === null && isFilled(object[step], index)) continue
    if (!isObject(item)) {
      reportNoObject(item, 'Element', step, run, index)
      continue
    }
    run.trail.push(step, index)
    element(item, run)
    if (isIdOnly(item) && !isFilled(object[step], index)) reportEmpty(1, run)
    run.trail.pop()
    run.trail.pop()
  }
}

/** One of the `_x` of a type, by the names of its single primitives and of those that are lists; false for another. */
export function companionOf(
  object: Json,
  value: unknown,
  member: string,
  singles: ReadonlySet<string>,
  lists: ReadonlySet<string>,
  element: Check,
  run: Run,
): boolean {
  const step = member.slice(1)
  if (singles.has(step)) companion(object, value, step, element, run)
  else if (lists.has(step)) companions(object, value, step, element, run)
  else return false
  return true
}

/** Of one choice only one type may be there; `valueString` and its `_valueString` are one. */
export function choice(seen: string | undefined, member: string, element: string, run: Run): string {
  if (seen !== undefined && seen !== member) reportChoice(element, seen, member, run)
  return member
}

const NOT_IN_IDS = /[\s\u0000-\u001f]/

/** Ids of elements are unique in their resource: https://hl7.org/fhir/R4/element.html#id */
export function elementId(value: unknown, run: Run): void {
  if (typeof value !== 'string' || value === '' || NOT_IN_IDS.test(value)) {
    reportPrimitive(value, 'element id', 'id', run)
    return
  }
  run.ids ??= new Set()
  if (run.ids.has(value))
    report(run, 'invariant', () => 'Two elements have this id: each has to have one of its own', 'id')
  run.ids.add(value)
}

/** A rule about an element whose type does not have it: an organization's addresses are not at home. */
export function holds(rule: Invariant, value: unknown, step: string, run: Run): void {
  const isList = Array.isArray(value)
  const items = isList ? value : [value]
  for (const [index, item] of items.entries()) {
    if (!isObject(item) || rule.holds(item, run)) continue
    run.trail.push(step)
    if (isList) run.trail.push(index)
    broken(rule, run)
    if (isList) run.trail.pop()
    run.trail.pop()
  }
}
