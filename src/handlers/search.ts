import { allows, permit } from '../access/permit.ts'
import { matchEntry, searchset } from '../fhir/bundle.ts'
import { type Issue, invalid, notFound } from '../fhir/outcome.ts'
import { parseQuery, type Query } from '../fhir/query.ts'
import { checkResults } from '../fhir/result-params.ts'
import { isWhole, type Shown } from '../fhir/subset.ts'
import { type Definition, isInRecords } from '../resources/definition.ts'
import { definitionOf, definitions } from '../resources/index.ts'
import { findList, isList } from '../store/list.ts'
import type { Narrowing } from '../store/narrow.ts'
import { type Branch, count, type Found, findPage, type Search } from '../store/search.ts'
import { type Answer, type Call, isLenient } from './call.ts'
import { includesOf } from './include-plan.ts'
import { encode, linksOf, type Page, pageOf } from './paging.ts'
import { branchesOf, typesOf } from './search-types.ts'
import { searchableOf } from './searchable.ts'
import { cutText } from './shown.ts'

/** A search that may be of several types. */
export type SystemCall = Omit<Call, 'definition' | 'id' | 'versionId'>

/** What is searched: the path below the base, the types, and whose compartment. */
type Place = {
  readonly path: string
  readonly interaction: 'search-type' | 'search-system'
  readonly patient?: string
}

const ignoredWarnings = (names: readonly string[]): Issue[] =>
  names.map(name => ({
    severity: 'warning',
    code: 'not-supported',
    text: `The search parameter "${name.slice(0, 60)}" is not known and was ignored (handling=lenient)`,
  }))

const cut = (found: readonly Found[], shown: Shown, depth: number): readonly Found[] =>
  isWhole(shown) ? found : found.map(each => ({ ...each, content: cutText(each.content, shown, depth) }))

/** Whether few resources are looked at: without an index, words are looked for in each one. */
function isBounded({ permission, query }: Branch, { patient, lists }: Narrowing): boolean {
  if (patient !== undefined || lists.length > 0) return true
  if (permission.kind !== 'everything' && isInRecords(permission.definition)) return true
  return query.clauses.some(({ declared, modifier }) => {
    if (modifier === 'not' || modifier === 'missing') return false
    return declared === 'id' || (typeof declared === 'object' && declared.stored === 'patient')
  })
}

function narrowingOf({ grant }: SystemCall, { patient }: Place, branches: readonly Branch[], query: Query): Narrowing {
  const list = query.lists.length > 0 ? definitionOf('List') : undefined
  const permission = list && permit(grant, list, 'read')
  const lists = permission ? query.lists.map(id => ({ id, permission })) : []
  const narrowing = { patient, words: query.words, lists }
  if (query.words.length > 0 && !branches.every(branch => isBounded(branch, narrowing)))
    throw invalid(
      '_text and _content are looked for in the resources of one patient, of a list, or by _id: name one of these too',
      undefined,
      'too-costly',
    )
  return narrowing
}

/** What a search finds, as far as it is shown. @throws FhirError 400 when the includes reach too many resources */
async function foundBy({ server, db }: SystemCall, search: Search) {
  const [{ query, permission }] = search.branches
  if (query.summary === 'count' || query.count === 0)
    return { matches: [], included: [], joined: undefined, total: await count(db, search), next: undefined }
  if (isWhole(query) && isList(search)) {
    const { type } = permission.definition
    const { entries, total, next } = await findList(db, search, matchEntry(server.base, type))
    return { matches: [], included: [], joined: { type, entries }, total, next }
  }
  const { matches, included, total, next, reachesTooMany } = await findPage(db, search)
  if (reachesTooMany)
    throw invalid('The includes reach too many resources: ask for fewer with _count', undefined, 'too-costly')
  const { maxDepth } = server
  return {
    matches: cut(matches, query, maxDepth),
    included: cut(included, query, maxDepth),
    joined: undefined,
    total,
    next,
  }
}

