import type { Links } from '../fhir/bundle.ts'
import { invalid } from '../fhir/outcome.ts'
import type { Cursor } from '../store/search.ts'
import type { Call } from './call.ts'

type Params = Call['params']

/** A request, as far as its pages depend on it. */
type Asked = Pick<Call, 'server' | 'grant' | 'params'>

/** The parameters of a request, whether they stand in it or in the page link that it follows. */
export type Page = {
  readonly params: Params
  readonly cursor: Cursor | undefined
  /** The query of the page link that was followed. */
  readonly followed: string | undefined
}

const FORMATS = ['_format', '_pretty']

/** The value of a page link, and another size of the pages that may stand beside it: some clients add one to each link. */
export type Followed = { readonly sealed: string; readonly size: Params }

/**
 * The page link that a request follows, if it does.
 * @throws FhirError 400 when it asks for anything else besides
 */
export function followedOf(params: Params): Followed | undefined {
  const sealed = params.find(([name]) => name === '_page')?.[1]
  if (sealed === undefined) return undefined
  const besides = params.filter(([name]) => name !== '_page' && !FORMATS.includes(name))
  const other = besides.find(([name]) => name !== '_count')
  if (other)
    throw invalid(
      `_page carries the whole request: only _count may stand beside it, not "${other[0].slice(0, 60)}"`,
    ).about('_page')
  return { sealed, size: besides }
}

/** The parameters that a page link carries, with the other size of the pages where there is one. */
export const resized = (carried: Params, { size }: Followed): Params =>
  size.length === 0 ? carried : [...carried.filter(([name]) => name !== '_count'), ...size]

/**
 * The parameters that a request for what is below `path` really asks for: its own, or those that a page link carries.
 * @throws FhirError 400 when it has both, or a link that was made for something or somebody else
 */
export function pageOf({ server, grant, params }: Asked, path: string): Page {
  const followed = followedOf(params)
  if (!followed) return { params, cursor: undefined, followed }
  const { params: carried, cursor, included } = server.links.open(followed.sealed, path, grant)
  return {
    // What goes on with the includes of a page is about the matches of that page: it cannot have more or fewer.
    params: included ? carried : resized(carried, followed),
    cursor: { after: cursor.length > 0 ? cursor : undefined, ...(included ? { included } : {}) },
    followed: encode([['_page', followed.sealed], ...followed.size]),
  }
}

/** Parameters as a query string. */
export const encode = (params: Params): string =>
  params
    .map(([name, value]) => `${encodeURIComponent(name).replaceAll('%3A', ':')}=${encodeURIComponent(value)}`)
    .join('&')

/**
 * The links of a page (https://hl7.org/fhir/R4/http.html#paging): `self` says what was used and nothing else; who has
 * followed a link finds the way to the first page. There is no way back: what comes before may have changed.
 */
export function linksOf(
  { server, grant }: Asked,
  path: string,
  used: Params,
  followed: string | undefined,
  next: Cursor | undefined,
): Links {
  const url = [server.base, path].filter(Boolean).join('/')
  const first = used.length > 0 ? `${url}?${encode(used)}` : url
  const self = followed === undefined ? first : `${url}?${followed}`
  if (next === undefined) return followed === undefined ? { self } : { self, first }
  const { after = [], included } = next
  const continuation = { type: path, params: used, cursor: after, ...(included ? { included } : {}) }
  return { self, first, next: `${url}?_page=${server.links.seal(continuation, grant)}` }
}
