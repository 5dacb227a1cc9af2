import type { Json } from '../../fhir/types.ts'
import { chosen, objectsOf } from '../invariant.ts'
import { isObject } from '../run.ts'
import { withoutVersion } from './canonical.ts'
import { hasCode } from './codes.ts'
import { codingsIn } from './codings.ts'
import type { Catalog, Examination } from './examination.ts'
import { contained, typeOfReference } from './links.ts'
import type { Discriminator, ElementRule, Slicing } from './rule.ts'
import { equals, fits, type Item } from './values.ts'

// Which slice a value is of: https://hl7.org/fhir/R4/profiling.html#discriminator

/** Whether a value is of a slice; undefined where that cannot be decided. */
export type Matches = (item: Item, exam: Examination) => boolean | undefined

/** Whether a value conforms to a profile; handed in, for the check itself needs slices. */
export type Conforms = (value: unknown, canonical: string, exam: Examination) => boolean | undefined

const UNDECIDED: Matches = () => undefined
const VALUE_OF_URL: Slicing = { discriminators: [{ type: 'value', path: 'url' }], rules: 'open', isOrdered: false }
const BY_TYPE: Slicing = { discriminators: [{ type: 'type', path: '$this' }], rules: 'open', isOrdered: false }

/** How an element is sliced; extensions and choices need not say it. */
export function slicingOf({ slicing, name }: ElementRule): Slicing | undefined {
  if (slicing && slicing.discriminators.length > 0) return slicing
  const usual = /^(?:modifierE|e)xtension$/.test(name) ? VALUE_OF_URL : name.endsWith('[x]') ? BY_TYPE : undefined
  return usual && slicing ? { ...usual, rules: slicing.rules, isOrdered: slicing.isOrdered } : (usual ?? slicing)
}

/** The steps of a path such as `value.ofType(Coding).code`, `resolve()` or `$this`. */
const stepsOf = (path: string): string[] =>
  (path.match(/(?:[^.(]|\([^)]*\))+/g) ?? []).filter(step => step !== '$this' && !step.startsWith('ofType('))

