import { forbidden } from '../fhir/outcome.ts'
import type { Actor, Definition, Interaction, Topic } from '../resources/definition.ts'
import { definitionOf, definitions } from '../resources/index.ts'
import type { Grant } from './grant.ts'
import type { ScopeQuery } from './granular.ts'
import { type Covered, covered, LETTER_OF } from './scopes.ts'

declare const made: unique symbol

/** Everything of a type, as far as the query parts of granular scopes limit it: what an engine's grant gives. */
export type Everything = { readonly kind: 'everything'; readonly within?: readonly ScopeQuery[] }

/** A type that is seen through others' resources, and what the scopes let be read of that other one. */
export type Through = Covered & { readonly definition: Definition }

type Person = Covered & {
  readonly person: string
  readonly topic: Topic
  /** For a type that is seen through others: what this grant may read of those. */
  readonly through: readonly Through[]
}

/** One patient's part of a type, as far as the person still reaches it when the question is asked: `patient/` scopes. */
export type OnePatient = Person & { readonly kind: 'patient'; readonly patient: string }

/** A type's part of every record that the person reaches when the question is asked: `user/` scopes. */
export type OnePerson = Person & {
  readonly kind: 'person'
  /** Whether her own record is meant, and those that she reaches for others. */
  readonly own: boolean
  readonly others: boolean
}

/** What `patient/` and `user/` scopes give together. */
type Union = { readonly kind: 'union'; readonly of: readonly (OnePatient | OnePerson)[] }

type Reach = Everything | OnePatient | OnePerson | Union

/**
 * What a reader may see of one type. Every read of the store takes one; only this file (and `server.ts`)
 * can make one, so a read that nobody permitted does not compile.
 */
export type Permission = {
  readonly [made]: true
  readonly definition: Definition
  /**
   * What the same asker may see of another type that a search leads to: by a chain, or by `_has`.
   * @throws FhirError 403 when it is not within the scopes
   */
  readonly permissionOf: (type: string) => Permission
} & Reach

/** Whether a permission is for all of a type: what it leaves out need not be asked about. */
export const isWhole = (permission: Permission): boolean =>
  permission.kind === 'everything' && permission.within === undefined

const make = (definition: Definition, reach: Reach, permissionOf: (other: Definition) => Permission): Permission => {
  const other = (type: string) => {
    const found = definitionOf(type)
    if (!found) throw new Error(`${type} is not served`)
    return permissionOf(found)
  }
  return { definition, ...reach, permissionOf: other } as Permission
}

/** Everything of a type, without asking: for the maker in `server.ts` alone. */
export const everythingOf = (definition: Definition): Permission =>
  make(definition, { kind: 'everything' }, everythingOf)

type Context = 'system' | 'patient' | 'user'

/** Whoever is neither a patient nor acts for one: `user/` scopes open nothing for them, until a declaration does. */
const STAFF = /^(Practitioner|PractitionerRole)\//

/** The contexts whose scopes count for who asks. */
function contextsOf({ actor, patient, fhirUser }: Grant): readonly Context[] {
  if (actor === 'engine') return ['system']
  const contexts: Context[] = patient === undefined ? [] : ['patient']
  return STAFF.test(fhirUser ?? '') ? contexts : [...contexts, 'user']
}

const coveredBy = (grant: Grant, context: Context, definition: Definition, interaction: Interaction) =>
  contextsOf(grant).includes(context) ? covered(grant.scopes, context, definition, LETTER_OF[interaction]) : undefined

const mayDo = (definition: Definition, actor: Actor, interaction: Interaction): boolean =>
  definition.may[actor]?.includes(interaction) ?? false

/** What of others' resources leads to a type that is seen through them: what the scopes of the same context let be read. */
function throughOf(
  grant: Grant,
  context: Context,
  definition: Definition,
  actors: readonly Actor[],
): readonly Through[] {
  if (definition.compartment !== 'referrers') return []
  const canHoldAttachments = [...definitions.values()].filter(each => Array.isArray(each.compartment))
  return canHoldAttachments.flatMap(each => {
    const read = actors.every(actor => mayDo(each, actor, 'read')) && coveredBy(grant, context, each, 'read')
    return read ? [{ definition: each, ...read }] : []
  })
}

