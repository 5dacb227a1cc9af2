import { RESOURCE_TYPES } from './model.ts'
import { nearest } from './nearest.ts'
import type { Issue } from './outcome.ts'
import { parseReference } from './reference.ts'
import { quote, type Run, report, unknownMember, wrongCode } from './structure-issue.ts'
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
    report(run, 'structure', () => `${quote(value)} is not a resource: a JSON object with a resourceType is wanted`)
    return
  }
  const type = value.resourceType
  if (typeof type !== 'string' || !RESOURCE_TYPES.has(type)) {
    report(run, 'structure', () => wrongType(type))
    return
  }
  if (run.trail.length === 0) run.trail.push(type)
  if (expected !== undefined && type !== expected) {
    report(run, 'structure', () => `The resourceType is ${type}; ${expected} is wanted here`, 'resourceType')
    return
  }
  if (contained && value.contained !== undefined) {
    report(run, 'invariant', () => 'A contained resource may not contain another (dom-2)', 'contained')
  }
  checkObject(value, planOf(type), run)
}

function wrongType(type: unknown): string {
  if (type === undefined) return 'The resource has no resourceType'
  const meant = typeof type === 'string' ? nearest(type, RESOURCE_TYPES) : undefined
  return `${quote(type)} is not a resource type of FHIR R4${meant === undefined ? '' : `: did you mean "${meant}"?`}`
}

function checkObject(object: Json, plan: Plan, run: Checking): void {
  let count = 0
  let chosen = 0
  for (const name in object) {
    count++
    const member = plan.members.get(name)
    if (member === undefined) {
      if (name !== 'resourceType' || !plan.resource) report(run, 'structure', () => unknownMember(plan, name), name)
      continue
    }
    run.trail.push(member.step)
    checkMember(object, object[name], member, run)
    run.trail.pop()
    if (member.choice !== 0) {
      if (chosen & member.choice) checkChoice(object, plan, name, run)
      chosen |= member.choice
    }
  }
  if (count === 0) report(run, 'structure', () => 'An object may not be empty')
  for (const { name, members } of plan.required) {
    if (members.some(member => object[member] !== undefined)) continue
    if (count > 0) report(run, 'required', () => `${plan.type}.${name} is required`, name.replace('[x]', ''))
  }
  if (plan.type === 'Extension') checkExtension(object, run)
}

/** Of one choice only one type may be there; `valueString` and its `_valueString` are one. */
function checkChoice(object: Json, plan: Plan, name: string, run: Run): void {
  const choice = plan.choices.find(one => one.members.includes(name))
  const plain = name.replace(/^_/, '')
  const other = choice?.members.find(one => object[one] !== undefined && one.replace(/^_/, '') !== plain)
  if (choice && other) {
    const text = () =>
      `${plan.type}.${choice.name} may be there once: there are ${other.replace(/^_/, '')} and ${plain}`
    report(run, 'structure', text, plain)
  }
}

function checkMember(object: Json, value: unknown, member: Member, run: Checking): void {
  if (!member.many) {
    if (Array.isArray(value)) report(run, 'structure', () => `${member.step} is not a list: remove the [ ]`)
    else checkValue(value, member, run)
    return
  }
  if (!Array.isArray(value)) {
    report(run, 'structure', () => `${member.step} is a list: ${quote(value)} has to be in [ ]`)
    return
  }
  if (value.length === 0) report(run, 'structure', () => 'A list may not be empty: leave the member out')
  if (value.length > member.max) {
    report(run, 'structure', () => `There are ${value.length} of ${member.step}; at most ${member.max} are allowed`)
  }
  for (let index = 0; index < value.length; index++) {
    if (value[index] === null && isFilled(object, member, index)) continue
    run.trail.push(index)
    checkValue(value[index], member, run)
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
  const { primitive, codes, targets, type } = member
  if (primitive) {
    if (primitive.accepts(value)) {
      if (codes && !codes.has(value as string)) report(run, 'code-invalid', () => wrongCode(String(value), codes))
    } else report(run, jsonTypeOf(value), () => wrongPrimitive(value, member))
    return
  }
  if (type === 'Resource') {
    const contained = run.trail.at(-2) === 'contained'
    if (contained || run.entries || run.trail[0] !== 'Bundle') checkResource(value, run, undefined, contained)
    return
  }
  if (!isObject(value)) {
    report(
      run,
      'structure',
      () => `${quote(value)} is not ${member.companion ? 'an object' : `a ${type}`}: { } is wanted`,
    )
    return
  }
  checkObject(value, planOf(type), run)
  if (targets && typeof value.reference === 'string') checkTarget(value.reference, targets, run)
}

const jsonTypeOf = (value: unknown) => (typeof value === 'object' ? 'structure' : 'value')

function wrongPrimitive(value: unknown, { type, primitive }: Member): string {
  if (value === null) return 'null may stand only in a list, where the element has extensions instead of a value'
  if (value === '') return 'A string may not be empty: leave the member out'
  const fault = typeof value === 'string' ? primitive?.fault?.(value) : undefined
  return fault === undefined ? `${quote(value)} is not ${primitive?.right}` : `The ${type} is refused: ${fault}`
}

/** https://hl7.org/fhir/R4/references.html: what a reference says of its type has to be one of the element's targets. */
function checkTarget(reference: string, targets: ReadonlySet<string>, run: Run): void {
  const slash = reference.indexOf('/')
  if (slash > 0 && targets.has(reference.slice(0, slash))) return
  const parsed = parseReference(reference)
  const type = parsed && 'type' in parsed ? parsed.type : undefined
  if (type === undefined || targets.has(type)) return
  const text = () => `${quote(reference)} refers to a ${type}; a reference to ${[...targets].join(' or ')} is wanted`
  report(run, 'value', text, 'reference')
}

/** ext-1 of https://hl7.org/fhir/R4/extensibility.html#Extension */
function checkExtension(extension: Json, run: Run): void {
  let values = 0
  for (const name in extension) if (name.startsWith('value') || name.startsWith('_value')) values++
  if (values > 0 && extension.extension !== undefined) {
    report(run, 'invariant', () => 'An extension has either a value or extensions of its own, not both (ext-1)')
  }
  if (values === 0 && extension.extension === undefined) {
    report(run, 'invariant', () => 'An extension has to have a value or extensions of its own (ext-1)')
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
