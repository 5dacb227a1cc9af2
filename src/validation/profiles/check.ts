import { decimalOf } from '../../fhir/json.ts'
import { withoutChoice } from '../../fhir/model.ts'
import type { Json } from '../../fhir/types.ts'
import { objectsOf } from '../invariant.ts'
import { isAfter } from '../order.ts'
import { quote } from '../report.ts'
import { isObject } from '../run.ts'
import { checkBinding } from './binding.ts'
import { type Matches, matcherOf, slicingOf } from './discriminators.ts'
import { type Examination, note } from './examination.ts'
import type { ElementRule, ProfileRule, Slicing } from './rule.ts'
import { checkTargets } from './targets.ts'
import { equals, fits, type Item, itemsOf, objectOf } from './values.ts'

const shown = (value: unknown): string => {
  const text = isObject(value) || Array.isArray(value) ? JSON.stringify(value) : quote(value)
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}

const named = ({ name, slice }: ElementRule): string =>
  slice === undefined ? withoutChoice(name) : `${withoutChoice(name)} "${slice}"`

function checkCount(rule: ElementRule, count: number, exam: Examination): void {
  if (count < rule.min) {
    const text = `${rule.min === 1 ? '' : `At least ${rule.min} of `}${named(rule)} ${rule.min === 1 ? 'is' : 'are'} required: there ${count === 1 ? 'is' : 'are'} ${count || 'none'}`
    note(exam, 'required', text, [withoutChoice(rule.name)])
  }
  if (count > rule.max) {
    const text =
      rule.max === 0
        ? `${named(rule)} may not be there`
        : `Of ${named(rule)} there may be ${rule.max}: there are ${count}`
    note(exam, 'structure', text, [withoutChoice(rule.name)])
  }
}

const matchers = new WeakMap<ElementRule, Matches>()
const slicings = new WeakMap<ElementRule, Slicing | null>()

function slicing(rule: ElementRule): Slicing | undefined {
  let made = slicings.get(rule)
  if (made === undefined) {
    made = slicingOf(rule) ?? null
    slicings.set(rule, made)
  }
  return made ?? undefined
}

function matches(slice: ElementRule, slicing: Slicing | undefined, item: Item, exam: Examination): boolean | undefined {
  let made = matchers.get(slice)
  if (!made) {
    made = matcherOf(slice, slicing, exam.catalog, conforms)
    matchers.set(slice, made)
  }
  return made(item, exam)
}

/** The slices of an element: each value is of the first that it fits. https://hl7.org/fhir/R4/profiling.html#slicing */
function checkSlices(rule: ElementRule, items: readonly Item[], exam: Examination, outer?: Slicing): void {
  const by = slicing(rule) ?? outer
  const slices = [...rule.slices.values()]
  const taken = new Map<ElementRule, Item[]>(slices.map(slice => [slice, []]))
  const undecided = new Set<ElementRule>()
  let last = -1
  let hasRest = false
  for (const item of items) {
    const at = slices.findIndex(slice => {
      const answer = matches(slice, by, item, exam)
      if (answer === undefined) undecided.add(slice)
      return answer === true
    })
    const slice = slices[at]
    const steps = item.index === undefined ? [item.member] : [item.member, item.index]
    if (!slice) {
      hasRest = true
      if (by?.rules === 'closed' && undecided.size === 0) {
        const wanted = slices.map(each => each.slice).join(', ')
        note(
          exam,
          'structure',
          `This ${withoutChoice(rule.name)} is none that may be here, which are: ${wanted}`,
          steps,
        )
      }
      continue
    }
    taken.get(slice)?.push(item)
    if (by?.isOrdered && at < last) note(exam, 'structure', `${named(slice)} has to stand before the others`, steps)
    if (by?.rules === 'openAtEnd' && hasRest)
      note(exam, 'structure', `${named(slice)} has to stand before those that the profile does not name`, steps)
    last = Math.max(last, at)
  }
  for (const [slice, own] of taken)
    if (undecided.has(slice) && own.length < slice.min)
      exam.unchecked.add(`whether ${named(slice)} is there, which cannot be told from others here`)
    else checkElement(slice, own, exam, by)
}

function checkElement(rule: ElementRule, items: readonly Item[], exam: Examination, outer?: Slicing): void {
  checkCount(rule, items.length, exam)
  if (rule.slices.size > 0) checkSlices(rule, items, exam, outer)
  for (const item of items) {
    exam.trail.push(item.member)
    if (item.index !== undefined) exam.trail.push(item.index)
    checkItem(rule, item, exam)
    if (item.index !== undefined) exam.trail.pop()
    exam.trail.pop()
  }
}

function isMore(one: unknown, other: unknown): boolean {
  const [first, second] = [decimalOf(one), decimalOf(other)]
  return first !== undefined && second !== undefined ? Number(first) > Number(second) : isAfter(one, other)
}

function checkBounds({ maxLength, minValue, maxValue }: ElementRule, value: unknown, exam: Examination): void {
  if (maxLength !== undefined && typeof value === 'string' && [...value].length > maxLength)
    note(exam, 'too-long', `It may have ${maxLength} characters: it has ${[...value].length}`)
  if (minValue !== undefined && isMore(minValue, value))
    note(exam, 'value', `${quote(value)} is below the least that may be here, ${shown(minValue)}`)
  if (maxValue !== undefined && isMore(value, maxValue))
    note(exam, 'value', `${quote(value)} is above the most that may be here, ${shown(maxValue)}`)
}

