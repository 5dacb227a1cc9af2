import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { FhirError, type Issue, outcome, tooSlow } from '../fhir/outcome.ts'
import { JSON_PATCH } from '../fhir/patch.ts'
import type { IssueType } from '../fhir/types.ts'
import { isUnavailable } from '../store/db.ts'
import { FHIR_JSON } from './negotiate.ts'

/** What Fastify itself refuses, in FHIR's words. */
const FASTIFY: Readonly<Record<string, [number, IssueType, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'too-long', 'The body is larger than this server takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'not-supported', `The body must be ${FHIR_JSON}`],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'invalid', 'The body is not as long as Content-Length says'],
  FST_ERR_CTP_EMPTY_TYPE: [415, 'not-supported', `The body needs a Content-Type: ${FHIR_JSON}`],
  FST_ERR_BAD_URL: [400, 'invalid', 'The path has a broken escape: % is written as %25'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'too-long', 'A part of the path is too long'],
}

const CANCELLED = '57014'

const issue = (code: IssueType, text: string): Issue => ({ severity: 'error', code, text })

const away = (): FhirError =>
  new FhirError(503, [issue('transient', 'The database is not available')], { headers: { 'retry-after': '5' } })

/** The error as FHIR says it, or nothing when it is a bug of ours. */
export function knownError(error: unknown): FhirError | undefined {
  if (error instanceof FhirError) return error
  if (isUnavailable(error)) return away()
  const { code, statusCode } = error as Partial<FastifyError>
  if (typeof code !== 'string') return undefined
  const refused = FASTIFY[code]
  if (refused) return new FhirError(refused[0], [issue(refused[1], refused[2])])
  if (code.startsWith('FST_') && statusCode !== undefined && statusCode < 500)
    return new FhirError(statusCode, [issue('invalid', 'The request cannot be understood')])
  return code === CANCELLED ? tooSlow('It took too long: ask for less at once') : undefined
}

/** Answers an error as an OperationOutcome. A bug shows the request's id and nothing else; its cause is in the log. */
export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const found = knownError(error)
  if (!found) request.log.error({ err: error }, 'a request failed')
  const { status, issues, headers } = found ?? {
    status: 500,
    issues: [issue('exception', `Something went wrong here. Tell us the request's id: ${request.id}`)],
    headers: {},
  }
  // https://www.rfc-editor.org/rfc/rfc5789#section-3.1
  if (status === 415 && request.method === 'PATCH') reply.header('accept-patch', `${JSON_PATCH}, ${FHIR_JSON}`)
  return reply
    .code(status)
    .headers(headers)
    .header('cache-control', 'no-store')
    .type(`${FHIR_JSON}; charset=utf-8`)
    .send(JSON.stringify(outcome(issues)))
}
