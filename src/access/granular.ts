import { FhirError } from '../fhir/outcome.ts'
import { type Clause, parseClause } from '../fhir/query-clause.ts'
import { COMMON, type SearchParam } from '../fhir/search.ts'
import { targetTypesOf } from '../fhir/target-types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf } from '../resources/index.ts'

/**
 * The query part of a granular scope, as conditions that all have to hold
 * (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters).
 */
export type ScopeQuery = readonly Clause[]

type Searchable = Parameters<typeof parseClause>[2]

/** What a scope's references are relative to: nothing. An absolute url is of another server, and matches nothing here. */
const NO_BASE = 'urn:none'

const searchableOf = ({ type, search }: Pick<Definition, 'type' | 'search'>): Searchable => ({
  type,
  search,
  base: NO_BASE,
  targets: param => targetTypesOf(type, param),
  references: () => undefined,
  // Nothing is asked of other resources: what they are may change without this one.
  of: () => undefined,
})

/**
 * Whether the values of a parameter are kept with every version of a resource, so that an old one is judged as it was: those
 * in the side tables are of the current version only.
 */
function isKept({ stored, type, of = [] }: SearchParam, search: Definition['search']): boolean {
  if (stored === 'patient') return true
  if (stored === 'either') return type === 'token' && of.every(part => isKept(search[part] as SearchParam, search))
  return (stored === 'interned' || stored === 'keys') && type !== 'composite'
}

/** The parameters of a type that a scope may name. */
export const scopeParameters = ({ search }: Pick<Definition, 'search'>): readonly string[] =>
  ['_id', ...Object.keys(search).filter(param => isKept(search[param] as SearchParam, search))].sort()

/** A name or value of a query, whose percent-encoding is taken off; a plus could mean itself or a space, and means neither. */
function decoded(text: string): string | undefined {
  if (text.includes('+')) return undefined
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

type Read = { readonly query: ScopeQuery } | { readonly fault: string }

function clauseOf(pair: string, searched: Pick<Definition, 'type' | 'search'>): Clause | string {
  const at = pair.indexOf('=')
  const [name, value] = [decoded(pair.slice(0, Math.max(at, 0))), decoded(pair.slice(at + 1))]
  if (at < 1 || !name || !value) return `"${pair}" is not parameter=value, or holds a + or % that is not encoded`
  const known = scopeParameters(searched)
  if (!known.includes(name))
    return `"${name}" of ${searched.type} cannot limit a scope; possible are, without modifiers: ${known.join(', ')}`
  try {
    return parseClause(name, value, searchableOf(searched)) ?? `"${name}" is not known`
  } catch (error) {
    if (error instanceof FhirError) return error.message
    throw error
  }
}

function readQuery(text: string, searched: Pick<Definition, 'type' | 'search'>): Read {
  const clauses: Clause[] = []
  for (const pair of text.split('&')) {
    const clause = clauseOf(pair, searched)
    if (typeof clause === 'string') return { fault: clause }
    clauses.push(clause)
  }
  return { query: clauses }
}

/** What the query part of a scope asks of a type; nothing when that cannot be enforced. */
export function scopeQuery(text: string, definition: Definition): ScopeQuery | undefined {
  const read = readQuery(text, definition)
  return 'query' in read ? read.query : undefined
}

/**
 * Why the query part of a scope for a type, or for all of them (`*`), cannot be enforced; nothing when it can. What is
 * asked of all types is what every one of them has.
 */
export function scopeFault(type: string, text: string): string | undefined {
  const searched = type === '*' ? { type: 'Resource' as Definition['type'], search: COMMON } : definitionOf(type)
  if (!searched) return undefined
  const read = readQuery(text, searched)
  return 'fault' in read ? read.fault : undefined
}
