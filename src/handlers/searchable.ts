import { searchParametersOf } from '../fhir/model.ts'
import type { Searchable } from '../fhir/query.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'

/** The reference parameters of a served type: what `_include` and `_revinclude` may name. */
export const referencesOf = (type: string): readonly string[] | undefined => {
  const search = definitionOf(type)?.search
  return search && Object.keys(search).filter(param => search[param]?.type === 'reference')
}

/** The served types that a reference parameter may lead to. */
export function targetsOf(type: string, param: string): readonly string[] {
  const names = searchParametersOf(type).get(param)?.targets ?? []
  return names.length === 0 || names.includes('Resource')
    ? servedTypes
    : servedTypes.filter(each => names.includes(each))
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
      const found = targets.get(param) ?? targetsOf(type, param)
      targets.set(param, found)
      return found
    },
  }
  searchables.set(`${type} ${base}`, searchable)
  return searchable
}
