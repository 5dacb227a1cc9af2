import type { BundleEntry } from 'fhir/r4.js'
import type { Calendar } from './calendar.ts'
import { BLOOD_COUNT, CA125, FERRITIN, HBA1C, KIDNEYS, release, reportEntries } from './results.ts'
import { put, snomed, to, trustId } from './shapes.ts'
import { IVES, LABORATORY, toPractitioner } from './trust.ts'
import { vitalSigns } from './vital-signs.ts'

const { haemoglobin, whiteCells, redCells, platelets } = BLOOD_COUNT
const { sodium, potassium, urea, creatinine } = KIDNEYS

/** Two years in which her anaemia was treated and her blood sugar came down. */
const VISITS = [
  {
    days: -715,
    blood: [108, 7.2, 3.7, 412],
    kidneys: [139, 4.1, 5.2, 66],
    hba1c: 47,
    pressure: [152, 94],
    heartRate: 84,
    weight: 86.5,
  },
  {
    days: -540,
    blood: [114, 6.9, 3.9, 388],
    kidneys: [140, 4.3, 5.6, 68],
    hba1c: 46,
    pressure: [146, 91],
    heartRate: 80,
    weight: 84.9,
  },
  {
    days: -365,
    blood: [121, 6.4, 4.1, 351],
    kidneys: [138, 4.4, 5.1, 71],
    hba1c: 45,
    pressure: [139, 88],
    heartRate: 78,
    weight: 83.2,
  },
  {
    days: -180,
    blood: [126, 6.6, 4.3, 332],
    kidneys: [141, 4.2, 4.9, 69],
    hba1c: 43,
    pressure: [134, 84],
    heartRate: 75,
    weight: 81.7,
  },
  {
    days: -45,
    blood: [129, 6.1, 4.4, 318],
    kidneys: [140, 4.5, 5.3, 70],
    hba1c: 41,
    pressure: [128, 82],
    heartRate: 72,
    weight: 80.4,
  },
] as const

const REQUEST = to('ServiceRequest/alice-blood-tests', 'Blood tests')

function visitEntries({ clinic }: Calendar, visit: (typeof VISITS)[number], number: number): BundleEntry[] {
  const { days, blood, kidneys, hba1c, pressure, heartRate, weight } = visit
  const taken = clinic(days, '08:40')
  const issued = clinic(days, '16:05')
  const sample = to(`Specimen/alice-blood-${number}`, 'Blood sample')
  const shared = { patient: 'alice', taken, issued, basedOn: REQUEST, specimen: sample }
  const [hb, wbc, rbc, plt] = blood
  const [na, k, ur, crea] = kidneys
  return [
    put({
      resourceType: 'Specimen',
      id: `alice-blood-${number}`,
      status: 'available',
      type: snomed('119297000', 'Blood specimen', 'Blood sample'),
      subject: to('Patient/alice'),
      request: [REQUEST],
      collection: { collectedDateTime: taken },
    }),
    ...vitalSigns({ patient: 'alice', visit: number, at: taken, by: IVES, pressure, heartRate, weight }),
    ...reportEntries({
      ...shared,
      id: `alice-blood-count-${number}`,
      code: BLOOD_COUNT.code,
      values: [
        [haemoglobin, hb],
        [whiteCells, wbc],
        [redCells, rbc],
        [platelets, plt],
      ],
      conclusion: hb < haemoglobin.low ? 'Mild anaemia. Continue iron tablets.' : 'Normal blood count.',
    }),
    ...reportEntries({
      ...shared,
      id: `alice-kidneys-${number}`,
      code: KIDNEYS.code,
      values: [
        [sodium, na],
        [potassium, k],
        [urea, ur],
        [creatinine, crea],
      ],
      conclusion: 'Normal kidney function.',
    }),
    ...reportEntries({
      ...shared,
      id: `alice-hba1c-${number}`,
      code: HBA1C.code,
      values: [[HBA1C, hba1c]],
      conclusion: hba1c > 41 ? 'At risk of diabetes. Repeat in six months.' : 'No longer at risk of diabetes.',
    }),
  ]
}

/** What she cannot see: a report that opens on the next working day, and one that a clinician wants to talk about first. */
function closedReports({ now, at }: Calendar): BundleEntry[] {
  return [
    ...reportEntries({
      id: 'alice-unreleased',
      patient: 'alice',
      code: FERRITIN.code,
      taken: at(-1, '08:50'),
      issued: now.toISOString(),
      values: [[FERRITIN, 48]],
      conclusion: 'Iron stores are normal. Iron tablets may be stopped.',
      tag: release('SID', 'Share in one day'),
    }),
    ...reportEntries({
      id: 'alice-withheld',
      patient: 'alice',
      code: CA125.code,
      taken: at(-12, '08:30'),
      issued: at(-9, '15:20'),
      values: [[CA125, 51]],
      conclusion: 'Slightly raised. To be discussed at the next appointment.',
      tag: release('SWTH', 'Withhold'),
    }),
  ]
}

/** Her blood tests and measurements, and what asked for them. */
export function aliceResults(calendar: Calendar): BundleEntry[] {
  return [
    put({
      resourceType: 'ServiceRequest',
      id: 'alice-blood-tests',
      identifier: [trustId('request', 'alice-blood-tests')],
      status: 'active',
      intent: 'order',
      priority: 'routine',
      code: snomed('26604007', 'Complete blood count', 'Blood tests, every six months'),
      subject: to('Patient/alice'),
      authoredOn: calendar.clinic(-720, '11:00'),
      requester: toPractitioner(IVES),
      performer: [LABORATORY],
    }),
    ...VISITS.flatMap((visit, index) => visitEntries(calendar, visit, index + 1)),
    ...closedReports(calendar),
  ]
}
