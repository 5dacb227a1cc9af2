import type { Json } from '../../fhir/types.ts'
import { has, type Invariants, invariants, isCoded, objectsOf } from '../invariant.ts'
import { isAfter } from '../order.ts'

const hasSpan = (appointment: Json): boolean => has(appointment, 'start') && has(appointment, 'end')
const isOneOf = (value: unknown, ...words: readonly string[]): boolean => words.includes(String(value))
const isNotHome = ({ use }: Json): boolean => use !== 'home'

/**
 * ppc-2 to ppc-5 as the standard has them: of a system that is called "something", so that they say nothing of a
 * real scope.
 */
const needsPatientFor = (scope: string): [Invariants[string]['holds'], string, string] => [
  consent => has(consent, 'patient') || !isCoded(consent.scope, 'something', scope),
  `A consent of the scope ${scope} needs its patient`,
  'patient',
]

/** Those of appointments, people, places, lists, consents and tasks, by the element that has them. */
export const ADMINISTRATION: Readonly<Record<string, Invariants>> = {
  Appointment: invariants({
    'app-2': [
      appointment => has(appointment, 'start') === has(appointment, 'end'),
      'An appointment has a start and an end, or neither',
    ],
    'app-3': [
      appointment => hasSpan(appointment) || isOneOf(appointment.status, 'proposed', 'cancelled', 'waitlist'),
      'Only an appointment that is proposed, cancelled or on the waitlist may be without start and end',
    ],
    // Erratum: R4 names the status "no-show", which is no code of its own list.
    'app-4': [
      appointment => !has(appointment, 'cancelationReason') || isOneOf(appointment.status, 'noshow', 'cancelled'),
      'Only an appointment that is cancelled or noshow may have a cancelationReason',
      'cancelationReason',
    ],
  }),
  'Appointment.participant': invariants({
    'app-1': [
      participant => has(participant, 'type') || has(participant, 'actor'),
      'A participant needs a type or an actor',
    ],
  }),
  Consent: invariants({
    'ppc-1': [
      consent => has(consent, 'policy') || has(consent, 'policyRule'),
      'A consent needs a policy or a policyRule',
    ],
    'ppc-2': needsPatientFor('patient-privacy'),
    'ppc-3': needsPatientFor('research'),
    'ppc-4': needsPatientFor('adr'),
    'ppc-5': needsPatientFor('treatment'),
  }),
  Group: invariants({
    'grp-1': [
      group => !has(group, 'member') || group.actual === true,
      'Only an actual group may have members',
      'member',
    ],
  }),
  List: invariants({
    'lst-1': [
      list => !has(list, 'emptyReason') || !has(list, 'entry'),
      'A list may say why it is empty only when it is: emptyReason or entry',
      'emptyReason',
    ],
    'lst-2': [
      ({ mode, entry }) => mode === 'changes' || !objectsOf(entry).some(one => has(one, 'deleted')),
      'Only a list of changes may have entries that are deleted',
    ],
    'lst-3': [
      ({ mode, entry }) => mode === 'working' || !objectsOf(entry).some(one => has(one, 'date')),
      'Only a working list may have the date of an entry',
    ],
  }),
  Organization: invariants({
    'org-1': [
      organization => has(organization, 'identifier') || has(organization, 'name'),
      'An organization needs a name or an identifier',
    ],
  }),
  'Organization.address': invariants({
    'org-2': [isNotHome, 'The address of an organization may not be of use home', 'use'],
  }),
  'Organization.telecom': invariants({
    'org-3': [isNotHome, 'The contact point of an organization may not be of use home', 'use'],
  }),
  'Patient.contact': invariants({
    'pat-1': [
      contact => ['name', 'telecom', 'address', 'organization'].some(name => has(contact, name)),
      'A contact needs a name, telecom, address or organization',
    ],
  }),
  Task: invariants({
    'inv-1': [
      ({ lastModified, authoredOn }) => !isAfter(authoredOn, lastModified),
      'A task may not be last modified before it was authored',
      'lastModified',
    ],
  }),
}
