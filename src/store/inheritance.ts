import { referencesOf, tokensOf } from '../fhir/extract.ts'
import type { Json } from '../fhir/types.ts'
import { definitions } from '../resources/index.ts'
import { indexKey, tokenKeys } from './hash.ts'

/** What is released with something else (an Observation), and what holds it by which parameter (a report's `result`). */
export type Inheritance = {
  readonly type: string
  readonly holder: string
  readonly param: string
  /** By which parameter a resource of the type itself holds others (a panel its values), if one does. */
  readonly members: string | undefined
}

/** All that inherit a release. */
export const inheritances: readonly Inheritance[] = [...definitions.values()].flatMap(({ type, releasedWith }) =>
  releasedWith ? [{ type, holder: releasedWith.type, param: releasedWith.param, members: releasedWith.members }] : [],
)

type Identifier = { readonly system?: string; readonly value?: string }

/** The key of an identifier among those of what carries it. */
export const carriedKey = ({ system = '', value = '' }: Identifier): string =>
  indexKey(tokenKeys.exact('identifier', system, value))

/** The key that every resource has that holds by an identifier. */
export const namingKey = ({ param }: Inheritance): string => indexKey(tokenKeys.present(`${param}:identifier`))

const idsIn = (refs: Iterable<string>, prefix: string): string[] =>
  [...refs].flatMap(ref => (ref.startsWith(prefix) ? [ref.slice(prefix.length)] : []))

/** The ids that a resource holds by its references, which stand as `result>Observation/1`. */
export const heldBy = ({ type, param }: Inheritance, refs: Iterable<string>): string[] =>
  idsIn(refs, `${param}>${type}/`)

/** The ids that a resource holds of its own type. */
export const membersIn = ({ type, members }: Inheritance, refs: Iterable<string>): string[] =>
  members === undefined ? [] : idsIn(refs, `${members}>${type}/`)

/** The identifiers by which a resource names what it holds, also beside a reference. */
export const namedBy = ({ holder, param }: Inheritance, resource: Json): Identifier[] =>
  referencesOf(holder, param, resource).flatMap(({ identifier }) =>
    identifier?.value === undefined ? [] : [identifier],
  )

/** The identifiers that a resource carries. */
export const carriedBy = ({ type }: Inheritance, resource: Json): Identifier[] =>
  tokensOf(type, 'identifier', resource).flatMap(({ system, code }) =>
    code === undefined ? [] : [{ ...(system === undefined ? {} : { system }), value: code }],
  )

/** The keys of the identifiers by which a stored resource names what it holds. */
export const keysNamedIn = (inheritance: Inheritance, content: string): string[] =>
  namedBy(inheritance, JSON.parse(content) as Json).map(carriedKey)
