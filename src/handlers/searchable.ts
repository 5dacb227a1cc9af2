import { RESOURCE_TYPES, searchParametersOf } from '../fhir/model.ts'
import type { Searchable } from '../fhir/query.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'

const ALL_TYPES = [...RESOURCE_TYPES]

/** The types that the standard lets a reference parameter lead to, served or not: what a value may name. */
function namedBy(type: string, param: string): readonly string[] {
  const names = searchParametersOf(type).get(param)?.targets ?? []
  return names.length === 0 || names.includes('Resource') ? ALL_TYPES : names
}

/** The served types that a reference parameter may lead to: what an include can bring along. */
export function targetsOf(type: string, param: string): readonly string[] {
  const names = new Set(namedBy(type, param))
  return servedTypes.filter(each => names.has(each))
}

/** The reference parameters of a served type that lead to one: what `_include` and `_revinclude` may name. */
export const referencesOf = (type: string): readonly string[] | undefined => {
  const search = definitionOf(type)?.search
  const leads = (param: string) => search?.[param]?.type === 'reference' && targetsOf(type, param).length > 0
  return search && Object.keys(search).filter(leads)
}

const searchables = new Map<string, Searchable>()

/** What a search of a type may say, by its declaration and the standard's definition of its parameters. */
export function searchableOf({ type, search }: Definition, base: string): Searchable {
  const known = searchables.get(`${type} ${base}`)
  if (known) return known
  const targets = new Map<string, readonly string[]>()
  const searchable: Searchable = {
    type,
    search,
    base,
    references: referencesOf,
    targets: param => {
      const found = targets.get(param) ?? namedBy(type, param)
      targets.set(param, found)
      return found
    },
  }
  searchables.set(`${type} ${base}`, searchable)
  return searchable
}
