import type { Json } from '../../src/fhir/types.ts'
import type { TestServer } from './server.ts'
import { engineToken } from './token.ts'

const ALICE = { reference: 'Patient/alice' }
const TRUST = 'https://fhir.example-trust.nhs.uk/Id'
const LABORATORY = [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'LAB' }] }]
const WITHHELD = { meta: { tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0909', code: 'SWTH' }] } }

const person = (id: string, family: string, given: string): Json => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: `${TRUST}/mrn`, value: `M-${id}` }],
  name: [{ family, given: [given] }],
  birthDate: '1975-04-12',
})

const result = (id: string, text: string, value: string, more: Json = {}): Json => ({
  resourceType: 'Observation',
  id,
  ...more,
  identifier: [{ system: `${TRUST}/observation`, value: id }],
  status: 'final',
  category: LABORATORY,
  code: { text },
  subject: ALICE,
  effectiveDateTime: '2026-11-02T09:30:00Z',
  valueQuantity: JSON.parse(`{"value":${value},"unit":"mmol/L"}`),
})

const report = (id: string, text: string, results: readonly string[], more: Json = {}): Json => ({
  resourceType: 'DiagnosticReport',
  id,
  ...more,
  identifier: [{ system: `${TRUST}/report`, value: id }],
  status: 'final',
  category: LABORATORY,
  code: { text },
  subject: ALICE,
  effectiveDateTime: '2026-11-02T09:30:00Z',
  issued: '2026-11-02T16:00:00Z',
  performer: [{ reference: 'Practitioner/dr-shah' }],
  result: results.map(each => ({ reference: `Observation/${each}` })),
})

const appointment = (number: number): Json => ({
  resourceType: 'Appointment',
  id: `appointment-${number}`,
  identifier: [{ system: `${TRUST}/appointment`, value: `A-${number}` }],
  status: 'booked',
  description: `Clinic ${number}`,
  start: `2026-12-0${number}T09:00:00Z`,
  end: `2026-12-0${number}T09:30:00Z`,
  participant: [
    { actor: ALICE, status: 'accepted' },
    { actor: { reference: 'Practitioner/dr-shah' }, status: 'accepted' },
  ],
})

/** Bob may see Alice's appointments, and nothing else of hers. */
const PROXY: readonly Json[] = [
  {
    resourceType: 'RelatedPerson',
    id: 'bob-for-alice',
    active: true,
    patient: ALICE,
    name: [{ family: 'Archer', given: ['Bob'] }],
  },
  {
    resourceType: 'Consent',
    id: 'bob-for-alice',
    status: 'active',
    scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: ALICE,
    dateTime: '2026-01-05',
    policyRule: { text: 'proxy access' },
    provision: {
      type: 'permit',
      period: { start: '2026-01-05', end: '2036-01-05' },
      actor: [{ role: { text: 'proxy' }, reference: { reference: 'RelatedPerson/bob-for-alice' } }],
      class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Appointment' }],
    },
  },
]

/** Alice's record: two reports that she may see, one that she may not see yet, three appointments, a message. */
export const RECORDS: readonly Json[] = [
  person('alice', 'Archer', 'Alice'),
  person('bob', 'Archer', 'Bob'),
  person('dev', 'Desai', 'Dev'),
  { resourceType: 'Practitioner', id: 'dr-shah', name: [{ text: 'Dr Anita Shah', family: 'Shah' }] },
  result('sodium', 'Sodium', '140'),
  result('potassium', 'Potassium', '4.10'),
  result('haemoglobin', 'Haemoglobin', '7.9'),
  result('withheld-value', 'Withheld value', '9.9', WITHHELD),
  report('electrolytes', 'Urea and electrolytes', ['sodium', 'potassium']),
  report('blood-count', 'Full blood count', ['haemoglobin']),
  report('withheld', 'Withheld report', ['withheld-value'], WITHHELD),
  ...[1, 2, 3].map(appointment),
  {
    resourceType: 'Communication',
    id: 'message',
    identifier: [{ system: `${TRUST}/message`, value: 'message' }],
    status: 'completed',
    subject: ALICE,
    sent: '2026-11-03T10:00:00Z',
    sender: { reference: 'Practitioner/dr-shah' },
    recipient: [ALICE],
    payload: [{ contentString: 'Your results are in' }],
  },
  ...PROXY,
]

/** Sends the records of the demo's people to a server, as an engine does. */
export async function loadRecords(server: Pick<TestServer, 'pool' | 'baseUrl'>): Promise<void> {
  const entry = RECORDS.map(resource => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }))
  const response = await fetch(`${server.baseUrl}/fhir`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await engineToken(server)}`,
      'content-type': 'application/fhir+json',
    },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  })
  if (response.status !== 200) throw new Error(`the records were refused: ${await response.text()}`)
}
