import type { Invariants } from '../invariant.ts'
import { ADMINISTRATION } from './administration.ts'
import { BUNDLES } from './bundles.ts'
import { CLINICAL } from './clinical.ts'
import { DATATYPES } from './datatypes.ts'
import { DEFINITIONS } from './definitions.ts'
import { QUESTIONNAIRES } from './questionnaires.ts'
import { TIMING } from './timing.ts'

/** The invariants of the served types and their datatypes, written by hand, by the element that has them and by key. */
export const INVARIANTS: Readonly<Record<string, Invariants>> = {
  ...ADMINISTRATION,
  ...BUNDLES,
  ...CLINICAL,
  ...DATATYPES,
  ...DEFINITIONS,
  ...QUESTIONNAIRES,
  ...TIMING,
}
