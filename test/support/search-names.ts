// What the resources that samples name are called.
import type { Json } from '../../src/fhir/types.ts'

/** A text as strings are compared. */
export const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()

/** What those who perform are called. */
export const NAMES: Readonly<Record<string, string>> = {
  'Practitioner/p': 'Archer',
  'Practitioner/q': 'Árbol',
  'Organization/p': 'Arches',
}
/** Where the visits were. */
export const PLACES: Readonly<Record<'ward' | 'clinic' | 'home', string>> = {
  ward: 'Ward 1',
  clinic: 'Clinic 1',
  home: 'Ward 12',
}
/** What is nobody's in particular: who performs, and where. */
export const EVERYBODYS: readonly Json[] = [
  { resourceType: 'Practitioner', id: 'p', name: [{ family: NAMES['Practitioner/p'] }] },
  { resourceType: 'Practitioner', id: 'q', name: [{ family: NAMES['Practitioner/q'] }] },
  { resourceType: 'Organization', id: 'p', name: NAMES['Organization/p'] },
  // Named like them, and by nobody.
  { resourceType: 'Practitioner', id: 'r', name: [{ family: 'Archer' }] },
  ...Object.entries(PLACES).map(([id, name]) => ({ resourceType: 'Location', id, name })),
]

/** Beginnings of these names, and of none. */
export const BEGINNINGS = ['arch', 'Archer', 'ar', 'arb', 'arc', 'x', '\u{10ffff}', 'ward 1', 'Ward 12', 'clinic']
/** Whether a name begins with a text, as strings are compared. */
export const begins = (name: string | undefined, text: string): boolean =>
  name !== undefined && folded(name).startsWith(folded(text))
