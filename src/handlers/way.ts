import type { Grant } from '../access/grant.ts'
import { permit, permitRead } from '../access/permit.ts'
import { notFound } from '../fhir/outcome.ts'
import type { Definition, Interaction } from '../resources/definition.ts'
import type { Call, Conditions } from './call.ts'
import { isId } from './id.ts'
import type { OperationAnswer } from './operations/operation.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The variable parts of a path, by their names. */
export type Parts = Readonly<Record<string, string | undefined>>

/** What is asked of a way in, whether it came over HTTP or as an entry of a Bundle. */
export type Asked = Omit<Call, 'definition' | 'id' | 'versionId'> & { readonly parts: Parts }

/** A way in: what is served at one path by one method. Routes and the entries of Bundles both go by these. */
export type Way = {
  readonly method: Method
  /** The path below the base, with a slash before it; `:id` stands for what may vary. */
  readonly url: string
  /** The interaction, in the words of https://hl7.org/fhir/R4/valueset-type-restful-interaction.html */
  readonly interaction: string
  /** The type that it is about, if it is one; of a type that is not served there are operations. */
  readonly type?: string
  readonly definition?: Definition
  readonly affectsState: boolean
  /** What it takes as its body: a resource or patch, Parameters or a form if there is something to say, or a form. */
  readonly body: 'needed' | 'possible' | 'form'
  /**
   * Decides whether it is permitted at all, before anything of what was sent is looked at.
   * @throws FhirError 403
   */
  readonly permit: (grant: Grant, parts: Parts, conditions: Conditions) => void
  readonly handle: (asked: Asked) => Promise<OperationAnswer>
}

/**
 * The permission for an interaction, with that for a search where it is conditional: criteria tell whether something is
 * there.
 * @throws FhirError 403
 */
export function permitInteraction(
  grant: Grant,
  definition: Definition,
  interaction: Interaction,
  { id, isConditional = false }: { readonly id?: string | undefined; readonly isConditional?: boolean },
): void {
  if (interaction === 'read' && id !== undefined) permitRead(grant, definition, id)
  else permit(grant, definition, interaction)
  if (isConditional) permit(grant, definition, 'search-type')
}

/** Refuses an id that cannot be one: nothing can be there. @throws FhirError 404 */
export function checkId(type: string, id: string | undefined): void {
  if (id !== undefined && !isId(id)) throw notFound(`There is no ${type}/${id.slice(0, 80)}`)
}

/** The path below the base that was asked for, without a slash before it. */
export const pathOf = ({ url }: Way, parts: Parts): string =>
  url
    .split('/')
    .map(part => (part.startsWith(':') ? (parts[part.slice(1).replace(/\(.*$/, '')] ?? '') : part))
    .filter(Boolean)
    .join('/')
