import type { IncomingHttpHeaders } from 'node:http'
import { endSession } from '../store/account-sessions.ts'
import { endOnlineAccess } from '../store/online-access.ts'
import { destroySession } from '../store/tokens.ts'
import { browserId } from './account/session.ts'
import type { SmartOptions } from './settings.ts'
import { auditGrant, personActing } from './trail.ts'

/** A sign-in at the pages of apps: the provider's session, and whose it is. */
export type SignIn = { readonly uid: string; readonly person: string | undefined }

/**
 * Ends what was granted for as long as somebody is signed in (SMART 2.2 "Scopes for requesting a refresh token"): when this has
 * come back, no process takes a token of it.
 */
async function endAccessOf(options: SmartOptions, { uid, person }: SignIn, requestId: string): Promise<void> {
  if (person === undefined) return
  for (const { clientId, patient, proxy } of await endOnlineAccess(options.pool, person, uid)) {
    const by = personActing(clientId, person, patient, proxy)
    await auditGrant(options, 'revoke', { app: clientId, by, requestId, result: { why: 'signed out' } })
  }
  await options.revoked?.settled()
}

/**
 * Ends both sign-ins of a browser, that of apps and that of the account's pages: whoever signs out means all of it, and on a
 * computer that others use nothing may be left.
 */
export async function signOutOf(
  options: SmartOptions,
  { headers, signIn, requestId }: { headers: IncomingHttpHeaders; signIn: SignIn | undefined; requestId: string },
): Promise<void> {
  const id = browserId({ headers }, options.config)
  if (id !== undefined) await endSession(options.pool, id)
  if (!signIn) return
  await destroySession(options.pool, signIn.uid)
  await endAccessOf(options, signIn, requestId)
}
