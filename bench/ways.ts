import { datesOf, quantitiesOf, referencesOf, stringsOf, tokensOf } from '../src/fhir/extract.ts'
import type { SearchParam } from '../src/fhir/search.ts'
import type { Json } from '../src/fhir/types.ts'
import { definitions } from '../src/resources/index.ts'

// Every way in which an app may search one patient's resources of a type, with the values that a record has. What is
// declared of the types says which ways there are.

/** One search, and which sort of search it is. */
export type Way = { readonly type: string; readonly sort: string; readonly search: string }

/** A resource of each type that is in a patient's record, as it is, and what its copies' identifiers end with. */
export type Known = { readonly patient: string; readonly resources: ReadonlyMap<string, Json>; readonly copy: string }

const EVER = '_lastUpdated=gt2000-01-01'
const dayOf = (milliseconds: number): string => new Date(milliseconds).toISOString().slice(0, 10)

type Value = (type: string, param: string, resource: Json) => string | undefined

/** What a resource is found by, for each type of parameter. */
const VALUES: Readonly<Partial<Record<SearchParam['type'], Value>>> = {
  token: (type, param, resource) => {
    const [token] = tokensOf(type, param, resource)
    return token?.code === undefined
      ? undefined
      : `${token.system === undefined ? '' : `${token.system}|`}${token.code}`
  },
  reference: (type, param, resource) => {
    const [found] = referencesOf(type, param, resource)
    return found?.type === undefined ? undefined : `${found.type}/${found.id}`
  },
  date: (type, param, resource) => {
    const [span] = datesOf(type, param, resource)
    return span && Number.isFinite(span.lo) ? `ge${dayOf(span.lo)}` : undefined
  },
  string: (type, param, resource) => stringsOf(type, param, resource)[0]?.slice(0, 4),
  quantity: (type, param, resource) => {
    const [quantity] = quantitiesOf(type, param, resource)
    return quantity && `ge${quantity.value}`
  },
}

type Found = { readonly param: string; readonly declared: SearchParam; readonly value: string }

/** The parameters by which a resource is found, each with a value of its own. */
function valuesOf(type: string, resource: Json, copy: string): Found[] {
  const search = definitions.get(type)?.search ?? {}
  return Object.entries(search).flatMap(([param, declared]) => {
    const parts = declared.stored === 'either' ? (declared.of ?? []) : [param]
    const value = parts.map(part => VALUES[declared.type]?.(type, part, resource)).find(each => each !== undefined)
    if (value === undefined || declared.stored === 'patient') return []
    return [{ param, declared, value: param === 'identifier' ? value + copy : value }]
  })
}

const escaped = ({ value }: Found): string => encodeURIComponent(value.replace(/[\\,$]/g, '\\$&'))

/** Those who name a type, by the parameters of which a record has a value. */
function naming(type: string, { resources }: Known): string[] {
  return [...resources].flatMap(([other, resource]) =>
    valuesOf(other, resource, '').flatMap(({ param, declared, value }) =>
      declared.type === 'reference' && value.startsWith(`${type}/`) ? [`${other}:${param}`] : [],
    ),
  )
}

function waysOf(type: string, resource: Json, known: Known): Way[] {
  const hers = type === 'Patient' ? `_id=${known.patient}` : `patient=${known.patient}`
  const found = valuesOf(type, resource, known.copy)
  const way = (sort: string, ...more: string[]): Way => ({ type, sort, search: `${type}?${[hers, ...more].join('&')}` })
  const sortable = found.filter(({ declared }) => declared.type !== 'composite')
  const references = found.filter(({ declared }) => declared.type === 'reference')
  return [
    way('a list'),
    { type, sort: 'a list', search: `Patient/${known.patient}/${type}` },
    way('a number', '_summary=count'),
    way('a number', '_count=10', '_total=accurate'),
    ...found.map(each => way('one condition', `${each.param}=${escaped(each)}`)),
    ...found.flatMap(each =>
      each.declared.type === 'token' ? [way(':not', `${each.param}:not=${escaped(each)}`)] : [],
    ),
    ...sortable.map(({ param }) => way('an order', `_sort=-${param}`, '_count=10')),
    ...references.map(({ param, value }) => way('a chain', `${param}:${value.split('/')[0]}.${EVER}`)),
    ...naming(type, known).map(each => way('_has', `_has:${each}:${EVER}`)),
    ...references.map(({ param }) => way('an include', `_include=${type}:${param}`, '_count=5')),
    ...naming(type, known).map(each => way('an include', `_revinclude=${each}`, '_count=5')),
  ]
}

/** Every search of a patient's record. */
export const waysIn = (known: Known): Way[] =>
  [...known.resources].flatMap(([type, resource]) => waysOf(type, resource, known))

/** What the searches of one sort read, over the types and the patients who were asked about. */
export type Sorted = {
  readonly sort: string
  readonly ways: number
  readonly held: number
  readonly most: number
  readonly by: string
}

/** The pages that a search has read. */
export type Read = { readonly way: Way; readonly pages: number }

/** How many of the searches of each sort read no more than so many pages, and which reads most. */
export function sorted(read: readonly Read[], limit: number): Sorted[] {
  const sorts = [...new Set(read.map(({ way }) => way.sort))]
  return sorts.map(sort => {
    const own = read.filter(({ way }) => way.sort === sort)
    const worst = own.reduce((a, b) => (b.pages > a.pages ? b : a))
    return {
      sort,
      ways: own.length,
      held: own.filter(({ pages }) => pages <= limit).length,
      most: worst.pages,
      by: worst.way.search,
    }
  })
}
