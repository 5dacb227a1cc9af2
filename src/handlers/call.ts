import type { Pool } from 'pg'
import type { Grant } from '../access/grant.ts'
import type { Issue } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import type { Queryable } from '../store/db.ts'
import type { Loader } from '../store/read.ts'
import type { Profiles } from '../validation/profiles/profiles.ts'
import type { PageLinks } from './page-link.ts'
import type { TerminologyServer } from './terminology-server.ts'

/** What every call of one server shares. */
export type Server = {
  readonly pool: Pool
  readonly load: Loader
  readonly links: PageLinks
  /** The FHIR base, without a slash at its end. */
  readonly base: string
  readonly maxDepth: number
  /** How many entries a Bundle may have. */
  readonly maxEntries: number
  /** For how long a batch may begin to read. */
  readonly maxBatchSeconds: number
  /** The profiles that are loaded, if any are. */
  readonly profiles?: Profiles | undefined
  /** Who is asked about codes in `$validate`, if anybody is. */
  readonly terminology?: TerminologyServer | undefined
  clock(): Date
}

/** The conditions that a client puts on an interaction, https://hl7.org/fhir/R4/http.html#concurrency */
export type Conditions = {
  readonly ifMatch?: string | undefined
  readonly ifNoneMatch?: string | undefined
  readonly ifModifiedSince?: string | undefined
  readonly ifNoneExist?: string | undefined
  /** The `Prefer` header. */
  readonly prefer?: string | undefined
}

/** One interaction, whether it came over HTTP or as an entry of a Bundle. */
export type Call = {
  readonly server: Server
  /** The pool, or the connection of the transaction that the interaction is part of. */
  readonly db: Queryable
  readonly grant: Grant
  readonly definition: Definition
  readonly id?: string | undefined
  readonly versionId?: string | undefined
  /** The query of the URL and the form of a `_search`, in their order. */
  readonly params: readonly (readonly [string, string])[]
  readonly body?: Json | undefined
  /** The body once more, as it was received: linking changes it in place, and another try begins with this. */
  readonly again?: (() => Json) | undefined
  readonly conditions: Conditions
  readonly requestId: string
  readonly now: Date
}

/** What an interaction answers: the body is JSON text that is ready to send, or its bytes. */
export type Answer = {
  readonly status: number
  readonly body?: string | Buffer
  /** What the body says when it is an OperationOutcome: an entry of a Bundle has another place for it. */
  readonly issues?: readonly Issue[]
  readonly headers: Readonly<Record<string, string>>
  /** When the version was stored, exactly: `Last-Modified` has whole seconds. */
  readonly updated?: Date
  /** Of a write, the version that it made or found, below the base: every entry of a Bundle that writes is told. */
  readonly location?: string
}

/** An interaction with a resource, https://hl7.org/fhir/R4/http.html */
export type Operation = (call: Call) => Promise<Answer>

/**
 * What a preference says, of the values that it may have; the first one counts. Names are of any case, there may be spaces
 * around the equals sign, and quotes around the value: https://www.rfc-editor.org/rfc/rfc7240#section-2
 */
function preference(prefer: string | undefined, name: string, values: readonly string[]): string | undefined {
  const said = new RegExp(`(?:^|[,;\\s])${name}\\s*=\\s*"?([A-Za-z]+)`, 'i').exec(prefer ?? '')?.[1]?.toLowerCase()
  return values.find(value => value.toLowerCase() === said)
}

/** What `Prefer: return` asks to be sent back after a write, if it is there: https://hl7.org/fhir/R4/http.html#ops */
export const returnAsked = (prefer: string | undefined): string | undefined =>
  preference(prefer, 'return', ['minimal', 'representation', 'OperationOutcome'])

/** What is sent back after a write: all of it, if nothing else is asked for. */
export const returnPreference = (prefer: string | undefined): string => returnAsked(prefer) ?? 'representation'

/** Whether `Prefer: handling=lenient` asks to pass over unknown search parameters, https://hl7.org/fhir/R4/search.html#errors */
export const isLenient = (prefer: string | undefined): boolean =>
  preference(prefer, 'handling', ['lenient', 'strict']) === 'lenient'

/** The headers that name a version: `ETag: W/"3"` and when it was stored. https://hl7.org/fhir/R4/http.html#versioning */
export const versionHeaders = (version: number, updated: Date): Record<string, string> => ({
  etag: `W/"${version}"`,
  'last-modified': updated.toUTCString(),
})
