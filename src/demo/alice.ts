import type { BundleEntry } from 'fhir/r4.js'
import { aliceAppointments } from './alice-appointments.ts'
import { aliceHistory } from './alice-history.ts'
import { aliceLetters } from './alice-letters.ts'
import { aliceMessages } from './alice-messages.ts'
import { aliceResults } from './alice-results.ts'
import type { Calendar } from './calendar.ts'
import { patientOf } from './patient.ts'
import { ALICE, BOB, CAROL } from './people.ts'
import { proxyEntries } from './proxies.ts'
import { concept, put, ukCore } from './shapes.ts'

function proxies({ at }: Calendar): BundleEntry[] {
  return [
    ...proxyEntries({
      proxy: BOB,
      patient: ALICE,
      role: ['HUSB', 'husband'],
      basis: 'consent',
      only: 'Appointment',
      start: at(-200, '09:00'),
      end: at(530, '23:59:59'),
    }),
    // The Consent stays active: that its period is over is what ends it.
    ...proxyEntries({
      proxy: CAROL,
      patient: ALICE,
      role: ['FRND', 'unrelated friend'],
      basis: 'consent',
      start: at(-95, '09:00'),
      end: at(-1, '12:00'),
    }),
  ]
}

/** An adult with a full record: two years of results, letters, appointments, messages, and two people who act for her. */
export function aliceEntries(calendar: Calendar): BundleEntry[] {
  const ethnicity = {
    url: ukCore('Extension-UKCore-EthnicCategory'),
    valueCodeableConcept: concept(
      'https://fhir.hl7.org.uk/CodeSystem/UKCore-EthnicCategoryEngland',
      'B',
      'White - Irish',
    ),
  }
  return [
    put(patientOf(ALICE, { extension: [ethnicity] })),
    ...proxies(calendar),
    ...aliceHistory(calendar),
    ...aliceResults(calendar),
    ...aliceAppointments(calendar),
    ...aliceLetters(calendar),
    ...aliceMessages(calendar),
  ]
}
