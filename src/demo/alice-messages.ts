import type { BundleEntry, Reference } from 'fhir/r4.js'
import type { Calendar } from './calendar.ts'
import { concept, hl7, put, to, trustId } from './shapes.ts'
import { ORTHOPAEDICS } from './trust.ts'

const TEAM = to('HealthcareService/knee-clinic', 'Knee clinic')
const ALICE = to('Patient/alice', 'Alice Archer')
const THREAD = to('Communication/alice-thread')

type Message = { number: number; from: Reference; sent: string; text: string }

const SUBJECT = { text: 'Exercises for your knee' }
const CATEGORY = concept(hl7('communication-category'), 'notification', 'Notification')

function message({ number, from, sent, text }: Message): BundleEntry {
  const id = `alice-message-${number}`
  return put({
    resourceType: 'Communication',
    id,
    identifier: [trustId('message', id)],
    partOf: [THREAD],
    ...(number === 1 ? {} : { inResponseTo: [to(`Communication/alice-message-${number - 1}`)] }),
    status: 'completed',
    category: [CATEGORY],
    topic: SUBJECT,
    subject: ALICE,
    sent,
    sender: from,
    recipient: [from === ALICE ? TEAM : ALICE],
    payload: [{ contentString: text }],
  })
}

/** A thread that the knee clinic has opened and not closed: she may reply to its last message. */
export function aliceMessages({ clinic }: Calendar): BundleEntry[] {
  return [
    put({
      resourceType: 'CareTeam',
      id: 'alice-knee',
      status: 'active',
      name: 'Knee clinic team',
      subject: ALICE,
      participant: [
        { role: [ORTHOPAEDICS], member: to('PractitionerRole/jonah-jessop', 'Mr Jonah Jessop') },
        { member: to('Organization/example-trust', 'Example Hospitals NHS Trust') },
      ],
    }),
    put({
      resourceType: 'Communication',
      id: 'alice-thread',
      identifier: [trustId('thread', 'alice-thread')],
      status: 'in-progress',
      category: [CATEGORY],
      topic: SUBJECT,
      subject: ALICE,
      sender: TEAM,
      recipient: [ALICE],
    }),
    message({
      number: 1,
      from: TEAM,
      sent: clinic(-27, '11:00'),
      text: 'The physiotherapist has sent you a sheet of exercises. How are you getting on with them?',
    }),
    message({
      number: 2,
      from: ALICE,
      sent: clinic(-20, '20:30'),
      text: 'Well, thank you. The second one hurts a little. Should I leave it out?',
    }),
    message({
      number: 3,
      from: TEAM,
      sent: clinic(-19, '09:40'),
      text: 'Do it half as often for a week. If it still hurts, leave it out and tell us.',
    }),
  ]
}
