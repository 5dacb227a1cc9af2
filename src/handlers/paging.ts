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
  /** The page link that was followed. */
  readonly sealed: string | undefined
}

const isPage = (name: string): boolean => name === '_page'

/**
 * The parameters that a request for what is below `path` really asks for: its own, or those that a page link carries.
 * @throws FhirError 400 when it has both, or a link that was made for something or somebody else
 */
export function pageOf({ server, grant, params }: Asked, path: string): Page {
  const sealed = params.find(([name]) => isPage(name))?.[1]
  if (sealed === undefined) return { params, cursor: undefined, sealed }
  if (params.some(([name]) => !isPage(name) && name !== '_format' && name !== '_pretty'))
    throw invalid('_page stands alone: it carries the whole search')
  const { params: carried, cursor, included } = server.links.open(sealed, path, grant)
  return {
    params: carried,
    cursor: { after: cursor.length > 0 ? cursor : undefined, ...(included ? { included } : {}) },
    sealed,
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
  sealed: string | undefined,
  next: Cursor | undefined,
): Links {
  const url = [server.base, path].filter(Boolean).join('/')
  const first = used.length > 0 ? `${url}?${encode(used)}` : url
  const page = (text: string) => `${url}?_page=${text}`
  const self = sealed === undefined ? first : page(sealed)
  if (next === undefined) return sealed === undefined ? { self } : { self, first }
  const { after = [], included } = next
  const continuation = { type: path, params: used, cursor: after, ...(included ? { included } : {}) }
  return { self, first, next: page(server.links.seal(continuation, grant)) }
}
