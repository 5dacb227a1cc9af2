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
  /** Whether there was nothing before it. */
  readonly isNew: boolean
  readonly content: string | undefined
}

/** The links of a Bundle, by relation. */
export type Links = { readonly self: string; readonly first?: string; readonly next?: string }

const STATUS: Readonly<Record<string, string>> = { POST: '201 Created', PUT: '200 OK', DELETE: '204 No Content' }

const linksText = (links: Links): string =>
  JSON.stringify(Object.entries(links).map(([relation, url]) => ({ relation, url })))

/** What stands around the id and the text of each match of a type in the Bundle of a search. */
export type MatchEntry = { readonly before: string; readonly between: string; readonly after: string }

export const matchEntry = (base: string, type: string): MatchEntry => ({
  before: `{"fullUrl":"${base}/${type}/`,
  between: '","resource":',
  after: ',"search":{"mode":"match"}}',
})

/** Pieces of text one after the other, in UTF-8: put together as a string first, a long answer would be copied four times. */
function encoded(pieces: readonly string[]): Buffer {
  let length = 0
  for (const piece of pieces) length += Buffer.byteLength(piece)
  const bytes = Buffer.allocUnsafe(length)
  let at = 0
  for (const piece of pieces) at += bytes.write(piece, at)
  return bytes
}

export type Searchset = {
  readonly matches: readonly Text[]
  /** Matches of one type that were put together before: what stands between the first `before` and the last `after`. */
  readonly joined?: { readonly type: string; readonly entries: string } | undefined
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
export function searchset(base: string, set: Searchset): Buffer {
  const { matches, joined, included, total, warnings, links, updated } = set
  const totalText = total === undefined ? '' : `"total":${total},`
  const head = `{"resourceType":"Bundle","meta":{"lastUpdated":"${updated.toISOString()}"},"type":"searchset",${totalText}"link":${linksText(links)}`
  const pieces: string[] = []
  let before = `${head},"entry":[`
  const add = (start: string, content: string, end: string) => {
    pieces.push(before + start, content)
    before = `${end},`
  }
  if (joined?.entries) {
    const around = matchEntry(base, joined.type)
    add(around.before, joined.entries, around.after)
  }
  for (const { type, id, content } of matches) {
    const around = matchEntry(base, type)
    add(`${around.before}${id}${around.between}`, content, around.after)
  }
  const seen = new Set<string>()
  for (const { type, id, content } of included) {
    const name = `${type}/${id}`
    if (!seen.has(name)) add(`{"fullUrl":"${base}/${name}","resource":`, content, ',"search":{"mode":"include"}}')
    seen.add(name)
  }
  if (warnings.length > 0) add('{"resource":', JSON.stringify(outcome(warnings)), ',"search":{"mode":"outcome"}}')
  pieces.push(pieces.length > 0 ? `${before.slice(0, -1)}]}` : `${head}}`)
  return encoded(pieces)
}

export type History = {
  readonly versions: readonly VersionText[]
  readonly total: number | undefined
  readonly links: Links
}

/** The Bundle of versions of one or many resources, newest first. https://hl7.org/fhir/R4/http.html#history */
export function historyBundle(base: string, { versions, total, links }: History): string {
  const entries = versions.map(({ type, id, version, updated, method, isNew, content }) => {
    const path = `${type}/${id}`
    const status = method === 'PUT' && isNew ? STATUS.POST : STATUS[method]
    const request = `{"method":"${method}","url":"${method === 'POST' ? type : path}"}`
    const response = `{"status":"${status}","etag":"W/\\"${version}\\"","lastModified":"${updated.toISOString()}"}`
    const resource = content === undefined ? '' : `"resource":${content},`
    return `{"fullUrl":"${base}/${path}",${resource}"request":${request},"response":${response}}`
  })
  const entryList = entries.length > 0 ? `,"entry":[${entries.join(',')}]` : ''
  const totalText = total === undefined ? '' : `"total":${total},`
  return `{"resourceType":"Bundle","type":"history",${totalText}"link":${linksText(links)}${entryList}}`
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
