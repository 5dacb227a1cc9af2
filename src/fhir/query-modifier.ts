import { datatypesOf } from './extract.ts'
import type { Searchable } from './query.ts'
import type { SearchParam } from './search.ts'

type Declared = SearchParam | 'id' | 'lastUpdated'

const MODIFIERS: Readonly<Record<SearchParam['type'], readonly string[]>> = {
  token: ['missing', 'not', 'in', 'not-in'],
  string: ['missing', 'exact', 'contains'],
  date: ['missing'],
  reference: ['missing', 'identifier'],
  quantity: ['missing'],
  uri: ['missing', 'above', 'below'],
  composite: ['missing'],
}

/** What has a text beside its code: https://hl7.org/fhir/R4/search.html#token */
const WITH_TEXT = ['Coding', 'CodeableConcept', 'Identifier']

const partsOf = (declared: SearchParam, param: string): readonly string[] =>
  declared.stored === 'either' ? (declared.of ?? []) : [param]

function ofTokens(declared: SearchParam, param: string, { type }: Searchable): string[] {
  const datatypes = partsOf(declared, param).flatMap(each => [...datatypesOf(type, each)])
  return [
    ...(WITH_TEXT.some(each => datatypes.includes(each)) ? ['text'] : []),
    ...(datatypes.includes('Identifier') && declared.stored === 'keys' ? ['of-type'] : []),
  ]
}

/** The modifiers that a search of a type may put on a parameter, https://hl7.org/fhir/R4/search.html#modifiers */
export function modifiersOf(declared: Declared, param: string, searchable: Searchable): readonly string[] {
  if (declared === 'id') return ['missing', 'not']
  if (declared === 'lastUpdated') return ['missing']
  const own = MODIFIERS[declared.type]
  if (declared.type === 'token') return [...own, ...ofTokens(declared, param, searchable)]
  return declared.type === 'reference' ? [...own, ...searchable.targets(param)] : own
}

/** Whether a search of a type may put this modifier on a parameter. */
export const isModifier = (declared: Declared, param: string, modifier: string, searchable: Searchable): boolean =>
  modifiersOf(declared, param, searchable).includes(modifier)
