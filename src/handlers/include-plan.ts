import type { Grant } from '../access/grant.ts'
import { allows, permit } from '../access/permit.ts'
import type { Include } from '../fhir/result-params.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf, servedTypes } from '../resources/index.ts'
import type { Included } from '../store/include.ts'
import { referencesOf, targetsOf } from './searchable.ts'

const ANY = '*'

/** What may be brought along of a type; what the grant may not read brings nothing. */
function of(grant: Grant, type: string, include: Omit<Included, 'permission'>): Included[] {
  const candidate = definitionOf(type)
  if (!candidate || !allows(grant, candidate, 'read')) return []
  return [{ ...include, permission: permit(grant, candidate, 'read') }]
}

/** `*` stands for every reference: no need to say which leads where. */
const anything = (grant: Grant, { reverse, iterate, target }: Include, searched: readonly string[]): Included[] => {
  const froms = iterate ? [undefined] : searched
  const types = servedTypes.filter(type =>
    reverse ? (referencesOf(type) ?? []).length > 0 : target === undefined || target === type,
  )
  return froms.flatMap(from => types.flatMap(type => of(grant, type, { from, params: undefined, reverse, iterate })))
}

/** The reference parameters of a type that an include follows, by the type that they lead to. */
function byTarget({ source, param, target }: Include): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const each of param === ANY ? (referencesOf(source) ?? []) : [param])
    for (const type of targetsOf(source, each))
      if (target === undefined || target === type) found.set(type, [...(found.get(type) ?? []), each])
  return found
}

/**
 * What the includes of a search mean, type by type, for those types that the grant may read
 * (https://hl7.org/fhir/R4/search.html#include).
 */
export function includesOf(grant: Grant, searched: readonly Definition[], includes: readonly Include[]): Included[] {
  const types: string[] = searched.map(({ type }) => type)
  return includes.flatMap(include => {
    const { reverse, iterate, source } = include
    if (source === ANY) return anything(grant, include, types)
    return [...byTarget(include)].flatMap(([type, params]) => {
      const [from, brought] = reverse ? [type, source] : [source, type]
      return iterate || types.includes(from) ? of(grant, brought, { from, params, reverse, iterate }) : []
    })
  })
}
