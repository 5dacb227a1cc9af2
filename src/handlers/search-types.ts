import { permit } from '../access/permit.ts'
import { forbidden, invalid } from '../fhir/outcome.ts'
import { parseQuery, type Query, type Searchable } from '../fhir/query.ts'
import { RESULT_PARAMETERS, SEVERAL_TYPES } from '../fhir/result-params.ts'
import type { Definition } from '../resources/definition.ts'
import { definitionOf } from '../resources/index.ts'
import type { Branch } from '../store/search.ts'
import type { Call } from './call.ts'
import { searchableOf } from './searchable.ts'

type Params = Call['params']
type Asked = Pick<Call, 'server' | 'grant'>

/**
 * The types that a search of several is about, those of `_type` or all that are possible, and its other parameters.
 * @throws FhirError 400 for a type that is not served there, 403 for one out of scope
 */
export function typesOf(
  { grant }: Asked,
  params: Params,
  among: readonly Definition[],
): { types: readonly Definition[]; params: Params } {
  const named = params.filter(([name]) => name === '_type').flatMap(([, value]) => value.split(','))
  const others = params.filter(([name]) => name !== '_type')
  if (among.length === 0) throw forbidden('The access token has no scope to search any type that is here')
  if (named.length === 0) return { types: among, params: others }
  const types = [...new Set(named)].map(type => {
    const found = among.find(each => each.type === type)
    if (found) return found
    const served = definitionOf(type)
    // Says what scope would be needed, for a type that is there at all.
    if (served) permit(grant, served, 'search-type')
    throw invalid(
      `_type: "${type.slice(0, 60)}" cannot be searched here. Possible are: ${among.map(each => each.type).join(', ')}`,
    ).about('_type')
  })
  return { types, params: others }
}

/** What several types let a search say: the parameters that all of them have, and that mean the same kind of thing. */
function commonOf(searchables: readonly Searchable[], [first, ...others]: readonly [Searchable, ...Searchable[]]) {
  const isCommon = (param: string): boolean =>
    others.every(({ search }) => search[param]?.type === first.search[param]?.type)
  const search = Object.fromEntries(Object.entries(first.search).filter(([param]) => isCommon(param)))
  const targets = (param: string) => [...new Set(searchables.flatMap(each => each.targets(param)))]
  return { ...first, type: SEVERAL_TYPES, search, targets }
}

const isResult = (name: string): boolean => RESULT_PARAMETERS.includes(name.split(':', 1)[0] ?? '')

/**
 * The search of each of several types. What it says of the answer is said once and is the same for all.
 * @throws FhirError 400 for what one of the types does not have, 403 out of scope
 */
export function branchesOf(
  { grant, server }: Asked,
  types: readonly Definition[],
  params: Params,
  lenient: boolean,
): Pick<Query, 'used' | 'ignored'> & { branches: readonly [Branch, ...Branch[]] } {
  const searchables = types.map(definition => searchableOf(definition, server.base))
  const [first, ...others] = searchables
  if (!first) throw invalid('_type names no type')
  const results = parseQuery(params, commonOf(searchables, [first, ...others]), { lenient })
  const { used, ignored } = results
  const asked = used.filter(([name]) => !isResult(name))
  const [one, ...more] = types.map((definition): Branch => {
    const { clauses } = parseQuery(asked, searchableOf(definition, server.base))
    return { permission: permit(grant, definition, 'search-type'), query: { ...results, clauses } }
  })
  if (!one) throw invalid('_type names no type')
  return { branches: [one, ...more], used, ignored }
}
