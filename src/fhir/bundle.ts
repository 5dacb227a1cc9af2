import { type Issue, outcome } from './outcome.ts'

/** A resource that goes into a Bundle as the text that it is stored as. */
type Text = { readonly type: string; readonly id: string; readonly content: string }

/** A version in a history; without content it says "deleted". */
type VersionText = {
  readonly type: string
  readonly id: string
  readonly version: number
  readonly updated: Date
  readonly method: string
  readonly content: string | undefined
}

/** The links of a Bundle, by relation. */
export type Links = { readonly self: string; readonly first?: string; readonly next?: string }

const STATUS: Readonly<Record<string, string>> = { POST: '201 Created', PUT: '200 OK', DELETE: '204 No Content' }

const linksText = (links: Links): string =>
  JSON.stringify(Object.entries(links).map(([relation, url]) => ({ relation, url })))

const entryText = (base: string, { type, id, content }: Text, mode: 'match' | 'include'): string =>
  `{"fullUrl":"${base}/${type}/${id}","resource":${content},"search":{"mode":"${mode}"}}`

export type Searchset = {
  readonly matches: readonly Text[]
  readonly included: readonly Text[]
  readonly total: number | undefined
  /** What the client should know about how it was searched: parameters that were ignored. */
  readonly warnings: readonly Issue[]
  readonly links: Links
  readonly updated: Date
}

/**
 * The Bundle of a search as text: the stored text of each resource is put in place, never parsed.
 * https://hl7.org/fhir/R4/search.html#response. FHIR has no empty arrays: without entries there is no `entry`.
 */
export function searchset(base: string, { matches, included, total, warnings, links, updated }: Searchset): string {
  const entries = matches.map(match => entryText(base, match, 'match'))
  const seen = new Set<string>()
  for (const resource of included) {
    const name = `${resource.type}/${resource.id}`
    if (!seen.has(name)) entries.push(entryText(base, resource, 'include'))
    seen.add(name)
  }
  if (warnings.length > 0) entries.push(`{"resource":${JSON.stringify(outcome(warnings))},"search":{"mode":"outcome"}}`)
  const totalText = total === undefined ? '' : `"total":${total},`
  const entryList = entries.length > 0 ? `,"entry":[${entries.join(',')}]` : ''
  return `{"resourceType":"Bundle","meta":{"lastUpdated":"${updated.toISOString()}"},"type":"searchset",${totalText}"link":${linksText(links)}${entryList}}`
}

/** The Bundle of versions of one or many resources, newest first. https://hl7.org/fhir/R4/http.html#history */
export function historyBundle(base: string, versions: readonly VersionText[], links: Links): string {
  const entries = versions.map(({ type, id, version, updated, method, content }) => {
    const path = `${type}/${id}`
    const status = method === 'PUT' && version === 1 ? '201 Created' : STATUS[method]
    const request = `{"method":"${method}","url":"${method === 'POST' ? type : path}"}`
    const response = `{"status":"${status}","etag":"W/\\"${version}\\"","lastModified":"${updated.toISOString()}"}`
    const resource = content === undefined ? '' : `"resource":${content},`
    return `{"fullUrl":"${base}/${path}",${resource}"request":${request},"response":${response}}`
  })
  const entryList = entries.length > 0 ? `,"entry":[${entries.join(',')}]` : ''
  return `{"resourceType":"Bundle","type":"history","link":${linksText(links)}${entryList}}`
}

/** One entry of the answer to a batch or transaction. https://hl7.org/fhir/R4/bundle.html#transaction */
export type ResponseEntry = {
  readonly status: string
  readonly location?: string
  readonly etag?: string
  readonly lastModified?: string
  /** The resource as text, for reads and for `Prefer: return=representation`. */
  readonly content?: string
  readonly issues?: readonly Issue[]
}

/** The answer to a batch or transaction, its entries in the order of the request. */
export function responseBundle(
  type: 'batch-response' | 'transaction-response',
  entries: readonly ResponseEntry[],
): string {
  const texts = entries.map(({ status, location, etag, lastModified, content, issues }) => {
    const response = JSON.stringify({
      status,
      location,
      etag,
      lastModified,
      ...(issues ? { outcome: outcome(issues) } : {}),
    })
    return `{${content === undefined ? '' : `"resource":${content},`}"response":${response}}`
  })
  const entryList = texts.length > 0 ? `,"entry":[${texts.join(',')}]` : ''
  return `{"resourceType":"Bundle","type":"${type}"${entryList}}`
}
