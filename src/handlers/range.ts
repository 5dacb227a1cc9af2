import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import { FhirError } from '../fhir/outcome.ts'

/** A part of some content: the first byte and the last one. */
export type Range = { readonly first: number; readonly last: number }

/** Whether the content is still the one that the client has the other parts of: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5 */
function isSame(condition: string | string[] | undefined, reply: FastifyReply): boolean {
  // Our tags are weak ones, which If-Range never matches.
  return condition === undefined || condition === reply.getHeader('last-modified')
}

/**
 * The part that `Range` asks for; nothing for the whole, or for what need not be understood (several parts, other units).
 * https://www.rfc-editor.org/rfc/rfc9110#section-14.2
 * @throws FhirError 416 when it lies beyond the end
 */
export function rangeOf(headers: IncomingHttpHeaders, reply: FastifyReply, length: number): Range | undefined {
  const { range, 'if-range': condition } = headers
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range?.trim() ?? '') ?? []
  if (from + to === '' || !isSame(condition, reply)) return undefined
  const first = from === '' ? Math.max(length - Number(to), 0) : Number(from)
  const last = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  if (first >= length || last < first)
    throw new FhirError(
      416,
      [{ severity: 'error', code: 'value', text: `The content has ${length} bytes; the range lies beyond them` }],
      { headers: { 'content-range': `bytes */${length}` } },
    )
  return { first, last }
}
