import type { Grant } from '../../access/grant.ts'
import { invalid } from '../../fhir/outcome.ts'
import type { Server } from '../call.ts'
import type { Called, NamedOperation } from './operation.ts'

type Pairs = readonly (readonly [string, string])[]

/** Where a page begins, and the parameters that it goes on with. */
export type Continued = { readonly pairs: Pairs; readonly cursor?: readonly string[] }

/** What a request asks for: its own parameters, or those that a page link carries. @throws FhirError 400 */
export function continued(
  { pages }: NamedOperation,
  pairs: Pairs,
  path: string,
  { links }: Server,
  grant: Grant,
): Continued {
  const sealed = pages ? pairs.find(([name]) => name === '_page')?.[1] : undefined
  if (sealed === undefined) return { pairs }
  if (pairs.some(([name]) => name !== '_page' && name !== '_format' && name !== '_pretty'))
    throw invalid('_page stands alone: it carries the whole request')
  const { params, cursor } = links.open(sealed, path, grant)
  return { pairs: params, cursor }
}

const encode = (pairs: Pairs): string =>
  pairs
    .map(([name, value]) => `${encodeURIComponent(name).replaceAll('%3A', ':')}=${encodeURIComponent(value)}`)
    .join('&')

/** The operation with the parameters that it was given, as a URL below the base and as the audit record keeps it. */
export function whatOf({ path, input }: Called): string {
  const query = encode(input.pairs)
  return query === '' ? path : `${path}?${query}`
}

/** The links of a page: what was asked, and where it goes on. */
export function linksOf(called: Called, cursor: readonly string[] | undefined): { self: string; next?: string } {
  const { server, grant, path, input } = called
  const self = `${server.base}/${whatOf(called)}`
  if (!cursor) return { self }
  const sealed = server.links.seal({ type: path, params: input.pairs, cursor }, grant)
  return { self, next: `${server.base}/${path}?_page=${sealed}` }
}
