import type { Grant } from '../../access/grant.ts'
import type { Server } from '../call.ts'
import { encode, followedOf, resized } from '../paging.ts'
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
  const followed = pages ? followedOf(pairs) : undefined
  if (!followed) return { pairs }
  const { params, cursor } = links.open(followed.sealed, path, grant)
  return { pairs: resized(params, followed), cursor }
}

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
