import type { Pool } from 'pg'
import {
  type BackOff,
  countAttempt,
  findBySignIn,
  forgetAttempts,
  type Person,
  secondsToWait,
} from '../store/people.ts'
import { networkOf } from './network.ts'
import { passwordMatches } from './passwords.ts'

const BY_NAME: BackOff = { free: 5, longestSeconds: 15 * 60 }
// Many people may share one address: a ward, a library, a mobile network.
const BY_ADDRESS: BackOff = { free: 100, longestSeconds: 15 * 60 }

/** What is said of a name and password that do not fit, whoever the name belongs to. */
export const WRONG = 'The email address, user name or password is not right. Check them and try again.'

const LONGEST_PASSWORD = 1024

/** The password of a form, no longer than what is worth hashing. */
export const passwordOf = (form: URLSearchParams): string => (form.get('password') ?? '').slice(0, LONGEST_PASSWORD)

/** What came of an attempt to sign in. `refused` says nothing about whether there is such an account. */
export type Attempt = { outcome: 'in'; person: Person } | { outcome: 'refused' } | { outcome: 'wait'; seconds: number }

/** Who signs in, from where, and when. */
export type Credentials = { name: string; password: string; address: string; now: Date }

/**
 * Signs a person in with e-mail address or user name, and password (portal.md P12, P14). Whoever the name belongs to,
 * and if to nobody, the answer is the same and takes the same work; failures make the next attempt wait.
 */
export async function signIn(pool: Pool, { name, password, address, now }: Credentials): Promise<Attempt> {
  const network = networkOf(address)
  const seconds = Math.max(
    await secondsToWait(pool, 'address', network, now),
    await countAttempt(pool, 'name', name, now, BY_NAME),
  )
  if (seconds > 0) return { outcome: 'wait', seconds }
  const person = await findBySignIn(pool, name)
  const matches = await passwordMatches(person?.passwordHash, password)
  if (!person || !matches || person.state !== 'active') {
    await countAttempt(pool, 'address', network, now, BY_ADDRESS)
    return { outcome: 'refused' }
  }
  await forgetAttempts(pool, 'name', name)
  return { outcome: 'in', person }
}

/** How long to wait, in words: "30 seconds", "2 minutes". */
export function waitInWords(seconds: number): string {
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`
  const minutes = Math.ceil(seconds / 60)
  return minutes === 1 ? '1 minute' : `${minutes} minutes`
}
