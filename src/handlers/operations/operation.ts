import type { Readable } from 'node:stream'
import type { Definition, Interaction } from '../../resources/definition.ts'
import type { Answer, Call } from '../call.ts'
import type { Input } from './input.ts'

/** Where an operation is invoked: on the base, on a type, or on one resource. */
export type Level = 'system' | 'type' | 'instance'

/** One parameter that an operation takes, https://hl7.org/fhir/R4/operationdefinition.html */
export type Parameter = {
  /** A datatype, or `Resource`. */
  readonly type: string
  readonly min?: number
  readonly max?: '*'
}

/** One invocation of an operation. At system level there is no type; of a type that is not served no declaration. */
export type Called = Omit<Call, 'definition' | 'params' | 'body'> & {
  readonly level: Level
  readonly type: string | undefined
  readonly definition: Definition | undefined
  readonly input: Input
  /** Where the page begins, when a page link was followed. */
  readonly cursor: readonly string[] | undefined
  /** The path below the base: `Patient/1/$everything`. */
  readonly path: string
}

/** What an operation answers: text that is ready to send, or text that is still being put together. */
export type OperationAnswer = Omit<Answer, 'body'> & { readonly body?: Answer['body'] | Readable }

/**
 * An operation, https://hl7.org/fhir/R4/operations.html: its routes, its checks and its line in the
 * CapabilityStatement are all made from this.
 */
export type NamedOperation = {
  /** Without the dollar. */
  readonly name: string
  /** The canonical url of its OperationDefinition. */
  readonly definition: string
  readonly documentation: string
  /** The methods at each level; what changes something has no GET. */
  readonly levels: Readonly<Partial<Record<Level, readonly ('GET' | 'POST')[]>>>
  /** The types it is invoked on; `served`: all that are declared. */
  readonly types: readonly string[] | 'served'
  readonly affectsState: boolean
  /** What the token must allow of the type at a level, decided before the parameters are looked at. */
  readonly needs?: Readonly<Partial<Record<Level, Interaction>>>
  readonly parameters: Readonly<Record<string, Parameter>>
  /** Answers in pages, whose links carry all of its parameters. */
  readonly pages?: true
  /** Takes the search parameters of its type as well. */
  readonly searches?: true
  /** Takes the resource itself as body, instead of Parameters. */
  readonly takesResource?: true
  readonly run: (called: Called) => Promise<OperationAnswer>
}