/** The one record in context, as far as the `patient/` scopes and the declaration open a type of it. */
function onePatient(grant: Grant, definition: Definition, interaction: Interaction): OnePatient[] {
  const { subject: person, patient, actor } = grant
  const scopes = coveredBy(grant, 'patient', definition, interaction)
  if (!scopes || patient === undefined || !mayDo(definition, actor, interaction)) return []
  const through = throughOf(grant, 'patient', definition, [actor])
  return [{ kind: 'patient', person, patient, topic: definition.topic, through, ...scopes }]
}

/** Every record that the person reaches, as far as the `user/` scopes and the declaration open a type of them. */
function onePerson(grant: Grant, definition: Definition, interaction: Interaction): OnePerson[] {
  const scopes = coveredBy(grant, 'user', definition, interaction)
  const [own, others] = [mayDo(definition, 'patient', interaction), mayDo(definition, 'proxy', interaction)]
  if (!scopes || !(own || others)) return []
  const actors: Actor[] = [...(own ? (['patient'] as const) : []), ...(others ? (['proxy'] as const) : [])]
  const through = throughOf(grant, 'user', definition, actors)
  return [{ kind: 'person', person: grant.subject, topic: definition.topic, through, own, others, ...scopes }]
}

function reachOf(grant: Grant, definition: Definition, interaction: Interaction): Reach | undefined {
  if (grant.actor === 'engine') {
    const scopes = coveredBy(grant, 'system', definition, interaction)
    return scopes && mayDo(definition, 'engine', interaction) ? { kind: 'everything', ...scopes } : undefined
  }
  const [first, ...others] = [
    ...onePatient(grant, definition, interaction),
    ...onePerson(grant, definition, interaction),
  ]
  return first && others.length > 0 ? { kind: 'union', of: [first, ...others] } : first
}

/** Whether a grant may do an interaction on a type at all: declared for its actor, and within its scopes. */
export const allows = (grant: Grant, definition: Definition, interaction: Interaction): boolean =>
  reachOf(grant, definition, interaction) !== undefined

function refusal(grant: Grant, definition: Definition, interaction: Interaction) {
  const contexts = contextsOf(grant)
  if (contexts.some(context => coveredBy(grant, context, definition, interaction)))
    return forbidden(`${interaction} of ${definition.type} is not open to patients' apps`)
  const scope = `${contexts[0] ?? 'user'}/${definition.type}.${LETTER_OF[interaction]}`
  return forbidden(`This needs the scope ${scope}, which the access token does not have`, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })
}

// A grant never changes, so what it permits is worked out once for as long as its token is remembered.
const given = new WeakMap<Grant, Map<string, Permission>>()

/**
 * The permission for an interaction on a type.
 * @throws FhirError 403 `insufficient_scope` (RFC 6750 section 3.1) when the scopes do not cover it, 403 when no
 * declaration lets this kind of user do it.
 */
export function permit(grant: Grant, definition: Definition, interaction: Interaction): Permission {
  const name = `${definition.type} ${interaction}`
  const known = given.get(grant)?.get(name)
  if (known) return known
  const reach = reachOf(grant, definition, interaction)
  if (!reach) throw refusal(grant, definition, interaction)
  const permission = make(definition, reach, other => permit(grant, other, 'search-type'))
  given.set(grant, (given.get(grant) ?? new Map()).set(name, permission))
  return permission
}

/**
 * The permission to read one resource by id. Who was granted `fhirUser` may read the one resource that says who
 * she is without a further scope (SMART 2.2, "Scopes for requesting identity data").
 */
export function permitRead(grant: Grant, definition: Definition, id: string): Permission {
  const isSelf = grant.fhirUser === `${definition.type}/${id}` && grant.scopeTexts.has('fhirUser')
  if (!isSelf || !mayDo(definition, grant.actor, 'read')) return permit(grant, definition, 'read')
  const { subject: person, patient } = grant
  const whole = { person, topic: 'shared', through: [] } as const
  const reach: Reach =
    patient === undefined
      ? { ...whole, kind: 'person', own: true, others: true }
      : { ...whole, kind: 'patient', patient }
  return make(definition, reach, other => permit(grant, other, 'search-type'))
}
