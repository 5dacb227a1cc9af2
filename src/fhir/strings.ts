const ASCII = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/
const APOSTROPHES = /[\u2018\u2019\u02bc\u2032]/g
const MARKS = /\p{M}+/gu
const SPACES = /\s+/g

/**
 * A string as searches compare it: without case, accents and surplus white space, with straight apostrophes.
 * https://hl7.org/fhir/R4/search.html#string
 */
export function foldString(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase()
  return (
    text
      .normalize('NFKD')
      .replace(APOSTROPHES, "'")
      .replace(MARKS, '')
      // Upper before lower case is what makes ß and ss, ı and i, ς and σ the same.
      .toUpperCase()
      .toLowerCase()
      .replaceAll('ς', 'σ')
      .replace(SPACES, ' ')
      .trim()
  )
}

/** Whether a text has control characters but those of white space: no text of FHIR has them, and the store takes none. */
export function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++)
    if (text.charCodeAt(at) < 0x20 && !'\t\r\n'.includes(text[at] ?? '')) return true
  return false
}
