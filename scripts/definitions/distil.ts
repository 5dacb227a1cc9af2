import { SERVED } from './served.ts'
import type {
  CodeSystem,
  CompartmentDefinition,
  Concept,
  Conformance,
  ElementDefinition,
  SearchParameter,
  StructureDefinition,
  ValueSet,
} from './source.ts'

/** One element as src/fhir/model.ts reads it: what is 0, 1 or absent in the standard's default is left out. */
export type Element = {
  name: string
  types: string
  min?: number
  max?: string
  /** `s`: part of the summary; `m`: a modifier element; `q`: its quantity is a SimpleQuantity, without a comparator. */
  flags?: string
  targets?: string
  codes?: string
  /** The required binding of a CodeableConcept or Coding. */
  bound?: string
}

export type Param = {
  type: string
  expression: string
  url: string
  description: string
  targets?: string
  component?: { definition: string; expression: string }[]
}

export type Distilled = {
  resources: string[]
  types: Record<string, Element[]>
  valueSets: Record<string, Record<string, string[]>>
  searchParams: Record<string, Record<string, Param>>
  compartment: Record<string, string[]>
}

const CODED = new Set(['code', 'Coding', 'CodeableConcept'])
const PROFILE = 'http://hl7.org/fhir/StructureDefinition/'
const SYSTEM = 'http://hl7.org/fhirpath/System.'

/** Boils the definitions of the standard down to what the server reads at run time. */
export function distil(source: readonly Conformance[]): Distilled {
  const structures = source.filter(one => one.resourceType === 'StructureDefinition').filter(isBaseType)
  const expand = expander(source)
  const model: Distilled = { resources: [], types: {}, valueSets: {}, searchParams: {}, compartment: {} }
  for (const structure of structures.sort((a, b) => (a.type < b.type ? -1 : 1))) {
    if (structure.kind === 'resource' && !structure.abstract) model.resources.push(structure.type)
    for (const element of structure.snapshot?.element ?? []) addElement(model, structure, element, expand)
  }
  addSearchParams(model, source)
  addCompartment(model, source)
  return model
}

export const isBaseType = (one: StructureDefinition) =>
  (one.kind === 'resource' || one.kind === 'complex-type') && one.derivation !== 'constraint' && one.name === one.type

function addElement(model: Distilled, structure: StructureDefinition, definition: ElementDefinition, expand: Expand) {
  const dot = definition.path.lastIndexOf('.')
  if (dot < 0) return
  const owner = definition.path.slice(0, dot)
  const name = definition.path.slice(dot + 1)
  const element: Element = { name, types: typesOf(structure, definition, name) }
  if (definition.min > 0) element.min = definition.min
  if (definition.max !== '1') element.max = definition.max
  const isSimple = definition.type?.some(({ profile = [] }) => profile.includes(`${PROFILE}SimpleQuantity`))
  const flags = `${definition.isSummary ? 's' : ''}${definition.isModifier ? 'm' : ''}${isSimple ? 'q' : ''}`
  if (flags) element.flags = flags
  const targets = (definition.type ?? [])
    .filter(type => type.code === 'Reference')
    .flatMap(type => type.targetProfile ?? [])
    .map(profile => profile.replace(PROFILE, ''))
  if (targets.length > 0 && !targets.includes('Resource')) element.targets = targets.join('|')
  const url = closedBy(definition)
  if (url !== undefined && CODED.has(element.types)) {
    const codes = expand(url)
    // What cannot be listed is named all the same: of MIME types and languages, how they look can be checked.
    element[element.types === 'code' ? 'codes' : 'bound'] = url
    if (codes) model.valueSets[url] = codes
  }
  const elements = model.types[owner] ?? []
  elements.push(element)
  model.types[owner] = elements
}

const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet'

/**
 * The value set that a code has to be of: of a required binding, or the one that limits another binding. Concepts of the
 * latter may be of other systems beside, as the languages of UK Core are, so that only codes are limited on writes.
 */
export function closedBy({ binding, type = [] }: ElementDefinition): string | undefined {
  if (binding?.strength === 'required') return binding.valueSet?.split('|')[0]
  if (type.length !== 1 || type[0]?.code !== 'code') return undefined
  return binding?.extension?.find(({ url }) => url === MAX_VALUE_SET)?.valueCanonical?.split('|')[0]
}

