import type { Pool } from 'pg'
import { parseScope } from '../access/scopes.ts'
import type { Topic } from '../resources/definition.ts'
import { inWords, TOPICS } from '../resources/topics.ts'
import { actorsOf, peopleReachable, type Reach } from '../store/people.ts'
import { type Tick, ticksFor } from './ticks.ts'

/** Whether one patient's record has to be chosen: SMART 2.2, a `patient/` scope establishes one patient in context. */
export const needsPatient = (scopes: readonly string[]): boolean =>
  scopes.some(scope => scope === 'launch' || scope === 'launch/patient' || parseScope(scope)?.context === 'patient')

/** Somebody's record as the page offers it. */
export type Offer = Reach & { name: string; words: string }

const topicWords = (topic: string): string => inWords(TOPICS[topic as Topic] ?? topic).replace(/^your /, '')

const reachInWords = ({ self, topics }: Reach): string => {
  if (self) return 'Your own record'
  if (topics.includes('*')) return 'You act for this person'
  return `You act for this person: ${topics.map(topicWords).join(', ')}`
}

type NameOf = (patientIds: readonly string[]) => Promise<ReadonlyMap<string, string>>

/** The records that a person may open with an app, the own one first, each with the name of whom it is about. */
export async function offersFor(pool: Pool, personId: string, now: Date, nameOf?: NameOf): Promise<Offer[]> {
  const reachable = await peopleReachable(pool, personId, now)
  const names = await nameOf?.(reachable.map(each => each.patient))
  return reachable.map(each => ({ ...each, name: names?.get(each.patient) ?? each.patient, words: reachInWords(each) }))
}

/**
 * The questions about the record that was chosen. What the person does not reach herself is not asked about: somebody
 * who acts in appointments only cannot give an app the results.
 */
export function ticksWithin(
  scopes: readonly string[],
  chosen: Pick<Offer, 'self' | 'name' | 'topics'> | undefined,
): Tick[] {
  const ticks = ticksFor(scopes, chosen?.self === false ? chosen.name : undefined)
  if (!chosen || chosen.topics.includes('*')) return ticks
  const reached = new Set<string>([...chosen.topics, 'shared', 'also'])
  return ticks.filter(({ topic }) => reached.has(topic))
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
