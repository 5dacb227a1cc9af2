import { elementsOfType, memberName } from '../../fhir/model.ts'
import type { Json } from '../../fhir/types.ts'
import { objectsOf } from '../invariant.ts'
import { baseType, withoutVersion } from './canonical.ts'
import type { Definitions } from './definitions.ts'
import { markedIn } from './must-support.ts'
import {
  type Discriminator,
  type ElementRule,
  type InvariantRule,
  type Member,
  newRule,
  type ProfileRule,
  type Slicing,
  type TypeRule,
} from './rule.ts'

const stringsOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])
const elementsIn = (view: unknown): readonly Json[] => objectsOf((view as Json | undefined)?.element)

type Layers = { readonly layers: readonly (readonly Json[])[]; readonly missing?: string }

/**
 * The elements of a profile and of all that it is built on, the innermost first. Differentials say everything that is
 * not R4 itself, so nobody has to make a snapshot; one that is there stands in for a base that is not loaded.
 */
function layersOf(structure: Json, { structures }: Definitions, seen: ReadonlySet<unknown> = new Set()): Layers {
  const { baseDefinition, differential, snapshot, url } = structure
  const own = elementsIn(differential)
  const whole = elementsIn(snapshot)
  if (own.length === 0 && whole.length > 0) return { layers: [whole] }
  if (typeof baseDefinition !== 'string' || baseType(baseDefinition) !== undefined) return { layers: [own] }
  const base = structures.get(withoutVersion(baseDefinition))
  const below =
    base && !seen.has(url) ? layersOf(base, { structures } as Definitions, new Set([...seen, url])) : undefined
  if (below?.missing === undefined && below) return { layers: [...below.layers, own] }
  if (whole.length > 0) return { layers: [whole] }
  return { layers: [...(below?.layers ?? []), own], missing: below?.missing ?? baseDefinition }
}

/** `fixedUri` of an element is found by `fixed`, whatever its type. */
function choiceOf(element: Json, prefix: string): unknown {
  for (const member in element)
    if (member.startsWith(prefix) && /^[A-Z]/.test(member.slice(prefix.length))) return element[member]
  return undefined
}

const typeRule = ({ code, profile, targetProfile }: Json): TypeRule => ({
  // The ids of resources and elements are strings with a type of FHIRPath.
  code: String(code)
    .replace('http://hl7.org/fhirpath/System.', '')
    .replace(/^String$/, 'string'),
  profiles: stringsOf(profile).filter(url => baseType(url) === undefined),
  targets: stringsOf(targetProfile),
})

const slicingOf = ({ discriminator, rules, ordered }: Json): Slicing => ({
  discriminators: objectsOf(discriminator).map(
    ({ type, path }): Discriminator => ({ type: type as Discriminator['type'], path: String(path) }),
  ),
  rules: rules === 'closed' || rules === 'openAtEnd' ? rules : 'open',
  isOrdered: ordered === true,
})

/** Those of R4 itself are checked for every resource already; a snapshot has them once more. */
const isOfBase = ({ key, source }: Json): boolean =>
  typeof source === 'string' ? baseType(source) !== undefined : /^(?:ele-1|ext-1|dom-[2-6])$/.test(String(key))

function addInvariants(rule: ElementRule, constraints: unknown): void {
  for (const constraint of objectsOf(constraints)) {
    const { key, severity, human, expression } = constraint
    if (typeof expression !== 'string' || isOfBase(constraint)) continue
    const made: InvariantRule = {
      key: String(key),
      severity: severity === 'warning' ? 'warning' : 'error',
      human: String(human ?? expression),
      expression,
    }
    rule.invariants.set(made.key, made)
  }
}

/** Adds what an ElementDefinition asks to what was asked before: https://hl7.org/fhir/R4/elementdefinition.html */
function constrain(rule: ElementRule, element: Json): void {
  const { min, max, type, binding, maxLength, mustSupport, slicing, constraint } = element
  if (typeof min === 'number') rule.min = Math.max(rule.min, min)
  if (typeof max === 'string' && max !== '*') rule.max = Math.min(rule.max, Number(max))
  if (typeof maxLength === 'number') rule.maxLength = maxLength
  if (mustSupport === true) rule.isMustSupport = true
  for (const name of ['fixed', 'pattern', 'minValue', 'maxValue'] as const) {
    const value = choiceOf(element, name)
    if (value !== undefined) rule[name] = value
  }
  if (Array.isArray(type)) rule.types = objectsOf(type).map(typeRule)
  if (typeof slicing === 'object' && slicing !== null) rule.slicing = slicingOf(slicing as Json)
  const { strength, valueSet } = (binding ?? {}) as Json
  if (typeof strength === 'string' && typeof valueSet === 'string') rule.binding = { strength, valueSet }
  addInvariants(rule, constraint)
}

