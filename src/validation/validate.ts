import { codesOfValueSet, elementsOfType, memberName, RESOURCE_TYPES } from '../fhir/model.ts'
import type { Issue } from '../fhir/outcome.ts'
import { PRIMITIVES } from '../fhir/primitives.ts'
import type { Json, ResourceType } from '../fhir/types.ts'
import { type Bound, concept, isCurrency, isLanguage, isMimeType } from './bindings.ts'
import { contained } from './contained.ts'
import {
  choice,
  codes,
  companion,
  companionOf,
  companions,
  elementId,
  holds,
  many,
  notIn,
  one,
  primitives,
} from './elements.ts'
import { extension, modifiers } from './extensions.ts'
import { r4 } from './generated/r4.js'
import { identifier, type Spelling } from './identifiers.ts'
import { broken } from './invariant.ts'
import { INVARIANTS } from './invariants/index.ts'
import { target } from './references.ts'
import {
  reportEmpty,
  reportMissing,
  reportNoResource,
  reportPrimitive,
  reportType,
  reportUnexpected,
  reportUnknown,
} from './report.ts'
import { type Check, isObject, type Run, type Settings } from './run.ts'

/** What is wrong with a resource. */
export type Findings = {
  readonly issues: Issue[]
  /** Whether it is FHIR at all: of a type that FHIR has, with the elements that it has. */
  readonly isFhir: boolean
  /** The identifiers that are right, but not written as they are kept. */
  readonly spellings: readonly Spelling[]
}

/** A resource of any type, with what is contained in it and its ids for itself. */
function inside(value: unknown, step: string, run: Run): void {
  if (!isObject(value)) {
    reportNoResource(value, run, step)
    return
  }
  const { root, inContained, ids } = run
  run.trail.push(step)
  run.root = value
  run.inContained = false
  run.ids = undefined
  ofAnyType(value, run)
  run.root = root
  run.inContained = inContained
  run.ids = ids
  run.trail.pop()
}

/** The check of the type that a resource says it is of. */
function checkOf(type: unknown, run: Run): Check | undefined {
  if (typeof type === 'string' && RESOURCE_TYPES.has(type)) return CHECKS[type]
  reportType(type, run)
  return undefined
}

function ofAnyType(value: unknown, run: Run): void {
  if (isObject(value)) checkOf(value.resourceType, run)?.(value, run)
  else reportNoResource(value, run)
}

function unknown(name: string, type: string, run: Run): void {
  const elements = elementsOfType(type).map((element): [string, string[]] => [
    element.name,
    element.types.map(each => memberName(element.name, each)),
  ])
  reportUnknown(type, name, elements, run)
}

function codesOf(url: string): ReadonlySet<string> {
  return new Set(Object.values(codesOfValueSet(url) ?? {}).flat())
}

function boundOf(url: string): Bound {
  const systems = Object.entries(codesOfValueSet(url) ?? {})
  return Object.fromEntries(systems.map(([system, list]) => [system, new Set(list)]))
}

function accepts(type: string): (value: unknown) => boolean {
  const primitive = PRIMITIVES.get(type)
  if (!primitive) throw new Error(`${type} is no primitive datatype`)
  return primitive.accepts
}

/** What the generated code calls. */
const runtime = {
  one,
  many,
  primitives,
  codes,
  notIn,
  companion,
  companions,
  companionOf,
  choice,
  elementId,
  holds,
  extension,
  modifiers,
  target,
  concept,
  contained: (value: unknown, run: Run) => contained(value, ofAnyType, run),
  resource: inside,
  entry: (value: unknown, run: Run) => {
    if (run.entries) inside(value, 'resource', run)
  },
  unknown,
  bad: reportPrimitive,
  missing: reportMissing,
  empty: reportEmpty,
  broken,
  codesOf,
  boundOf,
  accepts,
  rules: INVARIANTS,
  isMimeType,
  isCurrency,
  isLanguage,
  identifier,
}

export type Runtime = typeof runtime

const CHECKS = r4(runtime)

/**
 * Everything in which a resource is not as FHIR R4 defines its type: unknown and missing elements, wrong JSON types,
 * cardinality, choices, primitives, codes of required bindings, targets of references, contained resources, extensions,
 * narratives, and the invariants; https://hl7.org/fhir/R4/validation.html. No issues when it is fine.
 */
export function validate(resource: unknown, expected?: ResourceType, settings: Settings = {}): Findings {
  const { entries = true } = settings
  const root: Json = isObject(resource) ? resource : {}
  const run: Run = {
    trail: [],
    issues: [],
    spellings: [],
    isFhir: true,
    entries,
    root,
    contained: undefined,
    inContained: false,
    ids: undefined,
  }
  if (!isObject(resource)) reportNoResource(resource, run)
  else {
    const check = checkOf(resource.resourceType, run)
    if (check) {
      const type = String(resource.resourceType)
      run.trail.push(type)
      if (expected !== undefined && type !== expected) reportUnexpected(type, expected, run)
      else check(resource, run)
    }
  }
  return { issues: run.issues, isFhir: run.isFhir, spellings: run.spellings }
}
