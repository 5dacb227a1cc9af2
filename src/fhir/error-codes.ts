import type { IssueType } from './types.ts'

/** What an issue type of HL7 stands for here. */
export type ErrorCode = {
  /** What NHS England's national services say for it: who reads their errors reads ours. */
  readonly spine: string
  /** Spine codes that say more, where they are known. */
  readonly spineAlso?: readonly string[]
  /** The HTTP statuses that it comes with. */
  readonly statuses: readonly number[]
  /** For the documentation: what it means, and what to do. */
  readonly meaning: string
}

/** The system of the Spine codes. */
export const SPINE_SYSTEM = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode'

/** Every issue type that errors of this server have (https://hl7.org/fhir/R4/valueset-issue-type.html). */
export const ERROR_CODES: Readonly<Partial<Record<IssueType, ErrorCode>>> = {
  invalid: {
    spine: 'INVALID_VALUE',
    statuses: [400],
    meaning: 'Something in the request is not understood: the text says what, and what would be right.',
  },
  structure: {
    spine: 'VALIDATION_ERROR',
    statuses: [400, 422],
    meaning:
      'The body is not JSON, or has members that FHIR does not know (400); or a list or object where there may be none (422).',
  },
  required: {
    spine: 'MISSING_VALUE',
    statuses: [400, 422],
    meaning: 'Something is missing: an element, a parameter, a body.',
  },
  value: {
    spine: 'INVALID_VALUE',
    spineAlso: ['INVALID_RESOURCE_ID'],
    statuses: [400, 416, 422],
    meaning: 'A value is not of its datatype, or out of its range.',
  },
  invariant: {
    spine: 'VALIDATION_ERROR',
    statuses: [422],
    meaning: 'The resource breaks a rule that FHIR has for its type.',
  },
  'code-invalid': {
    spine: 'INVALID_VALUE',
    statuses: [400, 422],
    meaning: 'A code is not in the value set that it has to be of.',
  },
  extension: {
    spine: 'VALIDATION_ERROR',
    statuses: [422],
    meaning: 'An extension may change what the resource means, and is not known here.',
  },
  'business-rule': {
    spine: 'VALIDATION_ERROR',
    statuses: [422],
    meaning: 'It is FHIR, but cannot be stored like this; or a patch does not fit what is there.',
  },
  login: {
    spine: 'ACCESS_DENIED',
    statuses: [401],
    meaning: 'The access token is missing, has expired, was taken back, or is for another server.',
  },
  forbidden: {
    spine: 'ACCESS_DENIED',
    statuses: [403],
    meaning: 'The access token does not allow it: WWW-Authenticate names the scope that would.',
  },
  'not-found': {
    spine: 'RESOURCE_NOT_FOUND',
    statuses: [400, 404],
    meaning: 'It is not there, or it is somebody else’s: the answer is the same.',
  },
  deleted: { spine: 'INVALIDATED_RESOURCE', statuses: [410], meaning: 'It was there and was deleted.' },
  'not-supported': {
    spine: 'UNSUPPORTED_SERVICE',
    statuses: [400, 404, 405, 406, 415],
    meaning: 'This server has no such type, parameter, method or format; Allow names the methods that there are.',
  },
  conflict: {
    spine: 'INVALID_UPDATE',
    spineAlso: ['PRECONDITION_FAILED', 'RESOURCE_VERSION_MISMATCH'],
    statuses: [409, 412],
    meaning: 'What is there is not what the request takes for granted: read it again.',
  },
  duplicate: { spine: 'INVALID_UPDATE', statuses: [409], meaning: 'Another resource is there under this id.' },
  'multiple-matches': {
    spine: 'TOO_MANY_MATCHES',
    statuses: [412],
    meaning: 'A condition matches more than one resource.',
  },
  'too-long': {
    spine: 'TOO_MANY_VALUES_SUBMITTED',
    statuses: [413, 414, 431],
    meaning: 'The body, the Bundle, the address or the headers are larger than this server takes.',
  },
  'too-costly': {
    spine: 'TOO_MANY_VALUES_SUBMITTED',
    statuses: [400, 412],
    meaning: 'It would take too much at once: ask for less.',
  },
  throttled: {
    spine: 'UNABLE_TO_CALL_SERVICE',
    statuses: [429],
    meaning: 'Too many requests: wait as long as Retry-After says.',
  },
  timeout: {
    spine: 'UNABLE_TO_CALL_SERVICE',
    statuses: [408, 503],
    meaning:
      'It took too long: to arrive (408), send it again; to be answered (503), ask for less at once, after Retry-After.',
  },
  transient: {
    spine: 'UNABLE_TO_CALL_SERVICE',
    statuses: [409, 503],
    meaning: 'It passes: send the same again, after Retry-After where it is there.',
  },
  exception: {
    spine: 'FAILURE_TO_PROCESS_MESSAGE',
    statuses: [500],
    meaning: 'A fault of this server: its log has the cause under the request’s id.',
  },
}

/** The Spine code that goes with an issue type. */
export const spineOf = (code: IssueType): string => ERROR_CODES[code]?.spine ?? 'FAILURE_TO_PROCESS_MESSAGE'
