import { COMMON, type SearchParam } from '../fhir/search.ts'
import type { Json, ResourceOf, ResourceType } from '../fhir/types.ts'

/** Who asks: a patient for herself, a proxy for her, the trust's integration engine. */
export type Actor = 'patient' | 'proxy' | 'engine'

/** The interactions of a type, in the words of https://hl7.org/fhir/R4/valueset-type-restful-interaction.html */
export type Interaction =
  | 'read'
  | 'vread'
  | 'history-instance'
  | 'history-type'
  | 'search-type'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'

/** What a proxy's grant or a consent tick names. `shared`: what whoever reaches the patient at all may see. */
export type Topic = 'appointments' | 'results' | 'letters' | 'messages' | 'record' | 'shared'

/** When a patient and her proxies may see a resource: from a moment on, now, or never. */
export type Release = Date | 'now' | 'never'

/** What a Consent gives: to whom (`RelatedPerson/x`, or a system and value), over which topics, from when to when. */
export type Reach = {
  readonly actor: string
  /** Topics, or `*` for all. */
  readonly topics: readonly string[]
  /** ISO times, or -infinity and infinity. */
  readonly begins: string
  readonly ends: string
}

/** The vocabulary of a resource type: all that is served of it is said here, once. */
export type Definition<T extends ResourceType = ResourceType> = {
  readonly type: T
  readonly topic: Topic
  /** What it holds, as a consent page says it after "See"; `{your}` and `{you}` stand for the patient. */
  readonly words: string
  /** The same for its resources with one code of a parameter: what a granular scope asks for. */
  readonly kinds?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /**
   * Whose it is: the search parameters that make it one patient's; `self`: it is the Patient; `shared`:
   * everybody's, unless it names a patient; `referrers`: theirs who can see a resource that refers to it;
   * `none`: no patient's.
   */
  readonly compartment: readonly string[] | 'self' | 'shared' | 'referrers' | 'none'
  /** Whether one resource may be about several patients (an Appointment of two); such a one is no patient's. */
  readonly severalPatients?: true
  /** What each actor may do; what is not named is refused. */
  readonly may: Readonly<Partial<Record<Actor, readonly Interaction[]>>>
  readonly search: Readonly<Record<string, SearchParam>>
  /** The profiles that its resources can be read by, for the CapabilityStatement. */
  readonly profiles?: readonly string[]
  /** The parameters that implementation guides ask to be searched by together. */
  readonly combinations?: readonly (readonly string[])[]
  /**
   * It holds content that is sent and fetched as itself: `contentType` and `data`, as a Binary has them.
   * https://hl7.org/fhir/R4/binary.html#rest
   */
  readonly native?: true
  /** Whether a conditional delete may delete several at once; otherwise it has to match one at the most. */
  readonly conditionalDelete?: 'multiple'
  /** From when on a patient may see it; absent means at once. Kept as a column at write. */
  readonly release?: (resource: ResourceOf<T>, now: Date) => Release
  /**
   * Whether patients and proxies are shown what holds now and nothing that it replaced: of a result that was corrected, the
   * earlier one must not be taken for the truth.
   */
  readonly currentOnly?: true
  /** Whether a Patient's record is reached by herself and her proxies no more: she has died. */
  readonly endsReach?: (resource: Json) => boolean
  /** Who else may reach the patient by this resource: what an active Consent gives to a proxy. */
  readonly grants?: (resource: Json) => readonly Reach[]
  /**
   * The reference parameter whose targets it follows: it is in the record that they are in, and not released before them.
   * What follows targets of several patients is no patient's.
   */
  readonly follows?: string
  /** The type and parameter by which a resource of this type inherits a later release: an Observation its report's. */
  readonly releasedWith?: {
    readonly type: ResourceType
    readonly param: string
    /** The parameter by which a resource of its own type holds others, as a panel its values: they inherit from it, too. */
    readonly members?: string
  }
}

/** Whether resources of a type are in patients' records: the Patient herself, and what names her. */
export const isInRecords = ({ compartment }: Pick<Definition, 'compartment'>): boolean =>
  compartment === 'self' || Array.isArray(compartment)

/** What may be done when only looking is meant. */
export const reads = [
  'read',
  'vread',
  'history-instance',
  'history-type',
  'search-type',
] as const satisfies readonly Interaction[]

/** Everything that the server can do with a type. */
export const everything = [...reads, 'create', 'update', 'patch', 'delete'] as const satisfies readonly Interaction[]

/** The patient looks, the engine does everything: what most types declare. */
export const patientReads = { patient: reads, proxy: reads, engine: everything } as const

/** Declares a type; the parameters that every resource has (https://hl7.org/fhir/R4/search.html#all) come with it. */
export function define<T extends ResourceType>(definition: Definition<T>): Definition<T> {
  return Object.freeze({ ...definition, search: Object.freeze({ ...COMMON, ...definition.search }) })
}
