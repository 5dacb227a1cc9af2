import type { BundleEntry, Condition } from 'fhir/r4.js'
import type { Calendar } from './calendar.ts'
import { concept, hl7, type More, put, quantity, snomed, to, trustId } from './shapes.ts'
import { IVES, JESSOP, TRUST, toPractitioner } from './trust.ts'

const ALICE = to('Patient/alice')

function conditions({ day }: Calendar): BundleEntry[] {
  const condition = (
    id: string,
    code: Condition['code'] & object,
    status: 'active' | 'resolved',
    times: More<Condition>,
  ): BundleEntry =>
    put({
      resourceType: 'Condition',
      id,
      clinicalStatus: concept(hl7('condition-clinical'), status, status === 'active' ? 'Active' : 'Resolved'),
      verificationStatus: concept(hl7('condition-ver-status'), 'confirmed', 'Confirmed'),
      category: [concept(hl7('condition-category'), 'problem-list-item', 'Problem List Item')],
      code,
      subject: ALICE,
      recorder: toPractitioner(IVES),
      ...times,
    })
  return [
    condition('alice-blood-pressure', snomed('38341003', 'Hypertensive disorder', 'High blood pressure'), 'active', {
      onsetDateTime: day(-715),
      recordedDate: day(-715),
    }),
    condition('alice-knee', snomed('239873007', 'Osteoarthritis of knee'), 'active', {
      onsetDateTime: day(-240),
      recordedDate: day(-75),
    }),
    condition('alice-prediabetes', snomed('15777000', 'Prediabetes'), 'resolved', {
      onsetDateTime: day(-715),
      abatementDateTime: day(-45),
      recordedDate: day(-715),
    }),
  ]
}

function allergy({ day }: Calendar): BundleEntry {
  return put({
    resourceType: 'AllergyIntolerance',
    id: 'alice-penicillin',
    clinicalStatus: concept(hl7('allergyintolerance-clinical'), 'active', 'Active'),
    verificationStatus: concept(hl7('allergyintolerance-verification'), 'confirmed', 'Confirmed'),
    type: 'allergy',
    category: ['medication'],
    criticality: 'high',
    code: snomed('91936005', 'Allergy to penicillin'),
    patient: ALICE,
    recordedDate: day(-715),
    recorder: toPractitioner(IVES),
    reaction: [{ manifestation: [snomed('271807003', 'Eruption of skin', 'Rash')], severity: 'moderate' }],
  })
}

function medicines({ day }: Calendar): BundleEntry[] {
  return [
    put({
      resourceType: 'Medication',
      id: 'amlodipine-5mg',
      code: { text: 'Amlodipine 5 mg tablets' },
      form: snomed('385055001', 'Tablet'),
      ingredient: [
        {
          itemCodeableConcept: snomed('386864001', 'Amlodipine'),
          strength: { numerator: quantity(5, 'mg'), denominator: quantity(1, '{tablet}', 'tablet') },
        },
      ],
    }),
    put({
      resourceType: 'MedicationRequest',
      id: 'alice-amlodipine',
      identifier: [trustId('prescription', 'alice-amlodipine')],
      status: 'active',
      intent: 'order',
      medicationReference: to('Medication/amlodipine-5mg', 'Amlodipine 5 mg tablets'),
      subject: ALICE,
      authoredOn: day(-715),
      requester: toPractitioner(IVES),
      reasonReference: [to('Condition/alice-blood-pressure', 'High blood pressure')],
      dosageInstruction: [
        {
          text: 'One tablet once a day',
          timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } },
          doseAndRate: [{ doseQuantity: quantity(1, '{tablet}', 'tablet') }],
        },
      ],
    }),
    put({
      resourceType: 'MedicationStatement',
      id: 'alice-paracetamol',
      status: 'active',
      medicationCodeableConcept: { text: 'Paracetamol 500 mg tablets, bought at the pharmacy' },
      subject: ALICE,
      effectivePeriod: { start: day(-240) },
      dateAsserted: day(-30),
      informationSource: ALICE,
      dosage: [{ text: 'Two tablets when the knee hurts, at most eight in a day', asNeededBoolean: true }],
    }),
  ]
}

function immunizations({ day }: Calendar): BundleEntry[] {
  return [-640, -275].map((days, index) =>
    put({
      resourceType: 'Immunization',
      id: `alice-influenza-${index + 1}`,
      status: 'completed',
      vaccineCode: snomed('1181000221105', 'Influenza virus antigen only vaccine product', 'Flu vaccine'),
      patient: ALICE,
      occurrenceDateTime: day(days),
      primarySource: true,
      lotNumber: `DEMO-${index + 1}`,
      performer: [{ actor: TRUST }],
    }),
  )
}

function treatments({ clinic }: Calendar): BundleEntry[] {
  return [
    put({
      resourceType: 'ServiceRequest',
      id: 'alice-physiotherapy',
      identifier: [trustId('request', 'alice-physiotherapy')],
      status: 'active',
      intent: 'order',
      priority: 'routine',
      code: snomed('91251008', 'Physical therapy procedure', 'Physiotherapy'),
      subject: ALICE,
      encounter: to('Encounter/alice-knee-clinic'),
      authoredOn: clinic(-30, '10:30'),
      requester: toPractitioner(JESSOP),
      reasonReference: [to('Condition/alice-knee', 'Osteoarthritis of knee')],
    }),
    put({
      resourceType: 'Procedure',
      id: 'alice-chest-x-ray',
      status: 'completed',
      code: snomed('399208008', 'Plain chest X-ray'),
      subject: ALICE,
      performedDateTime: clinic(-365, '13:15'),
      performer: [{ actor: TRUST }],
    }),
  ]
}

/** Her problems, allergy, medicines, vaccinations and what was done about them. */
export function aliceHistory(calendar: Calendar): BundleEntry[] {
  return [
    ...conditions(calendar),
    allergy(calendar),
    ...medicines(calendar),
    ...immunizations(calendar),
    ...treatments(calendar),
  ]
}