/** The names and slices of an id such as `Patient.identifier:nhsNumber/verified.system`, without the type. */
const stepsOf = (id: string): [name: string, slices: string[]][] =>
  id
    .split('.')
    .slice(1)
    .map(step => {
      const colon = step.indexOf(':')
      return colon < 0 ? [step, []] : [step.slice(0, colon), step.slice(colon + 1).split('/')]
    })

/** The ids of elements of which some tools write none: what stands below a slice is the slice's. */
function idsOf(elements: readonly Json[]): string[] {
  const slices = new Map<string, string>()
  return elements.map(({ id, path, sliceName }) => {
    const at = String(path)
    for (const known of slices.keys()) if (known === at || known.startsWith(`${at}.`)) slices.delete(known)
    const [outer, outerId] =
      [...slices].filter(([known]) => at.startsWith(`${known}.`)).sort(([a], [b]) => b.length - a.length)[0] ?? []
    const inside = outer === undefined ? at : `${outerId}${at.slice(outer.length)}`
    const made = typeof id === 'string' ? id : `${inside}${sliceName === undefined ? '' : `:${String(sliceName)}`}`
    if (sliceName !== undefined) slices.set(at, made)
    return made
  })
}

function ruleAt(root: ElementRule, id: string): ElementRule {
  let rule = root
  for (const [name, slices] of stepsOf(id)) {
    const child = rule.children.get(name) ?? newRule(name)
    rule.children.set(name, child)
    rule = child
    const before: string[] = []
    for (const slice of slices) {
      before.push(slice)
      const known: ElementRule = rule.slices.get(slice) ?? newRule(name, before.join('/'))
      rule.slices.set(slice, known)
      rule = known
    }
  }
  return rule
}

const member = (name: string, type: string): Member => ({ name, companion: `_${name}`, type })

function membersOf(type: string, rule: ElementRule): Member[] {
  const { name } = rule
  for (const element of elementsOfType(type)) {
    if (element.name === name) return element.types.map(each => member(memberName(name, each), each))
    // Some profiles name one type of a choice instead of the choice: valueQuantity.
    const short = element.name.endsWith('[x]') && element.types.find(each => memberName(element.name, each) === name)
    if (short) return [member(name, short)]
  }
  // What the R4 model does not have is looked for under its name, as in a resource that is not served.
  return name.endsWith('[x]') ? [] : [member(name, '')]
}

/** Settles where in JSON each element stands, once it is known of which types it may be. */
function settle(rule: ElementRule, type: string): void {
  const inner = rule.types?.length === 1 ? rule.types[0]?.code : undefined
  for (const child of rule.children.values()) {
    const all = membersOf(inner && elementsOfType(inner).length > 0 ? inner : type, child)
    for (const each of withSlices(child)) {
      each.members = all
      const codes = each.types ?? child.types
      const fitting = all.filter(one => codes === undefined || codes.some(({ code }) => code === one.type))
      settle(each, (fitting[0] ?? all[0])?.type ?? '')
    }
  }
}

/** A rule with those of its slices, and of theirs. */
export const withSlices = (rule: ElementRule): ElementRule[] => [
  rule,
  ...[...rule.slices.values()].flatMap(slice => withSlices(slice)),
]

/** Nothing is asked by what only describes an element: it is not walked through. */
function prune(rule: ElementRule): void {
  for (const [name, child] of rule.children) {
    for (const each of withSlices(child)) prune(each)
    if (!asks(child)) rule.children.delete(name)
  }
}

const asks = (rule: ElementRule): boolean =>
  rule.min > 0 ||
  rule.max < Number.POSITIVE_INFINITY ||
  rule.children.size > 0 ||
  rule.slices.size > 0 ||
  rule.invariants.size > 0 ||
  rule.types !== undefined ||
  rule.maxLength !== undefined ||
  [rule.fixed, rule.pattern, rule.minValue, rule.maxValue].some(value => value !== undefined) ||
  rule.binding?.strength === 'required' ||
  rule.binding?.strength === 'extensible'

/** Puts together what a profile asks of each element. */
export function compile(structure: Json, definitions: Definitions): ProfileRule {
  const { url, version, type } = structure
  const { layers, missing } = layersOf(structure, definitions)
  const root = newRule(String(type))
  for (const elements of layers) {
    const ids = idsOf(elements)
    elements.forEach((element, index) => {
      constrain(ruleAt(root, ids[index] ?? ''), element)
    })
  }
  settle(root, String(type))
  const marked = markedIn(root)
  prune(root)
  return {
    url: String(url),
    version: typeof version === 'string' ? version : undefined,
    type: String(type),
    root,
    marked,
    unchecked: missing === undefined ? [] : [`what its base ${missing} asks, which is not loaded`],
  }
}
