import type { FastifyRequest } from 'fastify'
import { FhirError, invalid, unsupportedMedia } from '../fhir/outcome.ts'
import { JSON_PATCH } from '../fhir/patch.ts'
import { type MediaType, parseMediaType, parseMediaTypes } from './media-type.ts'

/** The media type of FHIR's JSON, https://hl7.org/fhir/R4/http.html#mime-type */
export const FHIR_JSON = 'application/fhir+json'

/** What may be sent as a resource; parameters that say nothing of FHIR's version are passed over. */
export const JSON_TYPES = [FHIR_JSON, 'application/json', 'text/json']

/** The media type of the parameters of a search by POST, https://hl7.org/fhir/R4/http.html#search */
export const FORM = 'application/x-www-form-urlencoded'

const RANGES = ['*/*', 'application/*', 'text/*']
const VERSIONS = ['4.0', '4.0.0', '4.0.1']

/** Whether `fhirVersion`, if it is there, is the one of this server. https://hl7.org/fhir/R4/http.html#version-parameter */
const isOurVersion = ({ parameters }: MediaType): boolean => VERSIONS.includes(parameters.get('fhirversion') ?? '4.0')

const notAcceptable = (wanted: string) =>
  new FhirError(406, [
    {
      severity: 'error',
      code: 'not-supported',
      text: `Only JSON is served (${FHIR_JSON}, FHIR 4.0), not "${wanted.slice(0, 60)}"`,
    },
  ])

/** Whether the body is the form of a search. */
export const isForm = ({ headers }: FastifyRequest): boolean =>
  headers['content-type'] !== undefined && parseMediaType(headers['content-type']).type === FORM

/** A parameter that is not part of what is asked for: of the URL, or of the form of a search. */
function generalOf(request: FastifyRequest, name: '_format' | '_pretty'): string | undefined {
  const query = (request.query ?? {}) as Record<string, string | string[] | undefined>
  const given = query[name]
  const value = Array.isArray(given) ? given[0] : given
  if (value !== undefined || typeof request.body !== 'string' || !isForm(request)) return value
  return new URLSearchParams(request.body).get(name) ?? undefined
}

/** The media type that `_format` asks for, if it is there: a plus sign may have become a space on the way. */
export function formatOf(request: FastifyRequest): MediaType | undefined {
  const value = generalOf(request, '_format')
  if (value === undefined) return undefined
  const wanted = parseMediaType(value.trim().replaceAll(' ', '+').replaceAll(';+', ';'))
  return wanted.type === 'json' ? { ...wanted, type: FHIR_JSON } : wanted
}

/** @throws FhirError 400 when `_pretty` is neither, https://hl7.org/fhir/R4/http.html#pretty */
function checkPretty(request: FastifyRequest): void {
  const pretty = generalOf(request, '_pretty')
  if (pretty !== undefined && pretty !== 'true' && pretty !== 'false')
    throw invalid(`_pretty is true or false, not "${pretty.slice(0, 40)}"`, undefined, 'value')
}

function negotiateFormat(wanted: MediaType): string {
  if (!JSON_TYPES.includes(wanted.type) || !isOurVersion(wanted)) throw notAcceptable(wanted.type)
  return wanted.type
}

/**
 * The media type to answer with: `_format` before `Accept`, https://hl7.org/fhir/R4/http.html#parameters
 * @throws FhirError 406 when the client takes no JSON, or another version of FHIR; 400 for what is no `_pretty`
 */
export function negotiate(request: FastifyRequest): string {
  checkPretty(request)
  const format = formatOf(request)
  if (format) return negotiateFormat(format)
  const { accept } = request.headers
  if (accept === undefined || accept === FHIR_JSON || accept === '*/*') return FHIR_JSON
  const types = parseMediaTypes(accept)
  if (types.length === 0) return FHIR_JSON
  const taken = types.filter(
    each => each.quality > 0 && (RANGES.includes(each.type) || (JSON_TYPES.includes(each.type) && isOurVersion(each))),
  )
  const best = Math.max(...taken.map(({ quality }) => quality))
  const found = taken.filter(({ quality }) => quality === best).map(({ type }) => type)
  const [first] = found
  if (first === undefined) throw notAcceptable(accept)
  return found.includes(FHIR_JSON) || RANGES.includes(first) ? FHIR_JSON : first
}

/**
 * Refuses a body that is compressed: what would be stored of it is not what was meant.
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.4
 * @throws FhirError 415
 */
export function checkEncoding({ headers }: FastifyRequest): void {
  const { 'content-encoding': encoding = 'identity' } = headers
  if (encoding.trim().toLowerCase() === 'identity') return
  const text = `The body must not be encoded as ${encoding.slice(0, 40)}`
  throw new FhirError(415, [{ severity: 'error', code: 'not-supported', text }], {
    headers: { 'accept-encoding': 'identity' },
  })
}

/**
 * Refuses a body that is not what its media type promises here: another charset, another FHIR, compressed, or a patch
 * where none is possible.
 * @throws FhirError 415
 */
export function checkContentType(request: FastifyRequest): void {
  const { headers, method } = request
  const sent = parseMediaType(headers['content-type'] ?? '')
  checkEncoding(request)
  const charset = sent.parameters.get('charset') ?? 'utf-8'
  if (!/^utf-?8$/i.test(charset)) throw unsupportedMedia(`The body must be UTF-8, not ${charset.slice(0, 40)}`)
  if (!isOurVersion(sent))
    throw unsupportedMedia(`The body must be FHIR 4.0, not ${sent.parameters.get('fhirversion')?.slice(0, 40)}`)
  if (sent.type === JSON_PATCH && method !== 'PATCH')
    throw unsupportedMedia(`The body must be ${FHIR_JSON}; ${JSON_PATCH} is for PATCH`)
}

/** Whether the answer is wanted in lines, https://hl7.org/fhir/R4/http.html#pretty */
export const isPretty = ({ url, body }: FastifyRequest): boolean =>
  PRETTY.test(url) || (typeof body === 'string' && PRETTY.test(`?${body}`))

const PRETTY = /[?&]_pretty=true(?:&|$)/

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
