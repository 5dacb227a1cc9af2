import type { BundleEntry } from 'fhir/r4.js'
import { workingDayAfter } from '../resources/working-days.ts'
import { APPOINTMENTS_TEAM, appointment, cancelledBy } from './appointments.ts'
import type { Calendar } from './calendar.ts'
import { concept, hl7, put, SYSTEM, snomed, to, trustId } from './shapes.ts'
import { IVES, JESSOP, ORTHOPAEDICS, TRUST, toPractitioner } from './trust.ts'

function fiveWorkingDaysAfter(from: Date): Date {
  let day = from
  for (let count = 0; count < 5; count++) day = workingDayAfter(day)
  return day
}

/** Her wish to come on another day: a Task, for a patient's app never writes the Appointment itself. */
function request({ now }: Calendar): BundleEntry {
  return put({
    resourceType: 'Task',
    id: 'alice-reschedule',
    identifier: [trustId('task', 'alice-reschedule')],
    status: 'requested',
    intent: 'order',
    priority: 'routine',
    code: concept('http://hl7.org/fhir/CodeSystem/task-code', 'change', 'Change the focal resource', 'Reschedule'),
    description: 'Please move my appointment: I am away that week. Any morning after that is fine.',
    focus: to('Appointment/alice-future', 'Trauma and Orthopaedics appointment'),
    for: to('Patient/alice', 'Alice Archer'),
    authoredOn: now.toISOString(),
    lastModified: now.toISOString(),
    requester: to('Patient/alice', 'Alice Archer'),
    owner: APPOINTMENTS_TEAM,
    restriction: { period: { end: fiveWorkingDaysAfter(now).toISOString() } },
  })
}

/** What she was asked before the visit, and what she answered. */
function questionnaires({ clinic }: Calendar): BundleEntry[] {
  const url = 'https://fhir.example-trust.nhs.uk/Questionnaire/before-knee-clinic'
  return [
    put({
      resourceType: 'Questionnaire',
      id: 'before-knee-clinic',
      url,
      version: '2',
      name: 'BeforeKneeClinic',
      title: 'Before your visit to the knee clinic',
      status: 'active',
      subjectType: ['Patient'],
      date: '2024-02-12',
      publisher: 'Example Hospitals NHS Trust',
      item: [
        { linkId: 'walk', text: 'How far can you walk before your knee hurts?', type: 'string', required: true },
        { linkId: 'night', text: 'Does the pain wake you at night?', type: 'boolean', required: true },
        { linkId: 'pain', text: 'How bad is the pain today, from 0 to 10?', type: 'integer' },
      ],
    }),
    put({
      resourceType: 'QuestionnaireResponse',
      id: 'alice-before-knee-clinic',
      questionnaire: `${url}|2`,
      status: 'completed',
      subject: to('Patient/alice'),
      encounter: to('Encounter/alice-knee-clinic'),
      authored: clinic(-31, '19:15'),
      author: to('Patient/alice', 'Alice Archer'),
      source: to('Patient/alice', 'Alice Archer'),
      item: [
        {
          linkId: 'walk',
          text: 'How far can you walk before your knee hurts?',
          answer: [{ valueString: 'Half a mile' }],
        },
        { linkId: 'night', text: 'Does the pain wake you at night?', answer: [{ valueBoolean: false }] },
        { linkId: 'pain', text: 'How bad is the pain today, from 0 to 10?', answer: [{ valueInteger: 4 }] },
      ],
    }),
  ]
}

function visit({ clinic }: Calendar): BundleEntry {
  return put({
    resourceType: 'Encounter',
    id: 'alice-knee-clinic',
    identifier: [trustId('encounter', 'alice-knee-clinic')],
    status: 'finished',
    class: { system: SYSTEM.actCode, code: 'AMB', display: 'ambulatory' },
    type: [snomed('390906007', 'Follow-up encounter')],
    serviceType: ORTHOPAEDICS,
    subject: to('Patient/alice'),
    participant: [
      { type: [concept(hl7('v3-ParticipationType'), 'ATND', 'attender')], individual: toPractitioner(JESSOP) },
    ],
    appointment: [to('Appointment/alice-past')],
    period: { start: clinic(-30, '10:05'), end: clinic(-30, '10:25') },
    reasonReference: [to('Condition/alice-knee', 'Osteoarthritis of knee')],
    location: [{ location: to('Location/outpatients', 'Outpatients, Level 2') }],
    serviceProvider: TRUST,
  })
}

/** One appointment that was kept, one that she wants to move, one that was cancelled. */
export function aliceAppointments(calendar: Calendar): BundleEntry[] {
  const { clinic } = calendar
  const shared = { patient: 'alice', who: JESSOP }
  return [
    appointment({
      ...shared,
      id: 'alice-past',
      status: 'fulfilled',
      start: clinic(-30, '10:00'),
      end: clinic(-30, '10:30'),
      more: { created: clinic(-75, '09:00') },
    }),
    appointment({
      ...shared,
      id: 'alice-future',
      status: 'booked',
      start: clinic(14, '10:00'),
      end: clinic(14, '10:30'),
      requested: 'Pending Reschedule',
      more: {
        created: clinic(-29, '14:30'),
        slot: [to('Slot/knee-clinic-1')],
        reasonReference: [to('Condition/alice-knee', 'Osteoarthritis of knee')],
        patientInstruction: 'Please wear loose clothing and bring a list of your medicines.',
      },
    }),
    appointment({
      ...shared,
      id: 'alice-cancelled',
      who: IVES,
      status: 'cancelled',
      start: clinic(-8, '15:20'),
      end: clinic(-8, '15:40'),
      channel: 'Telephone',
      more: { created: clinic(-44, '11:10'), cancelationReason: cancelledBy.provider },
    }),
    visit(calendar),
    request(calendar),
    ...questionnaires(calendar),
  ]
}
