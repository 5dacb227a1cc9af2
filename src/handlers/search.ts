import { allows, permit } from '../access/permit.ts'
import { searchset } from '../fhir/bundle.ts'
import { parseJson, stringifyJson } from '../fhir/json.ts'
import { FhirError, type Issue, invalid } from '../fhir/outcome.ts'
import { parseQuery, type Query } from '../fhir/query.ts'
import type { Json } from '../fhir/types.ts'
import { definitionOf } from '../resources/index.ts'
import { type Included, MOST_INCLUDED } from '../store/include.ts'
import { count, type Found, findPage } from '../store/search.ts'
import { type Answer, type Call, isLenient } from './call.ts'
import { searchableOf, targetsOf } from './searchable.ts'

/** The includes on each type of candidate; a type that the grant may not read brings nothing along. */
function includesOf({ grant, definition }: Call, query: Query): Included[] {
  return query.includes.flatMap(({ reverse, source, param, target }) => {
    const targets = targetsOf(source, param).filter(type => target === undefined || type === target)
    if (reverse && !targets.includes(definition.type)) return []
    return (reverse ? [source] : targets).flatMap(type => {
      const candidate = definitionOf(type)
      if (!candidate || !allows(grant, candidate, 'read')) return []
      return [{ permission: permit(grant, candidate, 'read'), searched: definition.type, param, reverse }]
    })
  })
}

const MANDATORY = new Set(['resourceType', 'id', 'meta'])
const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }

/**
 * A resource with only some elements, marked as such: https://hl7.org/fhir/R4/search.html#elements. The one search that
 * has to take the stored text apart.
 */
function subset({ type, id, content }: Found, elements: readonly string[], depth: number): Found {
  const resource = parseJson(content, { depth }).value as Json
  const wanted = new Set(elements.map(element => element.replace(`${type}.`, '').split('.')[0] ?? ''))
  const kept = Object.entries(resource).filter(([name]) => MANDATORY.has(name) || wanted.has(name.replace(/^_/, '')))
  const meta = (resource.meta ?? {}) as { tag?: unknown[] }
  const marked = { ...Object.fromEntries(kept), meta: { ...meta, tag: [...(meta.tag ?? []), SUBSETTED] } }
  return { type, id, content: stringifyJson(marked) }
}

const isPage = (name: string): boolean => name === '_page'

/** The parameters that are searched with: those of the request, or those that a page link carries. */
function asked({ server, definition, grant, params }: Call): Pick<Call, 'params'> & { cursor?: readonly string[] } {
  const sealed = params.find(([name]) => isPage(name))?.[1]
  if (sealed === undefined) return { params }
  if (params.some(([name]) => !isPage(name) && name !== '_format' && name !== '_pretty'))
    throw invalid('_page stands alone: it carries the whole search')
  return server.links.open(sealed, definition.type, grant)
}

const encode = (params: Query['used']): string =>
  params
    .map(([name, value]) => `${encodeURIComponent(name).replaceAll('%3A', ':')}=${encodeURIComponent(value)}`)
    .join('&')

const ignoredWarnings = (query: Query): Issue[] =>
  query.ignored.map(name => ({
    severity: 'warning',
    code: 'not-supported',
    text: `The search parameter "${name.slice(0, 60)}" is not known and was ignored (handling=lenient)`,
  }))

/**
 * A search of one type, https://hl7.org/fhir/R4/http.html#search
 * @throws FhirError 400 for what is not understood, 403 out of scope
 */
export async function searchType(call: Call): Promise<Answer> {
  const { server, db, grant, definition, requestId, now, conditions } = call
  const permission = permit(grant, definition, 'search-type')
  const { params, cursor } = asked(call)
  const query = parseQuery(params, searchableOf(definition, server.base), { lenient: isLenient(conditions.prefer) })
  const used = encode(query.used)
  const access = { grant, requestId, interaction: 'search-type', what: `${definition.type}?${used}` }
  const search = { query, permission, cursor, includes: includesOf(call, query), access, now }
  const self = `${server.base}/${definition.type}${used ? `?${used}` : ''}`
  const shared = { warnings: ignoredWarnings(query), updated: now }
  if (query.summary === 'count' || query.count === 0) {
    const total = await count(db, search)
    return {
      status: 200,
      headers: {},
      body: searchset(server.base, { matches: [], included: [], total, links: { self }, ...shared }),
    }
  }
  const page = await findPage(db, search)
  if (page.included.length > MOST_INCLUDED)
    throw new FhirError(400, [
      {
        severity: 'error',
        code: 'too-costly',
        text: `The includes bring along more than ${MOST_INCLUDED} resources: ask for fewer with _count`,
      },
    ])
  const elements = query.elements
  const cut = (found: readonly Found[]) =>
    elements ? found.map(each => subset(each, elements, server.maxDepth)) : found
  const next =
    page.next &&
    `${server.base}/${definition.type}?_page=${server.links.seal({ type: definition.type, params: query.used, cursor: page.next }, grant)}`
  const body = searchset(server.base, {
    matches: cut(page.matches),
    included: cut(page.included),
    total: page.total,
    links: next ? { self, next } : { self },
    ...shared,
  })
  return { status: 200, headers: {}, body }
}
