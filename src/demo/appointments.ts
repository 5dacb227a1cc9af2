import type { Appointment, BundleEntry, Extension } from 'fhir/r4.js'
import { concept, hl7, type More, put, SYSTEM, to, trustId, ukCore } from './shapes.ts'
import { type Clinician, TRUST, toPractitioner } from './trust.ts'

const CHANNELS = {
  'In-person': 'FACE_TO_FACE',
  Telephone: 'TELEPHONE',
  Video: 'VIDEO_CONSULTATION',
} as const

const NHS = 'https://fhir.nhs.uk/StructureDefinition'

/** How the patient and the clinician meet, in the words of UK Core and of the NHS App. */
function channelExtensions(channel: keyof typeof CHANNELS): Extension[] {
  const code = concept('https://fhir.hl7.org.uk/CodeSystem/UKCore-DeliveryChannel', channel, channel)
  return [
    { url: ukCore('Extension-UKCore-DeliveryChannel'), valueCodeableConcept: code },
    { url: `${NHS}/Extension-Consultation-Medium`, valueCode: CHANNELS[channel] },
  ]
}

export type Booking = {
  id: string
  patient: string
  who: Clinician
  status: Appointment['status']
  start: string
  end: string
  channel?: keyof typeof CHANNELS
  /** What the patient has asked for, while the hospital has not answered. */
  requested?: 'Pending Reschedule' | 'Pending Cancellation'
  more?: More<Appointment>
}

/** An outpatient appointment; where it takes place is said only when the patient has to come. */
export function appointment(booking: Booking): BundleEntry {
  const { id, patient, who, status, start, end, channel = 'In-person', requested, more } = booking
  const participants = [to(`Patient/${patient}`), toPractitioner(who), TRUST_SITE]
  if (channel === 'In-person') participants.push(to('Location/outpatients', 'Outpatients, Level 2'))
  const accepted = status === 'cancelled' ? 'declined' : 'accepted'
  return put({
    resourceType: 'Appointment',
    id,
    extension: [
      ...channelExtensions(channel),
      ...(requested ? [{ url: `${NHS}/Extension-Appointment-RequestStatus`, valueCode: requested }] : []),
    ],
    identifier: [trustId('appointment', id)],
    status,
    appointmentType: concept(SYSTEM.actCode, 'AMB', 'ambulatory'),
    specialty: [who.specialty],
    description: `${who.specialty.text} appointment`,
    start,
    end,
    participant: participants.map(actor => ({ actor, status: accepted })),
    ...more,
  })
}

const TRUST_SITE = to('Location/example-hospital', 'Example Hospital')

/** Who cancelled: https://terminology.hl7.org/CodeSystem-appointment-cancellation-reason.html */
export const cancelledBy = {
  patient: concept(hl7('appointment-cancellation-reason'), 'pat', 'Patient'),
  provider: concept(hl7('appointment-cancellation-reason'), 'prov', 'Provider'),
}

/** Whose desk a request about an appointment lands on. */
export const APPOINTMENTS_TEAM = { ...TRUST, display: 'Appointments team, Example Hospitals NHS Trust' }
