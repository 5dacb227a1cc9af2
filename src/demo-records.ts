import type { Bundle, BundleEntry } from 'fhir/r4.js'
import { aliceEntries } from './demo/alice.ts'
import { calendarFrom } from './demo/calendar.ts'
import { bobEntries, carolEntries, devEntries, erinEntries, georgeEntries, hanaEntries } from './demo/others.ts'
import { trustEntries } from './demo/trust.ts'

const transaction = (id: string, entry: BundleEntry[]): Bundle => ({
  resourceType: 'Bundle',
  id,
  type: 'transaction',
  entry,
})

/**
 * The records of the demo's people, as the transactions in which a trust's integration engine would send them: the trust
 * first, then one for each person or family. All ids are fixed; all dates are told from the moment of the start.
 */
export function demoBundles(now: Date): Bundle[] {
  const calendar = calendarFrom(now)
  return [
    transaction('trust', trustEntries(calendar)),
    transaction('alice', aliceEntries(calendar)),
    transaction('bob', bobEntries(calendar)),
    transaction('carol', carolEntries(calendar)),
    transaction('dev', devEntries(calendar)),
    transaction('erin', erinEntries(calendar)),
    transaction('george', georgeEntries(calendar)),
    transaction('hana', hanaEntries(calendar)),
  ]
}
