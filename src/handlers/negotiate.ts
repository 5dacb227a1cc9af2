import type { FastifyRequest } from 'fastify'
import { FhirError, invalid } from '../fhir/outcome.ts'

/** The media type of FHIR's JSON, https://hl7.org/fhir/R4/http.html#mime-type */
export const FHIR_JSON = 'application/fhir+json'

/** What may be sent as a resource; parameters such as `fhirVersion` are passed over. */
export const JSON_TYPES = [FHIR_JSON, 'application/json', 'text/json']

const ACCEPTED = new Set([...JSON_TYPES, '*/*', 'application/*', 'text/*'])
const FORMATS = new Set([...JSON_TYPES, 'json'])

const mediaTypes = (accept: string): string[] =>
  accept.split(',').map(part => (part.split(';')[0] ?? '').trim().toLowerCase())

/**
 * The media type to answer with: `_format` before `Accept`, https://hl7.org/fhir/R4/http.html#parameters
 * @throws FhirError 406 when the client takes no JSON
 */
export function negotiate(request: FastifyRequest): string {
  const { _format: format } = (request.query ?? {}) as { _format?: string | string[] }
  if (format !== undefined) {
    const wanted = String(format).split(';')[0]?.trim().replaceAll(' ', '+') ?? ''
    if (!FORMATS.has(wanted)) throw notAcceptable(wanted)
    return wanted === 'json' ? FHIR_JSON : wanted
  }
  const { accept } = request.headers
  if (accept === undefined || accept === FHIR_JSON || accept === '*/*') return FHIR_JSON
  const types = mediaTypes(accept).filter(Boolean)
  if (types.length === 0 || types.includes(FHIR_JSON)) return FHIR_JSON
  const found = types.find(type => ACCEPTED.has(type))
  if (found === undefined) throw notAcceptable(accept)
  return found.includes('*') ? FHIR_JSON : found
}

const notAcceptable = (wanted: string) =>
  new FhirError(406, [
    {
      severity: 'error',
      code: 'not-supported',
      text: `Only JSON is served (${FHIR_JSON}), not "${wanted.slice(0, 60)}"`,
    },
  ])

/** The query string as pairs, in order and with repetitions, which a search needs. @throws FhirError 400 */
export function queryPairs(url: string): [string, string][] {
  const mark = url.indexOf('?')
  return mark < 0 ? [] : formPairs(url.slice(mark + 1))
}

/** A form or query string as pairs. @throws FhirError 400 when its escapes are broken */
export function formPairs(text: string): [string, string][] {
  const pairs: [string, string][] = []
  for (const part of text.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    try {
      const decode = (piece: string) => decodeURIComponent(piece.replaceAll('+', ' '))
      pairs.push(equals < 0 ? [decode(part), ''] : [decode(part.slice(0, equals)), decode(part.slice(equals + 1))])
    } catch {
      // decodeURIComponent says only that it failed.
      throw invalid(`The query has a broken escape near "${part.slice(0, 40)}": % is written as %25`)
    }
  }
  return pairs
}
