import type { BundleEntry, Practitioner, PractitionerRole } from 'fhir/r4.js'
import type { Calendar } from './calendar.ts'
import { concept, put, SYSTEM, specialty, to, trustId } from './shapes.ts'

export const ORTHOPAEDICS = specialty('110', 'Trauma and Orthopaedics')
export const MEDICINE = specialty('300', 'General Internal Medicine')
export const PAEDIATRICS = specialty('420', 'Paediatrics')

export const TRUST = to('Organization/example-trust', 'Example Hospitals NHS Trust')
export const SURGERY = to('Organization/example-surgery', 'Example Street Surgery')
export const LABORATORY = to('Organization/example-laboratory', 'Example Hospitals Pathology')

/** A clinician, as participants and authors are named. */
export type Clinician = { id: string; name: string; specialty: typeof MEDICINE }

export const IVES: Clinician = { id: 'isla-ives', name: 'Dr Isla Ives', specialty: MEDICINE }
export const JESSOP: Clinician = { id: 'jonah-jessop', name: 'Mr Jonah Jessop', specialty: ORTHOPAEDICS }
export const KERR: Clinician = { id: 'kit-kerr', name: 'Dr Kit Kerr', specialty: PAEDIATRICS }

export const toPractitioner = ({ id, name }: Clinician) => to(`Practitioner/${id}`, name)
export const toRole = ({ id, name }: Clinician) => to(`PractitionerRole/${id}`, name)

const CLINIC = { id: 'knee-clinic', name: 'Knee clinic' }

function organizations(): BundleEntry[] {
  return [
    put({
      resourceType: 'Organization',
      id: 'example-trust',
      identifier: [{ system: SYSTEM.ods, value: 'RZZ' }],
      active: true,
      type: [concept('http://terminology.hl7.org/CodeSystem/organization-type', 'prov', 'Healthcare Provider')],
      name: 'Example Hospitals NHS Trust',
      telecom: [
        { system: 'phone', value: '01632 960100', use: 'work' },
        { system: 'email', value: 'appointments@example.org', use: 'work' },
      ],
      address: [{ line: ['1 Hospital Road'], city: 'Exampleton', postalCode: 'TE57 1NG', country: 'GBR' }],
    }),
    put({
      resourceType: 'Organization',
      id: 'example-laboratory',
      active: true,
      name: 'Example Hospitals Pathology',
      partOf: TRUST,
    }),
    put({
      resourceType: 'Organization',
      id: 'example-surgery',
      identifier: [{ system: SYSTEM.ods, value: 'ZZ9999' }],
      active: true,
      name: 'Example Street Surgery',
      telecom: [{ system: 'phone', value: '01632 960200', use: 'work' }],
      address: [{ line: ['20 Example Street'], city: 'Exampleton', postalCode: 'TE57 2NG', country: 'GBR' }],
    }),
  ]
}

function locations(): BundleEntry[] {
  return [
    put({
      resourceType: 'Location',
      id: 'example-hospital',
      identifier: [{ system: SYSTEM.site, value: 'RZZ01' }],
      status: 'active',
      name: 'Example Hospital',
      telecom: [{ system: 'phone', value: '01632 960101', use: 'work' }],
      address: { line: ['1 Hospital Road'], city: 'Exampleton', postalCode: 'TE57 1NG', country: 'GBR' },
      managingOrganization: TRUST,
    }),
    put({
      resourceType: 'Location',
      id: 'outpatients',
      status: 'active',
      name: 'Outpatients, Level 2',
      description: 'Turn left at the main entrance and take the blue lift to level 2.',
      managingOrganization: TRUST,
      partOf: to('Location/example-hospital', 'Example Hospital'),
    }),
  ]
}

function clinician(who: Clinician, gmc: string): BundleEntry[] {
  const [prefix = '', given = '', family = ''] = who.name.split(' ')
  const practitioner: Practitioner & { id: string } = {
    resourceType: 'Practitioner',
    id: who.id,
    identifier: [{ system: SYSTEM.gmc, value: gmc }],
    active: true,
    name: [{ use: 'official', family, given: [given], prefix: [prefix] }],
    telecom: [{ system: 'phone', value: '01632 960110', use: 'work' }],
  }
  const role: PractitionerRole & { id: string } = {
    resourceType: 'PractitionerRole',
    id: who.id,
    active: true,
    practitioner: toPractitioner(who),
    organization: TRUST,
    specialty: [who.specialty],
    location: [to('Location/outpatients', 'Outpatients, Level 2')],
    telecom: [{ system: 'phone', value: '01632 960110', use: 'work' }],
  }
  return [put(practitioner), put(role)]
}

/** Half an hour each; one is Alice's, the others may be booked. */
function slots({ clinic }: Calendar): BundleEntry[] {
  const starts = [
    ['10:00', '10:30', 'busy'],
    ['10:30', '11:00', 'free'],
    ['11:00', '11:30', 'free'],
    ['11:30', '12:00', 'busy-unavailable'],
  ] as const
  return starts.map(([start, end, status], index) =>
    put({
      resourceType: 'Slot',
      id: `${CLINIC.id}-${index + 1}`,
      specialty: [ORTHOPAEDICS],
      schedule: to(`Schedule/${CLINIC.id}`, CLINIC.name),
      status,
      start: clinic(14, start),
      end: clinic(14, end),
    }),
  )
}

function clinics(calendar: Calendar): BundleEntry[] {
  return [
    put({
      resourceType: 'HealthcareService',
      id: CLINIC.id,
      identifier: [trustId('service', 'KNEE')],
      active: true,
      providedBy: TRUST,
      specialty: [ORTHOPAEDICS],
      location: [to('Location/outpatients', 'Outpatients, Level 2')],
      name: CLINIC.name,
      comment: 'For adults with knee pain who were referred by their GP.',
      telecom: [{ system: 'phone', value: '01632 960120', use: 'work' }],
    }),
    put({
      resourceType: 'Schedule',
      id: CLINIC.id,
      active: true,
      specialty: [ORTHOPAEDICS],
      actor: [to(`HealthcareService/${CLINIC.id}`, CLINIC.name), toPractitioner(JESSOP)],
      planningHorizon: { start: calendar.day(0), end: calendar.day(90) },
    }),
    ...slots(calendar),
  ]
}

/** What belongs to the hospital and to no patient. */
export function trustEntries(calendar: Calendar): BundleEntry[] {
  return [
    ...organizations(),
    ...locations(),
    ...clinician(IVES, 'C9000001'),
    ...clinician(JESSOP, 'C9000002'),
    ...clinician(KERR, 'C9000003'),
    ...clinics(calendar),
  ]
}
