import type { Json } from '../../src/fhir/types.ts'
import { codeLists } from '../../src/validation/profiles/codes.ts'
import { closedBy, isBaseType } from './distil.ts'
import type { Conformance, ElementDefinition } from './source.ts'
import { FREE } from './value-sets.ts'

/** What `$validate` looks codes up in, beyond what every write is checked for. */
export type Bindings = {
  /** By the path of the element: how much it asks for, and of which value set. */
  elements: Record<string, [strength: string, valueSet: string]>
  /** By url: the codes of each system that can be listed here, and the systems of which others are in it. */
  valueSets: Record<string, { title: string; listed: Record<string, string[]>; open: string[] }>
}

const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet'
const ALL_LANGUAGES = 'http://hl7.org/fhir/ValueSet/all-languages'
const ASKED = new Set(['extensible', 'preferred', 'required'])

/** What an element is bound to; the languages of concepts are limited rather than preferred. */
function bindingOf(element: ElementDefinition): [string, string] | undefined {
  const { binding } = element
  const valueSet = binding?.valueSet?.split('|')[0]
  if (!binding || valueSet === undefined || !ASKED.has(binding.strength)) return undefined
  const limit = binding.extension?.find(({ url }) => url === MAX_VALUE_SET)?.valueCanonical
  return limit === ALL_LANGUAGES ? ['limited', limit] : [binding.strength, valueSet]
}

/**
 * The bindings of R4 that are not checked on writes. What is required and listed, or of a code that is limited, is left
 * out: the generated validator has it.
 */
export function bindingsOf(source: readonly Conformance[], listed: Record<string, unknown>): Bindings {
  const definitions = { structures: new Map(), valueSets: byUrl(source, 'ValueSet'), codeSystems: free(source) }
  const codesOf = codeLists(definitions)
  const model: Bindings = { elements: {}, valueSets: {} }
  const structures = source.filter(one => one.resourceType === 'StructureDefinition').filter(isBaseType)
  for (const element of structures.flatMap(({ snapshot }) => snapshot?.element ?? [])) {
    const binding = bindingOf(element)
    const closed = closedBy(element)
    const isChecked = closed !== undefined && (element.type?.[0]?.code === 'code' || listed[closed] !== undefined)
    if (!binding || isChecked) continue
    model.elements[element.path] = binding
    const [, url] = binding
    const { title = '', name = '' } = definitions.valueSets.get(url) ?? {}
    const codes = codesOf(url)
    const lists = [...(codes?.listed ?? [])].map(([system, set]): [string, string[]] => [system, [...set].sort()])
    const open = [
      ...lists.filter(([system]) => !FREE.test(system)).map(([system]) => system),
      ...(codes?.open ?? ['*']),
    ]
    model.valueSets[url] = {
      title: String(title || name).trim(),
      listed: Object.fromEntries(lists.filter(([system]) => FREE.test(system))),
      open: [...new Set(open)].sort(),
    }
  }
  return model
}

const byUrl = (source: readonly Conformance[], type: string): Map<string, Json> =>
  new Map((source as unknown as Json[]).filter(one => one.resourceType === type).map(one => [String(one.url), one]))

/** The code systems whose codes may be passed on by anybody. */
const free = (source: readonly Conformance[]): Map<string, Json> =>
  new Map([...byUrl(source, 'CodeSystem')].filter(([url]) => FREE.test(url)))
