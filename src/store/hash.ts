import { createHash } from 'node:crypto'

const REMEMBERED = 50_000
const remembered = new Map<string, string>()

/**
 * The 64-bit hash of an index key, as the decimal text of a PostgreSQL bigint: the first eight bytes of SHA-256,
 * the same as `index_key()` in SQL. A hash and not a serial, so that several servers agree without talking.
 */
export function indexKey(value: string): string {
  const known = remembered.get(value)
  if (known !== undefined) return known
  const key = createHash('sha256').update(value).digest().readBigInt64BE(0).toString()
  if (remembered.size >= REMEMBERED) remembered.clear()
  remembered.set(value, key)
  return key
}

/**
 * The texts that are hashed for a token: exactly this system and code, this code in whatever system, this system
 * with whatever code. No system is written as an empty one (https://hl7.org/fhir/R4/search.html#token).
 */
export const tokenKeys = {
  exact: (param: string, system: string, code: string) => `${param}=${system}|${code}`,
  code: (param: string, code: string) => `${param}~${code}`,
  system: (param: string, system: string) => `${param}@${system}`,
  present: (param: string) => `${param}?`,
} as const

/** The text that is hashed for a reference: `result>Observation/1`, or `result>` and a url. */
export const referenceKey = (param: string, target: string): string => `${param}>${target}`

/** The text that is hashed for a uri. */
export const uriKey = (param: string, uri: string): string => `${param}=${uri}`

/** The text that is hashed for a text of a token (`:text`), as `foldString` leaves it. */
export const textKey = (param: string, folded: string): string => `${param}:text=${folded}`

/** The text that is hashed for an identifier with one of its types (`:of-type`). */
export const typedKey = (param: string, system: string, code: string, value: string): string =>
  `${param}:of-type=${system}|${code}|${value}`

/**
 * The text that is hashed for two values of a composite that stand together, or for the first one alone where the second
 * is a number beside it. Either is the text of a key of no parameter: `=system|code`, `~code`, `>Type/id`.
 */
export const pairKey = (param: string, first: string, second = ''): string => `${param}:${first}$${second}`
