import type { Grant } from '../access/grant.ts'
import { FhirError } from '../fhir/outcome.ts'

const MINUTE = 60_000

/**
 * Counts the requests of each client, for each person whom it acts for, in minutes that are the same for all: when one is
 * over all counts are forgotten, and nothing is kept of anybody.
 * @throws FhirError 429 with Retry-After when there are more than allowed, https://www.rfc-editor.org/rfc/rfc6585#section-4
 */
export function rateLimit(most: number, clock: () => Date): (grant: Grant) => void {
  const sent = new Map<string, number>()
  let begun = 0
  return ({ client, subject }) => {
    const now = clock().getTime()
    if (Math.abs(now - begun) >= MINUTE) {
      sent.clear()
      begun = now
    }
    const who = JSON.stringify([client, subject])
    const count = (sent.get(who) ?? 0) + 1
    sent.set(who, count)
    if (count <= most) return
    const text = `More than ${most} requests were sent in a minute: send it again as many seconds later as Retry-After says`
    throw new FhirError(429, [{ severity: 'error', code: 'throttled', text }], {
      headers: { 'retry-after': String(Math.ceil((begun + MINUTE - now) / 1000)) },
    })
  }
}
