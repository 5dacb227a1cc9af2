/** A resource that goes into a Bundle as the text that it is stored as. */
type Text = { readonly type: string; readonly id: string; readonly content: string }

type Links = { readonly self: string; readonly next?: string }

/** What stands in a searchset before its entries. */
export type Head = { readonly updated: Date; readonly total?: number | undefined; readonly links: Links }

/**
 * A searchset that is sent part by part, so that its first byte does not wait for its last: the stored texts are put in
 * place as they come, never parsed. FHIR has no empty arrays, so `entry` begins with the first one.
 * https://hl7.org/fhir/R4/bundle.html#searchset
 */
export async function* searchsetParts(
  base: string,
  { updated, total, links }: Head,
  pages: AsyncIterable<readonly (Text & { readonly mode: 'match' | 'include' })[]>,
): AsyncGenerator<string> {
  const link = Object.entries(links).map(([relation, url]) => ({ relation, url }))
  const totalText = total === undefined ? '' : `"total":${total},`
  yield `{"resourceType":"Bundle","meta":{"lastUpdated":"${updated.toISOString()}"},"type":"searchset",${totalText}"link":${JSON.stringify(link)}`
  let separator = ',"entry":['
  for await (const page of pages) {
    let text = ''
    for (const { type, id, content, mode } of page) {
      text += `${separator}{"fullUrl":"${base}/${type}/${id}","resource":${content},"search":{"mode":"${mode}"}}`
      separator = ','
    }
    if (text !== '') yield text
  }
  yield separator === ',' ? ']}' : '}'
}
