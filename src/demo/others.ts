import type { BundleEntry } from 'fhir/r4.js'
import { appointment, cancelledBy } from './appointments.ts'
import type { Calendar } from './calendar.ts'
import { html, letterEntries } from './letters.ts'
import { patientOf } from './patient.ts'
import { BOB, CAROL, DEV, DEV_FORMER, erin, FREYA, GEORGE, HANA } from './people.ts'
import { proxyEntries } from './proxies.ts'
import { BLOOD_COUNT, HBA1C, reportEntries } from './results.ts'
import { concept, put, SYSTEM, snomed, to, ukCore } from './shapes.ts'
import { IVES, KERR } from './trust.ts'
import { vitalSigns } from './vital-signs.ts'

/** A small blood count: what the records of the others have in common. */
function bloodCount({ clinic }: Calendar, patient: string, days: number, haemoglobin: number): BundleEntry[] {
  return reportEntries({
    id: `${patient}-blood-count`,
    patient,
    code: BLOOD_COUNT.code,
    taken: clinic(days, '09:10'),
    issued: clinic(days, '15:45'),
    values: [
      [BLOOD_COUNT.haemoglobin, haemoglobin],
      [BLOOD_COUNT.platelets, 251],
    ],
    conclusion: 'Normal blood count.',
  })
}

export function bobEntries(calendar: Calendar): BundleEntry[] {
  const { clinic } = calendar
  return [
    put(patientOf(BOB)),
    ...bloodCount(calendar, 'bob', -100, 149),
    appointment({
      id: 'bob-future',
      patient: 'bob',
      who: IVES,
      status: 'booked',
      start: clinic(21, '09:20'),
      end: clinic(21, '09:40'),
      channel: 'Video',
    }),
  ]
}

export function carolEntries({ clinic }: Calendar): BundleEntry[] {
  const taken = clinic(-60, '10:10')
  return [
    put(patientOf(CAROL)),
    ...vitalSigns({
      patient: 'carol',
      visit: 1,
      at: taken,
      by: IVES,
      pressure: [118, 76],
      heartRate: 66,
      weight: 63.5,
    }),
  ]
}

/** Two records that were found to be one person's: what was filed in the former one is now in the one that stays. */
export function devEntries(calendar: Calendar): BundleEntry[] {
  const { clinic } = calendar
  const [stays, former] = [to(`Patient/${DEV.id}`), to(`Patient/${DEV_FORMER.id}`)]
  return [
    put(patientOf(DEV, { link: [{ other: former, type: 'replaces' }] })),
    put(patientOf(DEV_FORMER, { active: false, link: [{ other: stays, type: 'replaced-by' }] })),
    ...bloodCount(calendar, 'dev', -400, 152),
    appointment({
      id: 'dev-past',
      patient: 'dev',
      who: IVES,
      status: 'fulfilled',
      start: clinic(-390, '16:00'),
      end: clinic(-390, '16:20'),
    }),
  ]
}

/** A girl of 15, and her mother, who acts for her until the midnight at which she is 16. */
export function erinEntries(calendar: Calendar): BundleEntry[] {
  const { at, clinic } = calendar
  const known = erin(calendar)
  const letter = [
    'Dear Erin and family,',
    'The lung test was normal. Please keep the blue inhaler with you.',
    'Dr Kit Kerr',
  ]
  return [
    put(patientOf(known)),
    put(patientOf(FREYA)),
    ...proxyEntries({
      proxy: FREYA,
      patient: known,
      role: ['MTH', 'mother'],
      basis: 'parent',
      start: at(-800, '09:00'),
      end: at(0, '23:59:59'),
    }),
    ...bloodCount(calendar, 'erin', -50, 131),
    appointment({
      id: 'erin-future',
      patient: 'erin',
      who: KERR,
      status: 'booked',
      start: clinic(10, '15:40'),
      end: clinic(10, '16:00'),
    }),
    ...letterEntries({
      id: 'erin-letter',
      patient: 'erin',
      who: KERR,
      date: clinic(-48, '12:30'),
      title: 'Asthma clinic letter',
      versions: [html('Asthma clinic letter', letter)],
    }),
    put({
      resourceType: 'Condition',
      id: 'erin-asthma',
      clinicalStatus: concept('http://terminology.hl7.org/CodeSystem/condition-clinical', 'active', 'Active'),
      code: snomed('195967001', 'Asthma'),
      subject: to('Patient/erin'),
    }),
  ]
}

/** A restricted record: no address, no telephone, no surgery. */
export function georgeEntries(calendar: Calendar): BundleEntry[] {
  const { clinic } = calendar
  const restricted = [{ system: SYSTEM.confidentiality, code: 'R', display: 'restricted' }]
  return [
    put(patientOf(GEORGE, { meta: { security: restricted } })),
    ...reportEntries({
      id: 'george-hba1c',
      patient: 'george',
      code: HBA1C.code,
      taken: clinic(-70, '11:00'),
      issued: clinic(-70, '17:00'),
      values: [[HBA1C, 36]],
      conclusion: 'Normal.',
    }),
    appointment({
      id: 'george-future',
      patient: 'george',
      who: IVES,
      status: 'booked',
      start: clinic(9, '11:20'),
      end: clinic(9, '11:40'),
      channel: 'Telephone',
    }),
  ]
}

/** Some days before the first of this month. */
function lastMonth({ day }: Calendar): number {
  return -Number(day(0).slice(8)) - 9
}

/** Who died last month: her record is kept, and the trust's system has cancelled what was booked. */
export function hanaEntries(calendar: Calendar): BundleEntry[] {
  const { at, clinic } = calendar
  const died = lastMonth(calendar)
  const notified = {
    url: ukCore('Extension-UKCore-DeathNotificationStatus'),
    extension: [
      {
        url: 'deathNotificationStatus',
        valueCodeableConcept: concept(
          'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus',
          '2',
          'Formal - death notice received from Registrar of Deaths',
        ),
      },
      { url: 'systemEffectiveDate', valueDateTime: at(died + 1, '09:00') },
    ],
  }
  return [
    put(patientOf(HANA, { extension: [notified], deceasedDateTime: at(died, '04:10') })),
    ...bloodCount(calendar, 'hana', -90, 117),
    appointment({
      id: 'hana-cancelled',
      patient: 'hana',
      who: IVES,
      status: 'cancelled',
      start: clinic(20, '14:00'),
      end: clinic(20, '14:20'),
      more: { cancelationReason: cancelledBy.provider },
    }),
  ]
}
