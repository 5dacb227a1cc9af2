import { access } from './access.ts'
import type { Mutant } from './mutant.ts'
import { visible } from './visible.ts'

/** Every mutant, by the file that it changes. */
export const MUTANTS: readonly Mutant[] = [...access, ...visible]
