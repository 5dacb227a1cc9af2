import { forbidden } from '../fhir/outcome.ts'
import type { Definition, Interaction, Topic } from '../resources/definition.ts'
import { definitionOf, definitions } from '../resources/index.ts'
import type { Grant } from './grant.ts'
import { LETTER_OF, permits } from './scopes.ts'

declare const made: unique symbol

/** Everything of a type: what an engine's grant gives. */
type Everything = { readonly kind: 'everything' }

/** One patient's part of a type, as far as the person still reaches it when the question is asked. */
export type OnePatient = {
  readonly kind: 'patient'
  readonly person: string
  readonly patient: string
  readonly topic: Topic
  /** For a type that is seen through others: the declarations that this grant may read. */
  readonly through: readonly Definition[]
}

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
} & (Everything | OnePatient)

const make = (
  definition: Definition,
  reach: Everything | OnePatient,
  permissionOf: (other: Definition) => Permission,
): Permission => {
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

const scopeMissing = (definition: Definition, letter: string, context: string) => {
  const scope = `${context}/${definition.type}.${letter}`
  return forbidden(`This needs the scope ${scope}, which the access token does not have`, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` },
  })
}

/** Whether a grant may do an interaction on a type at all: declared for its actor, and within its scopes. */
export function allows(grant: Grant, definition: Definition, interaction: Interaction): boolean {
  if (!definition.may[grant.actor]?.includes(interaction)) return false
  const context = grant.actor === 'engine' ? 'system' : 'patient'
  return permits(grant.scopes, context, definition.type, LETTER_OF[interaction])
}

function referrersOf(grant: Grant, definition: Definition): readonly Definition[] {
  if (definition.compartment !== 'referrers') return []
  const canHoldAttachments = [...definitions.values()].filter(each => Array.isArray(each.compartment))
  return canHoldAttachments.filter(each => allows(grant, each, 'read'))
}

function reachOf(grant: Grant, definition: Definition, topic: Topic): Permission {
  const permissionOf = (other: Definition) => permit(grant, other, 'search-type')
  if (grant.actor === 'engine') return make(definition, { kind: 'everything' }, permissionOf)
  const { subject: person, patient } = grant
  if (patient === undefined) throw forbidden('The access token names no patient')
  const through = referrersOf(grant, definition)
  return make(definition, { kind: 'patient', person, patient, topic, through }, permissionOf)
}

/**
 * The permission for an interaction on a type.
 * @throws FhirError 403 `insufficient_scope` (RFC 6750 section 3.1) when the scopes do not cover it, 403 when no
 * declaration lets this kind of user do it.
 */
export function permit(grant: Grant, definition: Definition, interaction: Interaction): Permission {
  const context = grant.actor === 'engine' ? 'system' : 'patient'
  if (!permits(grant.scopes, context, definition.type, LETTER_OF[interaction]))
    throw scopeMissing(definition, LETTER_OF[interaction], context)
  if (!definition.may[grant.actor]?.includes(interaction))
    throw forbidden(`${interaction} of ${definition.type} is not open to patients' apps`)
  return reachOf(grant, definition, definition.topic)
}

/**
 * The permission to read one resource by id. Who was granted `fhirUser` may read the one resource that says who
 * she is without a further scope (SMART 2.2, "Scopes for requesting identity data").
 */
export function permitRead(grant: Grant, definition: Definition, id: string): Permission {
  const isSelf = grant.fhirUser === `${definition.type}/${id}` && grant.scopeTexts.has('fhirUser')
  if (isSelf && definition.may[grant.actor]?.includes('read')) return reachOf(grant, definition, 'shared')
  return permit(grant, definition, 'read')
}
