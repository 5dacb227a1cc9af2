import { rangeOf } from '../fhir/dates.ts'
import type { Release } from './definition.ts'
import { workingDayAfter } from './working-days.ts'

type Coding = { system?: string | undefined; code?: string | undefined }
type Releasable = {
  status?: string | undefined
  issued?: string | undefined
  meta?: { tag?: Coding[] | undefined; security?: Coding[] | undefined } | undefined
}

const RESULT_RELEASE = 'http://terminology.hl7.org/CodeSystem/v2-0909'
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'

const coded = (codings: Coding[] | undefined, system: string, ...codes: string[]) =>
  codings?.some(coding => coding.system === system && codes.includes(coding.code ?? '')) ?? false

/**
 * The moment that HL7 table 0909 (`meta.tag`) asks for, https://terminology.hl7.org/CodeSystem-v2-0909.html.
 * What only a person can decide (SIDC, STBD) stays closed. SWNL counts as "one working day": whether all of
 * a report's results are normal is not known from the report alone.
 */
function tagged(resource: Releasable, now: Date): Release {
  const tags = resource.meta?.tag
  if (coded(resource.meta?.security, CONFIDENTIALITY, 'V')) return 'never'
  if (coded(tags, RESULT_RELEASE, 'SWTH', 'SIDC', 'STBD')) return 'never'
  if (coded(tags, RESULT_RELEASE, 'SID', 'SWNL')) {
    return afterIssue(resource.issued, now)
  }
  return 'now'
}

// The calendar of working days ends somewhere; what was issued before it began was released long ago.
const CALENDAR = { first: Date.parse('1900-01-01T12:00:00Z'), last: Date.parse('9998-12-31T12:00:00Z') }

/** A working day after a result was issued; never when that cannot be said. */
function afterIssue(issued: string | undefined, now: Date): Release {
  const at = issued === undefined ? now.getTime() : rangeOf(issued)?.lo
  if (at === undefined || at > CALENDAR.last) return 'never'
  return workingDayAfter(new Date(Math.max(at, CALENDAR.first)))
}

const RELEASED_RESULTS = new Set(['final', 'amended', 'corrected', 'appended'])

/** A result is the patient's to see once it is final and its tags allow it. */
export const resultRelease = (resource: Releasable, now: Date): Release =>
  RELEASED_RESULTS.has(resource.status ?? '') ? tagged(resource, now) : 'never'

/** A letter: never while it is a draft, nor once it was entered in error. */
export const documentRelease = (resource: Releasable & { docStatus?: string | undefined }, now: Date): Release =>
  resource.docStatus === 'preliminary' || resource.docStatus === 'entered-in-error'
    ? 'never'
    : recordRelease(resource, now)

/** A message: never while it is being prepared. */
export const messageRelease = (resource: Releasable, now: Date): Release =>
  resource.status === 'preparation' ? 'never' : recordRelease(resource, now)

/** What a clinician took back as an error, or marked very restricted, is not the patient's to see. */
export const recordRelease = (resource: Releasable, now: Date): Release =>
  resource.status === 'entered-in-error' ? 'never' : tagged(resource, now)