async function answer(
  call: SystemCall,
  place: Place,
  page: Page,
  branches: readonly [Branch, ...Branch[]],
  { used, ignored }: Pick<Query, 'used' | 'ignored'>,
): Promise<Answer> {
  const { server, grant, requestId, now } = call
  const [{ query }] = branches
  checkResults(query)
  const { path, interaction } = place
  const searched = branches.map(({ permission }) => permission.definition)
  const what = `${path}${used.length > 0 ? `?${encode(used)}` : ''}`
  const search: Search = {
    branches,
    narrowing: narrowingOf(call, place, branches, query),
    cursor: page.cursor,
    includes: includesOf(grant, searched, query.includes),
    access: { grant, requestId, interaction, what },
    now,
  }
  const { matches, included, joined, total, next } = await foundBy(call, search)
  const body = searchset(server.base, {
    matches,
    included,
    joined,
    total,
    warnings: ignoredWarnings(ignored),
    links: linksOf(call, path, used, page.followed, next),
    updated: now,
  })
  return { status: 200, headers: {}, body }
}

async function searchOne(call: Call, place: Place): Promise<Answer> {
  const { server, grant, definition, conditions } = call
  const permission = permit(grant, definition, 'search-type')
  const page = pageOf(call, place.path)
  const lenient = isLenient(conditions.prefer)
  const query = parseQuery(page.params, searchableOf(definition, server.base), { lenient })
  return await answer(call, place, page, [{ permission, query }], query)
}

async function searchSeveral(call: SystemCall, place: Place, among: readonly Definition[]): Promise<Answer> {
  const page = pageOf(call, place.path)
  const { types, params } = typesOf(call, page.params, among)
  const lenient = isLenient(call.conditions.prefer)
  const { branches, used, ignored } = branchesOf(call, types, params, lenient)
  const asked = page.params.filter(([name]) => name === '_type')
  return await answer(call, place, page, branches, { used: [...asked, ...used], ignored })
}

/**
 * A search of one type, https://hl7.org/fhir/R4/http.html#search
 * @throws FhirError 400 for what is not understood, 403 out of scope
 */
export const searchType = (call: Call): Promise<Answer> =>
  searchOne(call, { path: call.definition.type, interaction: 'search-type' })

/** The types whose resources are searched together: those that the grant may search. */
const searchable = ({ grant }: SystemCall): Definition[] =>
  [...definitions.values()].filter(definition => allows(grant, definition, 'search-type'))

/**
 * A search of several types by what they have in common, https://hl7.org/fhir/R4/http.html#vsearch
 * @throws FhirError 400 for what is not understood, 403 out of scope
 */
export const searchSystem = (call: SystemCall): Promise<Answer> =>
  searchSeveral(call, { path: '', interaction: 'search-system' }, searchable(call))

/** The types that belong to patients, which the compartment of one can hold. */
export const compartmentTypes = (): Definition[] => [...definitions.values()].filter(isInRecords)

/**
 * A search in a patient's compartment, of one type or with `*` of all: https://hl7.org/fhir/R4/http.html#vsearch. In it is
 * what is hers, and what nobody else's app would be shown as well.
 * @throws FhirError 404 for a type that is in no patient's compartment, else as the other searches
 */
export function searchCompartment(call: SystemCall, patient: string, type: string): Promise<Answer> {
  const place = { path: `Patient/${patient}/${type}`, patient }
  if (type === '*')
    return searchSeveral(call, { ...place, interaction: 'search-system' }, searchable(call).filter(isInRecords))
  const definition = definitionOf(type)
  if (!definition || !isInRecords(definition))
    throw notFound(
      `"${type.slice(0, 60)}" is nothing of a patient's compartment. In it are: ${compartmentTypes()
        .map(each => each.type)
        .join(', ')}`,
    )
  return searchOne({ ...call, definition }, { ...place, interaction: 'search-type' })
}