/** `value[x]` keeps all its types; a nested element is named by its path, also when another one refers to it. */
function typesOf(structure: StructureDefinition, definition: ElementDefinition, name: string): string {
  if (definition.contentReference) return definition.contentReference.slice(1)
  const types = (definition.type ?? []).map(type => type.code)
  if (types[0] === 'BackboneElement' || types[0] === 'Element') return definition.path
  if (!types[0]?.startsWith(SYSTEM)) return types.join('|')
  // The standard gives ids and Extension.url the types of FHIRPath; these are what its text says of them.
  if (name === 'url') return 'uri'
  return structure.kind === 'resource' && definition.path === `${structure.type}.id` ? 'id' : 'string'
}

type Expand = (valueSet: string) => Record<string, string[]> | undefined

/** Expands a value set to its codes by system; undefined when it is open or needs a terminology server. */
function expander(source: readonly Conformance[]): Expand {
  const valueSets = new Map<string, ValueSet>()
  const codeSystems = new Map<string, CodeSystem>()
  for (const one of source) {
    if (one.resourceType === 'ValueSet') valueSets.set(one.url, one)
    if (one.resourceType === 'CodeSystem') codeSystems.set(one.url, one)
  }
  return url => {
    const compose = valueSets.get(url)?.compose
    if (!compose?.include || compose.exclude) return undefined
    const systems: Record<string, string[]> = {}
    for (const include of compose.include) {
      const concepts = include.concept ?? codeSystems.get(include.system)?.concept
      if (!concepts || include.filter) return undefined
      systems[include.system] = concepts.flatMap(flat).sort()
    }
    return systems
  }
}

const flat = (concept: Concept): string[] => [concept.code, ...(concept.concept ?? []).flatMap(flat)]

function addSearchParams(model: Distilled, source: readonly Conformance[]) {
  const all = source
    .filter(one => one.resourceType === 'SearchParameter')
    .filter(isOfTheBase)
    .sort((a, b) => (a.url < b.url ? -1 : 1))
  for (const type of SERVED) {
    const bases = ['Resource', type === 'Binary' ? 'Resource' : 'DomainResource', type]
    const params: Record<string, Param> = {}
    for (const one of all.filter(param => param.base?.some(base => bases.includes(base)))) {
      const expression = restrict(one.expression ?? '', bases)
      if (expression) params[one.code] = param(one, expression)
    }
    model.searchParams[type] = Object.fromEntries(Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** Not the examples of the standard, nor what only searches the extensions of one profile (genetics, birth names). */
const isOfTheBase = ({ url, expression = '' }: SearchParameter) =>
  !url.includes('/SearchParameter/example') && !/extension\(/i.test(expression)

function param(one: SearchParameter, expression: string): Param {
  const kept: Param = { type: one.type, expression, url: one.url, description: firstSentence(one) }
  if (one.target?.length) kept.targets = [...one.target].sort().join('|')
  if (one.component?.length) {
    kept.component = one.component.map(({ definition, expression }) => ({ definition, expression }))
  }
  return kept
}

/** The alternatives of `A.x | B.y | (C.z as D)` that start at one of the types. */
function restrict(expression: string, types: readonly string[]): string {
  return splitUnion(expression)
    .filter(part => types.some(type => part.replace(/^\(+/, '').match(/^\w+/)?.[0] === type))
    .join(' | ')
}

function splitUnion(expression: string): string[] {
  const parts: string[] = []
  let depth = 0
  let begin = 0
  for (let at = 0; at < expression.length; at++) {
    if (expression[at] === '(') depth++
    else if (expression[at] === ')') depth--
    else if (expression[at] === '|' && depth === 0) {
      parts.push(expression.slice(begin, at).trim())
      begin = at + 1
    }
  }
  parts.push(expression.slice(begin).trim())
  return parts
}

/** Shared parameters list what they mean per type; the names of the types say enough without the list. */
function firstSentence({ description, code }: SearchParameter): string {
  if (description.startsWith('Multiple Resources')) return code
  return description.split(/\r?\n|(?<=\.) /)[0]?.trim() ?? ''
}

function addCompartment(model: Distilled, source: readonly Conformance[]) {
  const patient = source
    .filter((one): one is CompartmentDefinition => one.resourceType === 'CompartmentDefinition')
    .find(one => one.code === 'Patient')
  for (const { code, param } of patient?.resource ?? []) {
    if (param?.length) model.compartment[code] = [...param].sort()
  }
}
