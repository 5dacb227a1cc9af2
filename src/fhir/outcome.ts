import { SPINE_SYSTEM, spineOf } from './error-codes.ts'
import type { IssueType, OperationOutcome, OperationOutcomeIssue } from './types.ts'

/** One thing that was wrong: where (FHIRPath), what, and what would be right. */
export type Issue = {
  severity: 'fatal' | 'error' | 'warning' | 'information'
  code: IssueType
  text: string
  expression?: string | undefined
  /** The parameter of the request that it is about, where it is about no element. */
  parameter?: string | undefined
  /** The Spine code, where it says more than the one that goes with `code`. */
  spine?: string | undefined
}

/** What the HTTP answer needs beyond the outcome itself: extra headers (an Allow, a WWW-Authenticate). */
export type Extra = { headers?: Record<string, string> }

const LONGEST_NAME = 60

/**
 * An answer that is not a success: an HTTP status and one or more issues of an OperationOutcome
 * (https://hl7.org/fhir/R4/operationoutcome.html). Everything else that is thrown is a bug and answers 500.
 */
export class FhirError extends Error {
  readonly status: number
  readonly issues: readonly Issue[]
  readonly headers: Record<string, string>

  constructor(status: number, issues: readonly Issue[], extra: Extra = {}) {
    super(issues.map(issue => issue.text).join('; '))
    this.name = 'FhirError'
    this.status = status
    this.issues = issues
    this.headers = extra.headers ?? {}
  }

  /** The same error, said of a place further out: `Bundle.entry[3]` before each expression. */
  within(prefix: string): FhirError {
    const issues = this.issues.map(issue => ({
      ...issue,
      expression: issue.expression ? `${prefix}.${issue.expression}` : prefix,
      parameter: undefined,
    }))
    return new FhirError(this.status, issues, { headers: this.headers })
  }

  /** The same error, said of a parameter of the request. */
  about(parameter: string): FhirError {
    const issues = this.issues.map(issue => ({ parameter: parameter.slice(0, LONGEST_NAME), ...issue }))
    return new FhirError(this.status, issues, { headers: this.headers })
  }
}

const one = (status: number, code: IssueType, text: string, expression?: string, extra?: Extra, spine?: string) =>
  new FhirError(status, [{ severity: 'error', code, text, expression, spine }], extra)

/** 400: the request itself is wrong (a value, a parameter, JSON that is not FHIR). */
export const invalid = (text: string, expression?: string, code: IssueType = 'invalid') =>
  one(400, code, text, expression)

/** 400: what should be an id is none. https://hl7.org/fhir/R4/datatypes.html#id */
export const invalidId = (id: string) =>
  one(
    400,
    'value',
    `"${id.slice(0, 80)}" is no id: 1 to 64 letters, digits, "-" and "."`,
    undefined,
    undefined,
    'INVALID_RESOURCE_ID',
  )

/** 422: it is FHIR, but breaks a rule. https://hl7.org/fhir/R4/http.html#create */
export const unprocessable = (text: string, expression?: string, code: IssueType = 'business-rule') =>
  one(422, code, text, expression)

/** 401 with the challenge of RFC 6750 section 3. */
export const unauthorized = (text: string, challenge: string) =>
  one(401, 'login', text, undefined, { headers: { 'www-authenticate': challenge } })

/** 403: who asks is known, and may not. RFC 6750 section 3.1 `insufficient_scope`. */
export const forbidden = (text: string, extra?: Extra) => one(403, 'forbidden', text, undefined, extra)

/** 404: the same answer for what is not there and for what is somebody else's. */
export const notFound = (text: string) => one(404, 'not-found', text)

/** 405 with the methods that would be right. */
export const notAllowed = (text: string, allow: readonly string[]) =>
  one(405, 'not-supported', text, undefined, { headers: { allow: allow.join(', ') } })

/** 410: it was there and was deleted. */
export const gone = (text: string) => one(410, 'deleted', text)

/** 409: another write was there first, or something still refers to it. */
export const conflict = (text: string, code: IssueType = 'conflict') => one(409, code, text)

/** 412: a precondition (If-Match, If-None-Exist, a conditional URL) does not hold. */
export const preconditionFailed = (text: string, code: IssueType = 'conflict', spine?: string) =>
  one(412, code, text, undefined, undefined, spine ?? (code === 'conflict' ? 'PRECONDITION_FAILED' : undefined))

/** 413: more at once than this server takes. */
export const tooLarge = (text: string, expression?: string) => one(413, 'too-long', text, expression)

/** 503: it would take longer than this server works at once. */
export const tooSlow = (text: string) => one(503, 'timeout', text, undefined, { headers: { 'retry-after': '5' } })

/** 415: the body is of a media type that is not taken here. */
export const unsupportedMedia = (text: string) => one(415, 'not-supported', text)

/** 414: the address is longer than this server takes. */
export const uriTooLong = (text: string) => one(414, 'too-long', text)

const isError = ({ severity }: Issue): boolean => severity === 'error' || severity === 'fatal'

/** The Spine code of an error, with its words as the code system has them: `Resource not found`. */
function detailsOf(issue: Issue): OperationOutcomeIssue['details'] | undefined {
  if (!isError(issue)) return undefined
  const code = issue.spine ?? spineOf(issue.code)
  const words = code
    .toLowerCase()
    .replaceAll('_', ' ')
    .replace(/\bid\b/, 'ID')
  return { coding: [{ system: SPINE_SYSTEM, code, display: words.charAt(0).toUpperCase() + words.slice(1) }] }
}

/**
 * Where an issue is. A parameter is named as R4 says of `location`; `expression` has taken the place of that and is what
 * clients read. https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.location
 */
function placeOf({ expression, parameter }: Issue): Pick<OperationOutcomeIssue, 'location' | 'expression'> {
  if (expression !== undefined) return { expression: [expression] }
  return parameter ? { location: [`http.${parameter}`], expression: [`http.${parameter}`] } : {}
}

/** The OperationOutcome of some issues. `diagnostics` is the sentence that a person reads. */
export function outcome(issues: readonly Issue[]): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map((issue): OperationOutcomeIssue => {
      const { severity, code, text } = issue
      const details = detailsOf(issue)
      return {
        severity,
        code,
        ...(details ? { details } : {}),
        diagnostics: text,
        ...placeOf(issue),
      }
    }),
  }
}
