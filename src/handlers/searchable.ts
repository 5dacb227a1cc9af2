import type { Searchable } from '../fhir/query.ts'
import { targetTypesOf } from '../fhir/target-types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'

/** The served types that a reference parameter may lead to: what an include can bring along. */
export function targetsOf(type: string, param: string): readonly string[] {
  const names = new Set(targetTypesOf(type, param))
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
    of: other => {
      const definition = definitionOf(other)
      return definition && searchableOf(definition, base)
    },
    targets: param => {
      const found = targets.get(param) ?? targetTypesOf(type, param)
      targets.set(param, found)
      return found
    },
  }
  searchables.set(`${type} ${base}`, searchable)
  return searchable
}