const EXTENSION = /^extension\(['"](.*)['"]\)$/

/** Finds the values that a step leads to, of one value, and adds them to those that were found. */
type Step = (value: Json, exam: Examination, found: unknown[]) => void

function add(found: unknown[], value: unknown): void {
  if (Array.isArray(value)) found.push(...value)
  else if (value !== undefined) found.push(value)
}

function stepOf(name: string): Step {
  if (name === 'resolve()')
    return ({ reference }, { resource }, found) => {
      add(found, contained(reference, resource))
    }
  const [, url] = EXTENSION.exec(name) ?? []
  if (url !== undefined)
    return ({ extension }, _exam, found) => {
      add(
        found,
        objectsOf(extension).filter(one => one.url === url),
      )
    }
  if (!name.endsWith('[x]'))
    return (value, _exam, found) => {
      add(found, value[name])
    }
  const choice = name.slice(0, -3)
  return (value, _exam, found) => {
    const member = chosen(value, choice)
    if (member !== undefined) add(found, value[member])
  }
}

/** Finds all that a path leads to. */
function finder(path: readonly string[]): (value: unknown, exam: Examination) => unknown[] {
  const steps = path.map(stepOf)
  return (value, exam) => {
    let values: unknown[] = [value]
    for (const step of steps) {
      const found: unknown[] = []
      for (const one of values) if (isObject(one)) step(one, exam, found)
      values = found
    }
    return values
  }
}

/** The rules about what a step leads to: of the profile itself, or of one that it names for the element. */
function below(rule: ElementRule, name: string, { profile }: Catalog): ElementRule | undefined {
  const [, url] = EXTENSION.exec(name) ?? []
  if (url !== undefined) {
    const slices = [...(rule.children.get('extension')?.slices.values() ?? [])]
    return slices.find(slice => slice.types?.some(({ profiles }) => profiles.some(one => withoutVersion(one) === url)))
  }
  const own = rule.children.get(name) ?? rule.children.get(`${name}[x]`)
  if (own) return own
  const named = rule.types?.flatMap(({ profiles }) => profiles) ?? []
  for (const canonical of named) {
    const root = profile(canonical)?.root
    const found = root?.children.get(name) ?? root?.children.get(`${name}[x]`)
    if (found) return found
  }
  return undefined
}

type Test = { readonly path: readonly string[]; readonly accepts: (value: unknown) => boolean | undefined }

/** What a slice asks of the values that its discriminator leads to: fixed, a pattern, or a code of a required list. */
function testsOf(rule: ElementRule, steps: readonly string[], path: readonly string[], catalog: Catalog): Test[] {
  const { fixed, pattern, binding } = rule
  if (fixed !== undefined) return [{ path, accepts: value => equals(value, fixed) }]
  if (pattern !== undefined) return [{ path, accepts: value => fits(value, pattern) }]
  const [name, ...rest] = steps
  if (name !== undefined) {
    const child = below(rule, name, catalog)
    const at = child?.name.endsWith('[x]') ? child.name : name
    const required = child ? [child, ...[...child.slices.values()].filter(({ min }) => min > 0)] : []
    return required.flatMap(each => testsOf(each, rest, [...path, at], catalog))
  }
  const inside = [...rule.children.values()].flatMap(child =>
    [child, ...[...child.slices.values()].filter(({ min }) => min > 0)].flatMap(each =>
      testsOf(each, [], [...path, child.name], catalog),
    ),
  )
  if (inside.length > 0) return inside
  const codes = binding?.strength === 'required' ? catalog.codes(binding.valueSet) : undefined
  if (!codes) return []
  const accepts = (value: unknown): boolean | undefined => {
    const found = codingsIn(value).map(({ system, code }) => hasCode(codes, system, code))
    return found.includes(true) ? true : found.includes(undefined) ? undefined : false
  }
  return [{ path, accepts }]
}

/** True when all are, false when one is not, else undecided. */
function all(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(false)) return false
  return answers.includes(undefined) ? undefined : true
}

/** True when one is, undecided when one might be. */
function some(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(true)) return true
  return answers.includes(undefined) ? undefined : false
}

function someOf(values: readonly unknown[], accepts: Test['accepts']): boolean | undefined {
  let isUndecided = false
  for (const value of values) {
    const answer = accepts(value)
    if (answer === true) return true
    if (answer === undefined) isUndecided = true
  }
  return isUndecided ? undefined : false
}

function byValue(slice: ElementRule, path: string, catalog: Catalog): Matches {
  const tests = testsOf(slice, stepsOf(path), [], catalog)
  if (tests.length === 0) {
    // An extension's own profile need not be loaded: its url is its name.
    const urls = slice.types?.flatMap(({ profiles }) => profiles.map(withoutVersion)) ?? []
    if (path !== 'url' || urls.length === 0) return UNDECIDED
    return ({ value }) => isObject(value) && urls.includes(String(value.url))
  }
  const leaves = path.includes('resolve()')
  const finders = tests.map(({ path: at, accepts }) => ({ find: finder(at), accepts }))
  return ({ value }, exam) => {
    let isUndecided = false
    for (const { find, accepts } of finders) {
      const values = find(value, exam)
      const answer = values.length === 0 && leaves ? undefined : someOf(values, accepts)
      if (answer === false) return false
      if (answer === undefined) isUndecided = true
    }
    return isUndecided ? undefined : true
  }
}

function byExistence(slice: ElementRule, path: string, catalog: Catalog): Matches {
  const steps = stepsOf(path)
  const rule = steps.reduce<ElementRule | undefined>((at, name) => at && below(at, name, catalog), slice)
  if (!rule || (rule.min === 0 && rule.max > 0)) return UNDECIDED
  const names = steps.map((name, at) => (at === steps.length - 1 ? rule.name : name))
  const find = finder(names)
  return ({ value }, exam) => find(value, exam).length > 0 === rule.max > 0
}

