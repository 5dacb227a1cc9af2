import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { parseJson } from '../fhir/json.ts'
import { FhirError, unsupportedMedia } from '../fhir/outcome.ts'
import { parseReference } from '../fhir/reference.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import type { Server } from './call.ts'
import { type MediaType, parseMediaType, parseMediaTypes } from './media-type.ts'
import { FHIR_JSON, formatOf, JSON_TYPES, negotiate, queryPairs } from './negotiate.ts'
import type { OperationAnswer } from './operations/operation.ts'
import { type Range, rangeOf } from './range.ts'

// Documents that are sent and fetched as themselves: https://hl7.org/fhir/R4/binary.html#rest

const OCTETS = 'application/octet-stream'
const FHIR_XML = 'application/fhir+xml'
const MEDIA_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\w !#$&^.+/:;=,-]*"))*$/

/** What a browser may show in place: it holds no scripts, or is shown by a viewer that runs none. */
const SHOWN = new Set(['application/pdf', 'text/plain', 'image/png', 'image/jpeg', 'image/gif', 'image/webp'])

const EXTENSIONS: Readonly<Record<string, string>> = {
  'application/pdf': 'pdf',
  'text/plain': 'txt',
  'text/html': 'html',
  'text/rtf': 'rtf',
  'application/rtf': 'rtf',
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/tiff': 'tif',
  'application/msword': 'doc',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/xml': 'xml',
  'text/xml': 'xml',
}

/** How well a range of an Accept header fits: not at all, by any type, by the kind of type, or exactly. */
function fit(range: string, type: string): number {
  if (range === type) return 3
  if (range === `${type.split('/')[0]}/*`) return 2
  return range === '*/*' ? 1 : 0
}

function qualityOf(ranges: readonly MediaType[], type: string): number {
  const [best] = ranges
    .map(({ type: range, quality }) => ({ fits: fit(range, type), quality }))
    .filter(({ fits }) => fits > 0)
    .sort((a, b) => b.fits - a.fits)
  return best?.quality ?? 0
}

/** Whether a part of the resource is asked for, of which the content itself may be none: that is sent as FHIR's JSON. */
const isPartAsked = ({ url }: FastifyRequest): boolean =>
  queryPairs(url).some(([name, value]) => name === '_elements' || (name === '_summary' && value !== 'false'))

/** Whether the content itself is asked for, or anything that is not named as FHIR's JSON. */
function isNativeAsked(request: FastifyRequest, contentType: string): boolean {
  if (isPartAsked(request)) return false
  const format = formatOf(request)
  if (format) return format.type === contentType && !JSON_TYPES.includes(contentType)
  const ranges = parseMediaTypes(request.headers.accept ?? '*/*')
  const named = ranges.filter(({ type, quality }) => JSON_TYPES.includes(type) && quality > 0)
  if (named.length === 0) return !ranges.every(({ type }) => type === FHIR_XML)
  return qualityOf(ranges, contentType) > Math.max(...named.map(({ quality }) => quality))
}

const disposition = (id: string, type: string): string => {
  const extension = EXTENSIONS[type]
  const name = extension === undefined ? id : `${id}.${extension}`
  return `${SHOWN.has(type) ? 'inline' : 'attachment'}; filename="${name}"`
}

/** What keeps a document from acting in the name of this server, whoever has sent it. */
const safeguards = (type: string): Record<string, string> => ({
  'x-content-type-options': 'nosniff',
  // The viewers of browsers show no PDF within a sandbox.
  ...(type === 'application/pdf' ? {} : { 'content-security-policy': "default-src 'none'; sandbox" }),
})

/** `Vary` tells caches that the same address has another representation; CORS may have said something there already. */
function varyByAccept(reply: FastifyReply): void {
  const before = reply.getHeader('vary')
  reply.header('vary', before === undefined ? 'Accept' : `${String(before)}, Accept`)
}

function sendRange(reply: FastifyReply, bytes: Buffer, range: Range | undefined): FastifyReply {
  if (range === undefined) return reply.send(bytes)
  const { first, last } = range
  return reply
    .code(206)
    .header('content-range', `bytes ${first}-${last}/${bytes.length}`)
    .send(bytes.subarray(first, last + 1))
}

function sendContent(request: FastifyRequest, reply: FastifyReply, resource: Json): FastifyReply {
  const bytes = Buffer.from(String(resource.data ?? ''), 'base64')
  const stored = String(resource.contentType)
  const full = MEDIA_TYPE.test(stored) ? stored : OCTETS
  const { type } = parseMediaType(full)
  const headers = { ...safeguards(type), 'accept-ranges': 'bytes' }
  const range = request.method === 'HEAD' ? undefined : rangeOf(request.headers, reply, bytes.length)
  reply
    .headers(headers)
    .header('content-disposition', disposition(String(resource.id), type))
    .type(full)
  return sendRange(reply, bytes, range)
}

/**
 * Sends a resource that holds content: as that, unless it is FHIR's JSON that is asked for.
 * @throws FhirError 406, 416
 */
export function sendNative(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, headers, body }: OperationAnswer,
  { maxDepth: depth }: Server,
): FastifyReply {
  reply.code(status).headers(headers)
  varyByAccept(reply)
  if (body === undefined) return reply.send()
  if (body instanceof Readable) throw new Error('A read is not sent part by part')
  const resource = parseJson(body.toString(), { depth }).value as Json
  if (isNativeAsked(request, parseMediaType(String(resource.contentType)).type))
    return sendContent(request, reply, resource)
  return reply.type(`${negotiate(request)}; charset=utf-8`).send(body)
}

/** `X-Security-Context`: what decides who may see the content. */
function securityContextOf(request: FastifyRequest): Json {
  const { 'x-security-context': reference } = request.headers
  if (reference === undefined) return {}
  if (typeof reference !== 'string' || parseReference(reference) === undefined)
    throw new FhirError(400, [
      {
        severity: 'error',
        code: 'value',
        text: `X-Security-Context must be a reference, not "${String(reference).slice(0, 60)}"`,
      },
    ])
  return { securityContext: { reference } }
}

/** The resource that content which was sent as itself becomes. @throws FhirError 400, 415 */
export function resourceOfContent({ type }: Definition, request: FastifyRequest, content: Buffer): Json {
  const { id } = request.params as { id?: string }
  const contentType = (request.headers['content-type'] ?? '').trim().replaceAll(/\s+/g, ' ')
  if (!MEDIA_TYPE.test(contentType) || parseMediaType(contentType).type === FHIR_XML)
    throw unsupportedMedia(`The body needs the Content-Type that it is of, or ${FHIR_JSON} for a ${type} resource`)
  return {
    resourceType: type,
    ...(id === undefined ? {} : { id }),
    contentType,
    ...securityContextOf(request),
    ...(content.length > 0 ? { data: content.toString('base64') } : {}),
  }
}
