import { randomBytes } from 'node:crypto'

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_LETTERS = 10

/**
 * A new logical id: 26 letters and digits, the first ten its time, so that new rows stand together in the index, the rest
 * 80 random bits, so that nobody guesses it. https://hl7.org/fhir/R4/datatypes.html#id
 */
export function newId(now: number = Date.now()): string {
  let time = ''
  for (let rest = now, at = 0; at < TIME_LETTERS; at++, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time
  let random = ''
  for (const byte of randomBytes(16)) random += ALPHABET[byte % 32]
  return time + random
}

/** Whether a text can be an id at all. https://hl7.org/fhir/R4/datatypes.html#id */
export const isId = (text: string): boolean => /^[A-Za-z0-9\-.]{1,64}$/.test(text)
