import { rangeOf, timestamp } from '../fhir/dates.ts'
import { parseReference } from '../fhir/reference.ts'
import type { Json } from '../fhir/types.ts'
import type { Reach, Topic } from './definition.ts'
import { midnightOf } from './time-zone.ts'

const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types'
const CONSENT_SCOPE = 'http://terminology.hl7.org/CodeSystem/consentscope'

/** The topic that a type named in `Consent.provision.class` stands for; a type that is not here names none. */
const TOPIC_OF_TYPE: Readonly<Record<string, Topic>> = {
  Appointment: 'appointments',
  DiagnosticReport: 'results',
  Observation: 'results',
  DocumentReference: 'letters',
  Communication: 'messages',
}

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : [])
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})

/** How an actor may be named: as a resource of this server, and by identifier, as system and value. */
function actorsOf(provision: Json): string[] {
  return list(provision.actor).flatMap(actor => {
    const { reference, identifier } = object(actor.reference)
    const names: string[] = []
    const parsed = typeof reference === 'string' ? parseReference(reference) : undefined
    if (parsed?.kind === 'local') names.push(`${parsed.type}/${parsed.id}`)
    const { system, value } = object(identifier)
    if (typeof system === 'string' && typeof value === 'string') names.push(`${system}|${value}`)
    return names
  })
}

/** All topics when the Consent names no class; a class that names no topic gives nothing. */
function topicsOf(provision: Json): readonly string[] {
  const classes = list(provision.class)
  if (classes.length === 0) return ['*']
  return classes.flatMap(({ system, code }) =>
    system === RESOURCE_TYPES && typeof code === 'string' ? (TOPIC_OF_TYPE[code] ?? []) : [],
  )
}

// As long as the longest that has no time: such a day, month or year is one of the trust's calendar.
const DATE_LENGTH = '2026-11-23'.length

const edge = (text: unknown, side: 'lo' | 'hi', open: string): string => {
  if (text === undefined) return open
  const range = typeof text === 'string' ? rangeOf(text) : undefined
  // A date that cannot be read must close the grant, not leave it open.
  if (!range) return side === 'lo' ? 'infinity' : '-infinity'
  return timestamp(String(text).length > DATE_LENGTH ? range[side] : midnightOf(range[side]))
}

const isPrivacyConsent = (resource: Json): boolean => {
  const codings = list(object(resource.scope).coding)
  return codings.some(({ system, code }) => system === CONSENT_SCOPE && code === 'patient-privacy')
}

/**
 * What a Consent gives to proxies (https://hl7.org/fhir/R4/consent.html): while it is active, for whom its provision
 * permits, over the topics of its classes. What this server could not honour (a nested provision, a limit on
 * purpose, action, data or security label) gives nothing rather than more than was meant.
 */
export function proxyGrants(resource: Json): readonly Reach[] {
  const provision = object(resource.provision)
  const beyondUs = ['provision', 'data', 'purpose', 'action', 'securityLabel', 'code', 'dataPeriod']
  if (resource.status !== 'active' || !isPrivacyConsent(resource)) return []
  if (provision.type === 'deny' || beyondUs.some(member => provision[member] !== undefined)) return []
  const topics = topicsOf(provision)
  if (topics.length === 0) return []
  const { start, end } = object(provision.period)
  const begins = edge(start, 'lo', '-infinity')
  const ends = edge(end, 'hi', 'infinity')
  return actorsOf(provision).map(actor => ({ actor, topics, begins, ends }))
}
