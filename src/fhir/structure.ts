import { RESOURCE_TYPES } from './model.ts'
import type { Issue } from './outcome.ts'
import { parseReference } from './reference.ts'
import {
  type Run,
  reportChoice,
  reportCode,
  reportEmpty,
  reportExtension,
  reportList,
  reportMissing,
  reportNested,
  reportNoObject,
  reportNoResource,
  reportPrimitive,
  reportTarget,
  reportType,
  reportUnexpected,
  reportUnknown,
} from './structure-issue.ts'
import { type Member, type Plan, planOf } from './structure-plan.ts'
import type { Json, ResourceType } from './types.ts'

/**
 * Everything in which a resource is not as FHIR R4 defines its type: unknown and missing elements, wrong JSON types,
 * cardinality, choices, primitives, codes of required bindings, targets of references, extensions, narratives;
 * https://hl7.org/fhir/R4/json.html. Empty when it is fine. With `entries: false` the resources in the entries of a
 * Bundle are left to the caller.
 */
export function checkStructure(resource: unknown, expected?: ResourceType, { entries = true } = {}): Issue[] {
  const run: Run & { entries: boolean } = { trail: [], issues: [], entries }
  checkResource(resource, run, expected, false)
  return run.issues
}

type Checking = Run & { entries: boolean }

function checkResource(value: unknown, run: Checking, expected: string | undefined, contained: boolean): void {
  if (!isObject(value)) {
    reportNoResource(value, run)
    return
  }
  const type = value.resourceType
  if (typeof type !== 'string' || !RESOURCE_TYPES.has(type)) {
    reportType(type, run)
    return
  }
  if (run.trail.length === 0) run.trail.push(type)
  if (expected !== undefined && type !== expected) reportUnexpected(type, expected, run)
  else {
    if (contained && value.contained !== undefined) reportNested(run)
    checkObject(value, planOf(type), run)
  }
}

// The functions below run for every member of every resource, so what they report is put together elsewhere: a closure
// in them would cost an allocation for each member that is fine.

function checkObject(object: Json, plan: Plan, run: Checking): void {
  let count = 0
  let chosen = 0
  let met = 0
  for (const name in object) {
    count++
    const member = plan.members.get(name)
    if (member === undefined) {
      if (name !== 'resourceType' || !plan.resource) reportUnknown(plan, name, run)
      continue
    }
    run.trail.push(member.step)
    if (member.many) checkList(object, object[name], member, run)
    else checkValue(object[name], member, run)
    run.trail.pop()
    met |= member.requirement
    if (member.choice !== 0) {
      if (chosen & member.choice) checkChoice(object, plan, name, run)
      chosen |= member.choice
    }
  }
  if (count === 0) reportEmpty(run)
  else if (met !== plan.requirements) reportMissing(plan, met, run)
  if (plan.type === 'Extension') checkExtension(object, run)
}

function checkList(object: Json, list: unknown, member: Member, run: Checking): void {
  if (!Array.isArray(list) || list.length === 0 || list.length > member.max) {
    reportList(list, member, run)
    if (!Array.isArray(list)) return
  }
  for (let index = 0; index < list.length; index++) {
    if (list[index] === null && isFilled(object, member, index)) continue
    run.trail.push(index)
    checkValue(list[index], member, run)
    run.trail.pop()
  }
}

/** A null keeps the place of a primitive that has only extensions, or of one that has none. */
function isFilled(object: Json, { step, primitive, companion }: Member, index: number): boolean {
  if (!primitive && !companion) return false
  const other = object[companion ? step : `_${step}`]
  return Array.isArray(other) && other[index] !== null && other[index] !== undefined
}

function checkValue(value: unknown, member: Member, run: Checking): void {
  const { primitive, codes } = member
  if (primitive !== undefined) {
    if (!primitive.accepts(value)) reportPrimitive(value, member, run)
    else if (codes !== undefined && !codes.has(value as string)) reportCode(value, codes, run)
  } else if (member.type === 'Resource') {
    const contained = run.trail.at(-2) === 'contained'
    if (contained || run.entries || run.trail[0] !== 'Bundle') checkResource(value, run, undefined, contained)
  } else if (isObject(value)) {
    member.plan ??= planOf(member.type)
    checkObject(value, member.plan, run)
    if (member.targets !== undefined && typeof value.reference === 'string') {
      checkTarget(value.reference, member.targets, run)
    }
  } else reportNoObject(value, member, run)
}

/** https://hl7.org/fhir/R4/references.html: what a reference says of its type has to be one of the element's targets. */
function checkTarget(reference: string, targets: ReadonlySet<string>, run: Run): void {
  const slash = reference.indexOf('/')
  if (slash > 0 && targets.has(reference.slice(0, slash))) return
  if (reference.startsWith('urn:') || reference.startsWith('#')) return
  const parsed = parseReference(reference)
  const type = parsed && 'type' in parsed ? parsed.type : undefined
  if (type !== undefined && !targets.has(type)) reportTarget(reference, type, targets, run)
}

/** ext-1 of https://hl7.org/fhir/R4/extensibility.html#Extension */
function checkExtension(extension: Json, run: Run): void {
  let values = 0
  for (const name in extension) if (name.startsWith('value') || name.startsWith('_value')) values++
  if (values > 0 === (extension.extension !== undefined)) reportExtension(values, run)
}

/** Of one choice only one type may be there; `valueString` and its `_valueString` are one. */
function checkChoice(object: Json, plan: Plan, name: string, run: Run): void {
  const plain = name.replace(/^_/, '')
  const choice = plan.choices.find(one => one.members.includes(plain))
  const other = choice?.members.find(one => one !== plain && (object[one] ?? object[`_${one}`]) !== undefined)
  if (choice && other) reportChoice(`${plan.type}.${choice.name}`, other, plain, run)
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