/** The rule about what a path leads to, and the path with the names of choices. */
function ruleOf(slice: ElementRule, path: string, catalog: Catalog) {
  const names: string[] = []
  let rule: ElementRule | undefined = slice
  for (const name of stepsOf(path)) {
    const next: ElementRule | undefined = name === 'resolve()' ? rule : rule && below(rule, name, catalog)
    names.push(next?.name.endsWith('[x]') && name !== 'resolve()' ? next.name : name)
    rule = next
  }
  return { rule, names }
}

const targetTypes = ({ types = [] }: ElementRule, { profile }: Catalog): (string | undefined)[] =>
  types.flatMap(({ targets }) =>
    targets.map(url => profile(url)?.type ?? /\/StructureDefinition\/([A-Z][A-Za-z]+)$/.exec(withoutVersion(url))?.[1]),
  )

function byType(slice: ElementRule, path: string, catalog: Catalog): Matches {
  const { rule, names } = ruleOf(slice, path, catalog)
  if (names.at(-1) === 'resolve()') {
    const wanted = rule ? targetTypes(rule, catalog) : []
    if (wanted.length === 0) return UNDECIDED
    const find = finder(names.slice(0, -1))
    return ({ value }, exam) =>
      some(
        find(value, exam).map(reference => {
          const type = typeOfReference(reference, exam.resource)
          return type === undefined ? undefined : wanted.includes(type)
        }),
      )
  }
  const codes = rule?.types?.map(({ code }) => code)
  if (names.length === 0)
    return ({ value, type, member }) => {
      // A slice of a choice that names no type is named for one: valueQuantity.
      if (codes === undefined) return member === slice.slice ? true : slice.name.endsWith('[x]') ? false : undefined
      return codes.includes(isObject(value) && typeof value.resourceType === 'string' ? value.resourceType : type)
    }
  const last = names.at(-1) ?? ''
  if (!codes) return UNDECIDED
  const find = finder(names.slice(0, -1))
  return ({ value }, exam) =>
    some(
      find(value, exam).map(holder => {
        if (!isObject(holder)) return false
        const inside = holder[last]
        if (isObject(inside) && typeof inside.resourceType === 'string') return codes.includes(inside.resourceType)
        const member = last.endsWith('[x]') ? chosen(holder, last.slice(0, -3)) : undefined
        return rule?.members.some(({ name, type }) => name === member && codes.includes(type)) ?? undefined
      }),
    )
}

function byProfile(slice: ElementRule, path: string, catalog: Catalog, conforms: Conforms): Matches {
  const { rule, names } = ruleOf(slice, path, catalog)
  const isTarget = names.at(-1) === 'resolve()'
  const wanted = rule?.types?.flatMap(({ profiles, targets }) => (isTarget ? targets : profiles)) ?? []
  if (wanted.length === 0) return UNDECIDED
  const find = finder(names)
  return ({ value }, exam) => {
    const values = find(value, exam)
    if (values.length === 0) return isTarget ? undefined : false
    return some(values.flatMap(one => wanted.map(url => conforms(one, url, exam))))
  }
}

const KINDS: Readonly<
  Record<Discriminator['type'], (slice: ElementRule, path: string, catalog: Catalog, conforms: Conforms) => Matches>
> = { value: byValue, pattern: byValue, exists: byExistence, type: byType, profile: byProfile }

/** How it is seen that a value is of a slice. */
export function matcherOf(
  slice: ElementRule,
  slicing: Slicing | undefined,
  catalog: Catalog,
  conforms: Conforms,
): Matches {
  const discriminators = slicing?.discriminators ?? []
  if (discriminators.length === 0) return UNDECIDED
  const matchers = discriminators.map(({ type, path }) =>
    Object.hasOwn(KINDS, type) ? KINDS[type](slice, path, catalog, conforms) : UNDECIDED,
  )
  const [only] = matchers
  return matchers.length === 1 && only ? only : (item, exam) => all(matchers.map(matches => matches(item, exam)))
}
