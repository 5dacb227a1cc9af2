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
  /** Visits to a clinic, where the results come from, which then have many kinds of tests and were signed by a doctor. */
  readonly visits?: number
}

/** As many resources as there are in a record of these amounts: its Patient is one of them. */
export const sizeOf = ({ results, reports, appointments, letters, messages, visits = 0 }: Amounts): number =>
  1 + results + reports + appointments + letters + messages + visits

/** A record of 100 resources, and one of 1,000. */
export const HUNDRED: Amounts = { results: 60, reports: 7, appointments: 10, letters: 10, messages: 12 }
export const THOUSAND: Amounts = { results: 800, reports: 100, appointments: 30, letters: 39, messages: 30 }

/** How many people and clinics there are. */
export type House = { readonly practitioners: number; readonly clinics: number }
const HOUSE: House = { practitioners: 20, clinics: 5 }
const TESTS = 477
const FAMILIES = ['Archer', 'Brown', 'Cole', 'Desai', 'Evans', 'Finch', 'Grant', 'Hill', 'Iqbal', 'Jones']
const LOINC = 'http://loinc.org'

/** The laboratories, clinics and people that records refer to. */
export function directory({ practitioners, clinics }: House = HOUSE): Bundle {
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
  return transaction([
    ...numbers(5).map(n => put('Organization', `bench-lab-${n}`, { name: `Pathology laboratory ${n}` })),
    ...numbers(clinics).map(n => put('Location', `bench-clinic-${n}`, { status: 'active', name: `Clinic ${n}` })),
    ...numbers(practitioners).map(n =>
      put('Practitioner', `bench-dr-${n}`, {
        name: [{ family: `${FAMILIES[n % FAMILIES.length]}${n}`, given: ['Pat'], prefix: ['Dr'] }],
      }),
    ),
  ])
}

type Teller = { readonly random: Random; readonly subject: Json; readonly house: House }

const one = (random: Random, count: number): number => 1 + Math.floor(random() * count)
const doctor = ({ random, house }: Teller): Json => ({
  reference: `Practitioner/bench-dr-${one(random, house.practitioners)}`,
})
const clinicOf = ({ random, house }: Teller): number => one(random, house.clinics)
const later = (at: string, minutes: number): string =>
  new Date(Date.parse(at) + minutes * 60_000).toISOString().replace('.000Z', '+00:00')

/** A report about some results that were sent with it. */
function report(teller: Teller, results: readonly Entry[]): Json {
  const { random, subject } = teller
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
    performer: [doctor(teller)],
    result: results.map(({ fullUrl }) => ({ reference: fullUrl })),
    conclusion: 'No significant abnormality has been found; repeat the investigation as clinically indicated.',
  }
}

function appointment(teller: Teller): Json {
  const { random, subject } = teller
  const start = moment(random)
  const clinic = clinicOf(teller)
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
      { actor: doctor(teller), status: 'accepted' },
      { actor: { reference: `Location/bench-clinic-${clinic}` }, status: 'accepted' },
    ],
  }
}

function letter(teller: Teller): Json {
  const { random, subject } = teller
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
    author: [doctor(teller)],
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

function message(teller: Teller): Json {
  const { random, subject } = teller
  return {
    resourceType: 'Communication',
    identifier: [{ system: 'https://messages.example.nhs.uk', value: `M${Math.floor(random() * 1e12)}` }],
    status: 'completed',
    category: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/communication-category', code: 'notification' }] },
    ],
    subject,
    recipient: [subject],
    sender: doctor(teller),
    sent: moment(random),
    payload: [
      { contentString: 'Your results are in. They are as expected; there is nothing that you need to do about them.' },
    ],
  }
}

function visit(teller: Teller): Json {
  const { random, subject } = teller
  const start = moment(random)
  return {
    resourceType: 'Encounter',
    identifier: [{ system: 'https://pas.example.nhs.uk/visit', value: `V${Math.floor(random() * 1e12)}` }],
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' },
    subject,
    participant: [{ individual: doctor(teller) }],
    period: { start, end: later(start, 45) },
    location: [{ location: { reference: `Location/bench-clinic-${clinicOf(teller)}` } }],
  }
}

/** Where a result came from, and of which of many tests it is: a few are done every day, most of them seldom. */
function origin(teller: Teller, visits: readonly Entry[]): Json {
  const { random } = teller
  const { code } = observation(random, '')
  const rare = Math.floor(random() ** 3 * TESTS)
  const coded = { coding: [{ system: LOINC, code: `9${rare}-1`, display: `Test ${rare}` }], text: `Test ${rare}` }
  const seen = visits[Math.floor(random() * visits.length)]
  return {
    code: random() < 0.5 ? code : coded,
    performer: [{ reference: `Organization/bench-lab-${one(random, 5)}` }, doctor(teller)],
    ...(seen ? { encounter: { reference: seen.fullUrl } } : {}),
  }
}

const patientOf = (n: number): Entry =>
  put('Patient', patientId(n), {
    identifier: [{ system: 'https://bench.example.org/Id/person', value: personNumber(n) }],
    name: [{ use: 'official', family: `${FAMILIES[n % FAMILIES.length]}${Math.floor(n / 10) % 30}`, given: ['Pat'] }],
    gender: n % 2 ? 'female' : 'male',
    birthDate: `${1930 + (n % 80)}-04-0${1 + (n % 9)}`,
  })

/** A patient with her record, as one transaction. The results are the same whatever else there is, but for visits. */
export function record(n: number, amounts: Amounts, house: House = HOUSE): Bundle {
  const { results, reports, appointments, letters, messages, visits = 0 } = amounts
  const id = patientId(n)
  const random = randomness(2_000_000 + n)
  const ofResults = randomness(n)
  const teller = { random, house, subject: { reference: `Patient/${id}` } }
  const made = (count: number, make: (index: number) => Json, ofThese: Random = random) =>
    Array.from({ length: count }, (_, index) => post(urn(ofThese), make(index)))
  const seen = made(visits, () => visit(teller))
  const more = () => (visits > 0 ? origin(teller, seen) : {})
  const found = made(results, () => observation(ofResults, id, more()), ofResults)
  const each = Math.floor(results / Math.max(reports, 1))
  return transaction([
    patientOf(n),
    ...seen,
    ...found,
    ...made(reports, index => report(teller, found.slice(index * each, (index + 1) * each))),
    ...made(appointments, () => appointment(teller)),
    ...made(letters, () => letter(teller)),
    ...made(messages, () => message(teller)),
  ])
}

/** What the n-th patient is looked up by. No NHS number: copies of her have the same with something behind it. */
export const personNumber = (n: number): string => String(9_000_000_000 + n)
