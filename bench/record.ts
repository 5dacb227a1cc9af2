import {
  type Bundle,
  type Entry,
  type Json,
  moment,
  observation,
  patientId,
  post,
  put,
  type Random,
  randomness,
  transaction,
  urn,
} from './data.ts'

// What is in one patient's record, and the shared resources that it refers to.

/** How much there is in a record. */
export type Amounts = {
  readonly results: number
  readonly reports: number
  readonly appointments: number
  readonly letters: number
  readonly messages: number
}

/** As many resources as there are in a record of these amounts: its Patient is one of them. */
export const sizeOf = ({ results, reports, appointments, letters, messages }: Amounts): number =>
  1 + results + reports + appointments + letters + messages

/** A record of 100 resources, and one of 1,000. */
export const HUNDRED: Amounts = { results: 60, reports: 7, appointments: 10, letters: 10, messages: 12 }
export const THOUSAND: Amounts = { results: 800, reports: 100, appointments: 30, letters: 39, messages: 30 }

const PRACTITIONERS = 20
const CLINICS = 5
const FAMILIES = ['Archer', 'Brown', 'Cole', 'Desai', 'Evans', 'Finch', 'Grant', 'Hill', 'Iqbal', 'Jones']
const LOINC = 'http://loinc.org'

/** The laboratories, clinics and people that records refer to. */
export function directory(): Bundle {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  return transaction([
    ...numbers(5).map(n => put('Organization', `bench-lab-${n}`, { name: `Pathology laboratory ${n}` })),
    ...numbers(CLINICS).map(n => put('Location', `bench-clinic-${n}`, { status: 'active', name: `Clinic ${n}` })),
    ...numbers(PRACTITIONERS).map(n =>
      put('Practitioner', `bench-dr-${n}`, {
        name: [{ family: `${FAMILIES[n % FAMILIES.length]}${n}`, given: ['Pat'], prefix: ['Dr'] }],
      }),
    ),
  ])
}

type Teller = { readonly random: Random; readonly subject: Json }

const one = (random: Random, count: number): number => 1 + Math.floor(random() * count)
const doctor = (random: Random): Json => ({ reference: `Practitioner/bench-dr-${one(random, PRACTITIONERS)}` })
const later = (at: string, minutes: number): string =>
  new Date(Date.parse(at) + minutes * 60_000).toISOString().replace('.000Z', '+00:00')

/** A report about some results that were sent with it. */
function report({ random, subject }: Teller, results: readonly Entry[]): Json {
  const at = moment(random)
  return {
    resourceType: 'DiagnosticReport',
    identifier: [{ system: 'https://labs.example.nhs.uk/report', value: `D${Math.floor(random() * 1e12)}` }],
    status: 'final',
    category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' }] }],
    code: { coding: [{ system: LOINC, code: '11502-2', display: 'Laboratory report' }], text: 'Laboratory report' },
    subject,
    effectiveDateTime: at,
    issued: later(at, 300),
    performer: [doctor(random)],
    result: results.map(({ fullUrl }) => ({ reference: fullUrl })),
    conclusion: 'No significant abnormality has been found; repeat the investigation as clinically indicated.',
  }
}

function appointment({ random, subject }: Teller): Json {
  const start = moment(random)
  const clinic = one(random, CLINICS)
  return {
    resourceType: 'Appointment',
    identifier: [{ system: 'https://pas.example.nhs.uk/appointment', value: `A${Math.floor(random() * 1e12)}` }],
    status: random() < 0.8 ? 'booked' : 'cancelled',
    serviceType: [{ text: `Outpatient clinic ${clinic}` }],
    description: `Follow-up in clinic ${clinic}. Please bring a list of your medicines and arrive ten minutes early.`,
    start,
    end: later(start, 30),
    participant: [
      { actor: subject, status: 'accepted' },
      { actor: doctor(random), status: 'accepted' },
      { actor: { reference: `Location/bench-clinic-${clinic}` }, status: 'accepted' },
    ],
  }
}

function letter({ random, subject }: Teller): Json {
  const date = moment(random)
  const number = Math.floor(random() * 1e12)
  return {
    resourceType: 'DocumentReference',
    identifier: [{ system: 'https://letters.example.nhs.uk', value: `L${number}` }],
    status: 'current',
    docStatus: 'final',
    type: { coding: [{ system: LOINC, code: '11488-4', display: 'Consult note' }], text: 'Clinic letter' },
    category: [{ coding: [{ system: LOINC, code: '11488-4' }] }],
    subject,
    date,
    author: [doctor(random)],
    description: 'Letter to the general practitioner after a clinic visit, with a copy to the patient',
    content: [
      {
        attachment: {
          contentType: 'application/pdf',
          url: `https://letters.example.nhs.uk/${number}.pdf`,
          title: 'Clinic letter',
          creation: date,
        },
      },
    ],
  }
}

function message({ random, subject }: Teller): Json {
  return {
    resourceType: 'Communication',
    identifier: [{ system: 'https://messages.example.nhs.uk', value: `M${Math.floor(random() * 1e12)}` }],
    status: 'completed',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/communication-category', code: 'notification' }] },
    ],
    subject,
    recipient: [subject],
    sender: doctor(random),
    sent: moment(random),
    payload: [
      { contentString: 'Your results are in. They are as expected; there is nothing that you need to do about them.' },
    ],
  }
}

/** A patient with her record, as one transaction. The results are the same whatever else there is. */
export function record(n: number, { results, reports, appointments, letters, messages }: Amounts): Bundle {
  const ofResults = randomness(n)
  const id = patientId(n)
  const patient = put('Patient', id, {
    identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhsNumber(n) }],
    name: [{ use: 'official', family: `Bench${n}`, given: ['Pat'] }],
    gender: n % 2 ? 'female' : 'male',
    birthDate: `${1930 + (n % 80)}-04-0${1 + (n % 9)}`,
  })
  const found = Array.from({ length: results }, () => post(urn(ofResults), observation(ofResults, id)))
  const random = randomness(2_000_000 + n)
  const teller = { random, subject: { reference: `Patient/${id}` } }
  const each = Math.floor(results / Math.max(reports, 1))
  const made = (count: number, make: (index: number) => Json) =>
    Array.from({ length: count }, (_, index) => post(urn(random), make(index)))
  return transaction([
    patient,
    ...found,
    ...made(reports, index => report(teller, found.slice(index * each, (index + 1) * each))),
    ...made(appointments, () => appointment(teller)),
    ...made(letters, () => letter(teller)),
    ...made(messages, () => message(teller)),
  ])
}

/** The NHS number of the n-th patient. */
export const nhsNumber = (n: number): string => String(9_000_000_000 + n)
