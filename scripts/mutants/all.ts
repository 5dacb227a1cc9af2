import { access } from './access.ts'
import { account } from './account.ts'
import { around } from './around.ts'
import { authorization } from './authorization.ts'
import { clients } from './clients.ts'
import { consent } from './consent.ts'
import type { Mutant } from './mutant.ts'
import { pages } from './pages.ts'
import { past } from './past.ts'
import { proxies } from './proxies.ts'
import { reads } from './reads.ts'
import { registration } from './registration.ts'
import { release } from './release.ts'
import { remembered } from './remembered.ts'
import { tokens } from './tokens.ts'
import { visible } from './visible.ts'
import { writes } from './writes.ts'

/** Every mutant, by the file that it changes. */
export const MUTANTS: readonly Mutant[] = [
  ...access,
  ...visible,
  ...proxies,
  ...release,
  ...authorization,
  ...consent,
  ...clients,
  ...pages,
  ...reads,
  ...past,
  ...registration,
  ...account,
  ...tokens,
  ...around,
  ...remembered,
  ...writes,
]
