import type { Pool } from 'pg'
import { describeScope, parseScope } from '../access/scopes.ts'
import { actorsOf, peopleReachable, type Reach } from '../store/people.ts'

const OIDC = new Set(['openid', 'fhirUser', 'offline_access'])
/** What comes with the rest and is not asked about: that it is the same person, and whose record was chosen. */
const IMPLIED = new Set(['openid', 'launch', 'launch/patient', 'launch/encounter'])

/** One question of the consent page. */
export type Tick = { scope: string; topic: string; sentence: string }

/** Whether one patient's record has to be chosen: SMART 2.2, a `patient/` scope establishes one patient in context. */
export const needsPatient = (scopes: readonly string[]): boolean =>
  scopes.some(scope => scope === 'launch' || scope === 'launch/patient' || parseScope(scope)?.context === 'patient')

/** The questions of the consent page: what the app may see first, staying signed in last. */
export function ticksFor(scopes: readonly string[]): Tick[] {
  const rank = (scope: string) => (scope === 'offline_access' ? 2 : scope === 'fhirUser' ? 1 : 0)
  return scopes
    .filter(scope => !IMPLIED.has(scope))
    .sort((a, b) => rank(a) - rank(b))
    .map(scope => ({ scope, ...describeScope(scope) }))
}

/** What was decided: the scopes granted and refused, each divided into OpenID Connect's and the FHIR server's. */
export type Decision = { granted: string[]; refused: string[]; oidc: { granted: string[]; refused: string[] } }

/**
 * What the ticks say. Only what was asked for can be granted, whatever the form holds.
 * @returns undefined when nothing of the record was ticked although the app asked for some of it
 */
export function decide(requested: readonly string[], ticked: readonly string[]): Decision | undefined {
  const granted = requested.filter(scope => IMPLIED.has(scope) || ticked.includes(scope))
  const refused = requested.filter(scope => !granted.includes(scope))
  const isRecord = (scope: string) => parseScope(scope) !== undefined
  if (requested.some(isRecord) && !granted.some(isRecord)) return undefined
  const oidc = { granted: granted.filter(scope => OIDC.has(scope)), refused: refused.filter(scope => OIDC.has(scope)) }
  return { granted, refused, oidc }
}

/** Somebody's record as the page offers it. */
export type Choice = Reach & { name: string; words: string }

const TOPIC_WORDS: Readonly<Record<string, string>> = {
  appointments: 'appointments',
  results: 'test results',
  letters: 'letters',
  messages: 'messages',
  record: 'the rest of the record',
}

const inWords = ({ self, topics }: Reach): string => {
  if (self) return 'Your own record'
  if (topics.includes('*')) return 'You act for this person'
  return `You act for this person: ${topics.map(topic => TOPIC_WORDS[topic] ?? topic).join(', ')}`
}

type NameOf = (patientIds: readonly string[]) => Promise<ReadonlyMap<string, string>>

/** The records that a person may open with an app, the own one first, each with the name of whom it is about. */
export async function choicesFor(pool: Pool, personId: string, now: Date, nameOf?: NameOf): Promise<Choice[]> {
  const reachable = await peopleReachable(pool, personId, now)
  const names = await nameOf?.(reachable.map(each => each.patient))
  return reachable.map(each => ({ ...each, name: names?.get(each.patient) ?? each.patient, words: inWords(each) }))
}

/**
 * Who the person is for this launch, the `fhirUser` of SMART 2.2: the patient, or the RelatedPerson through whom
 * somebody else's record is reached.
 */
export async function fhirUserFor(
  pool: Pool,
  personId: string,
  chosen: Reach | undefined,
): Promise<string | undefined> {
  if (chosen && /^(Patient|RelatedPerson)\//.test(chosen.actor)) return chosen.actor
  const actors = await actorsOf(pool, personId)
  return actors.find(actor => actor.startsWith('Patient/')) ?? actors.find(actor => actor.startsWith('RelatedPerson/'))
}