function checkInvariants({ invariants }: ElementRule, type: string, exam: Examination): void {
  for (const rule of invariants.values()) {
    const holds = exam.catalog.decide(rule, type, exam.trail, exam.resource)
    if (holds === undefined) exam.unchecked.add(`the rule ${rule.key}`)
    else if (!holds) note(exam, 'invariant', `${rule.human} (${rule.key})`, [], rule.severity)
  }
}

/** A value of a type that may be here has to conform to one of the profiles that are named for the type. */
function checkTypes(rule: ElementRule, item: Item, exam: Examination): void {
  const { types } = rule
  if (!types) return
  const isChoice = rule.name.endsWith('[x]')
  const own = isObject(item.value) && typeof item.value.resourceType === 'string' ? item.value.resourceType : item.type
  const isOf = ({ code }: { code: string }) => code === own || code === 'Resource' || code === 'DomainResource'
  const fitting = isChoice || own !== item.type ? types.filter(isOf) : types
  if (fitting.length === 0) {
    const wanted = types.map(({ code }) => code).join(', ')
    note(exam, 'structure', `A ${own} may not be here; one of ${wanted} is wanted`)
    return
  }
  checkTargets(fitting, item.value, exam, conforms)
  if (fitting.some(({ profiles }) => profiles.length === 0)) return
  checkProfiles(
    fitting.flatMap(({ profiles }) => profiles),
    item.value,
    exam,
  )
}

function checkProfiles(wanted: readonly string[], value: unknown, exam: Examination): void {
  const loaded = wanted.flatMap(url => exam.catalog.profile(url) ?? [])
  const [only] = loaded
  if (wanted.length === 1 && only) follow(only, value, exam)
  else if (loaded.length < wanted.length) {
    if (loaded.some(profile => passes(profile, value, exam))) return
    const missing = wanted.filter(url => exam.catalog.profile(url) === undefined)
    exam.unchecked.add(`the profile ${missing.join(', ')}, which is not loaded`)
  } else if (!loaded.some(profile => passes(profile, value, exam)))
    note(exam, 'structure', `It conforms to none of the profiles that may be here: ${wanted.join(', ')}`)
}

/** Checks a value against a profile, at the place where the examination stands. */
export function follow(profile: ProfileRule, value: unknown, exam: Examination): void {
  if (!isObject(value)) return
  const entered = exam.following.get(value) ?? new Set()
  if (entered.has(profile)) return
  exam.following.set(value, new Set([...entered, profile]))
  if (profile.type === 'Extension') exam.extensions.add(value)
  for (const text of profile.unchecked) exam.unchecked.add(text)
  checkItem(profile.root, { value, extra: undefined, type: profile.type, member: '', index: undefined }, exam)
  exam.following.set(value, entered)
}

function passes(profile: ProfileRule, value: unknown, exam: Examination): boolean {
  const quiet: Examination = { ...exam, issues: [], unchecked: new Set(), questions: [] }
  follow(profile, value, quiet)
  return !quiet.issues.some(({ severity }) => severity === 'error')
}

function conforms(value: unknown, canonical: string, exam: Examination): boolean | undefined {
  const profile = exam.catalog.profile(canonical)
  if (!profile) return undefined
  if (isObject(value) && typeof value.resourceType === 'string' && value.resourceType !== profile.type) return false
  return passes(profile, value, exam)
}

function checkItem(rule: ElementRule, item: Item, exam: Examination): void {
  const { value, type } = item
  const { fixed, pattern, binding, children } = rule
  if (fixed !== undefined && !equals(value, fixed))
    note(exam, 'value', `${shown(fixed)} is wanted here, not ${quote(value)}`)
  if (pattern !== undefined && !fits(value, pattern)) note(exam, 'value', `It has to have ${shown(pattern)}`)
  checkBounds(rule, value, exam)
  checkTypes(rule, item, exam)
  if (binding) checkBinding(binding, item, exam)
  if (rule.invariants.size > 0) checkInvariants(rule, type, exam)
  if (children.size === 0) return
  const object: Json = objectOf(item) ?? {}
  for (const child of children.values()) checkElement(child, itemsOf(object, child), exam)
}

/** Extensions whose profile is loaded are checked against it wherever they are: others are accepted. */
export function checkExtensions(value: unknown, exam: Examination): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) {
      exam.trail.push(index)
      checkExtensions(one, exam)
      exam.trail.pop()
    }
    return
  }
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'object' || member === null) continue
    exam.trail.push(name)
    if (name === 'extension' || name === 'modifierExtension') checkKnown(member, exam)
    checkExtensions(member, exam)
    exam.trail.pop()
  }
}

function checkKnown(extensions: unknown, exam: Examination): void {
  for (const [index, extension] of objectsOf(extensions).entries()) {
    const profile = typeof extension.url === 'string' ? exam.catalog.profile(extension.url) : undefined
    if (!profile || exam.extensions.has(extension)) continue
    exam.trail.push(index)
    follow(profile, extension, exam)
    exam.trail.pop()
  }
}
