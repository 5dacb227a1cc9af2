import { hash, verify } from '@node-rs/argon2'
import { turns } from '../store/turns.ts'

// The least that OWASP's password storage cheat sheet asks of argon2id, which is the library's default algorithm.
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

// Of Node's four threads: a flood of sign-ins leaves the others to what signs tokens and reads files.
const inTurn = turns(2)

/** The form in which a password is kept: argon2id with a salt of its own. Runs outside the event loop. */
export const hashPassword = (password: string): Promise<string> => inTurn(() => hash(password, COST))

let nobody: Promise<string> | undefined

/**
 * Whether a password is the one that was hashed. Without a hash (nobody has that name, or the account has no password)
 * the same work is done against a hash of nothing known, so that the time taken tells nothing.
 */
export async function passwordMatches(stored: string | undefined, password: string): Promise<boolean> {
  nobody ??= hashPassword(crypto.randomUUID())
  const against = stored ?? (await nobody)
  const matches = await inTurn(() => verify(against, password))
  return matches && stored !== undefined
}
