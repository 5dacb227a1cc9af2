/** The search parameter types of https://hl7.org/fhir/R4/search.html#ptypes that are served. */
export type SearchParamType = 'token' | 'string' | 'date' | 'reference' | 'quantity' | 'uri' | 'composite'

/**
 * Where the values of a search parameter live:
 * - `main`: the columns `date_lo`, `date_hi` that the patient's list is sorted by; one parameter of a type
 * - `interned`: a column that holds the hash of the whole set of codes, resolved through a small dictionary
 * - `keys`: hashes in the row's one array, for what has many different values (identifiers, references)
 * - `patient`: the row's `patient` column; only the parameters that make the resource a patient's
 * - `side`: rows of the side table of its type (strings, further dates, quantities)
 * - `either`: nowhere of its own; the union of the parameters that it names
 * - `parts`: nowhere of its own; both of the parameters that it names, each of which has one element in a resource
 * - `pairs`: hashes of what stands together in one of several elements, alone or beside a quantity
 * - `linked`: what a chain or `_has` leads to; no declaration says it, only a condition of a search
 */
export type Stored = 'main' | 'interned' | 'keys' | 'patient' | 'side' | 'either' | 'parts' | 'pairs' | 'linked'

/** One search parameter of a resource type: its type, and where its values live. */
export type SearchParam = {
  readonly type: SearchParamType
  readonly stored: Stored
  readonly of?: readonly string[]
}

/** A token (https://hl7.org/fhir/R4/search.html#token): `interned` where a type has few different code sets. */
export const token = (stored: 'interned' | 'keys' = 'interned'): SearchParam => ({ type: 'token', stored })

/** A date (https://hl7.org/fhir/R4/search.html#date): `main` for the one that a patient's list is sorted by. */
export const date = (stored: 'main' | 'side' = 'side'): SearchParam => ({ type: 'date', stored })

/** A reference (https://hl7.org/fhir/R4/search.html#reference): `patient` where it says whose record this is. */
export const reference = (stored: 'patient' | 'keys' = 'keys'): SearchParam => ({ type: 'reference', stored })

/** A string (https://hl7.org/fhir/R4/search.html#string). */
export const string = (): SearchParam => ({ type: 'string', stored: 'side' })

/** A quantity (https://hl7.org/fhir/R4/search.html#quantity). */
export const quantity = (): SearchParam => ({ type: 'quantity', stored: 'side' })

/** A uri (https://hl7.org/fhir/R4/search.html#uri). */
export const uri = (stored: 'interned' | 'keys' = 'keys'): SearchParam => ({ type: 'uri', stored })

/** A parameter whose values are those of several others: Observation's `combo-code` is `code` and `component-code`. */
export const either = (type: 'token' | 'quantity' | 'composite', ...of: readonly string[]): SearchParam => ({
  type,
  stored: 'either',
  of,
})

/**
 * A composite (https://hl7.org/fhir/R4/search.html#composite) of two declared parameters: `parts` where a resource has one
 * element of each, `pairs` where the two stand together in an element that is repeated.
 */
export const composite = (first: string, second: string, stored: 'parts' | 'pairs' = 'pairs'): SearchParam => ({
  type: 'composite',
  stored,
  of: [first, second],
})

/** The parameters that every resource has, https://hl7.org/fhir/R4/search.html#all (`_id` and `_lastUpdated` are columns). */
export const COMMON = {
  _tag: token(),
  _security: token(),
  _profile: uri('interned'),
  _source: uri(),
} as const satisfies Record<string, SearchParam>
