import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { findActivePerson, peopleReachable } from '../store/people.ts'
import { findLaunchContext, type LaunchContext } from '../store/tokens.ts'
import type { SmartOptions } from './settings.ts'

/** What a token and the answer beside it carry: SMART 2.2 "Launch context arrives with your access_token". */
export function contextClaims(context: LaunchContext | undefined): Record<string, unknown> | undefined {
  if (!context?.fhirUser && !context?.patient) return undefined
  return {
    ...(context.patient === undefined
      ? {}
      : { patient: context.patient, need_patient_banner: true, ...context.parameters }),
    ...(context.fhirUser === undefined ? {} : { fhirUser: context.fhirUser }),
    // Somebody acting for the patient: both are named (RFC 8693 section 4.1).
    ...(context.proxy ? { act: { sub: context.person } } : {}),
  }
}

/** Whether the person of a launch still reaches its record: asked again at every token. */
async function stillReaches({ pool, clock }: SmartOptions, context: LaunchContext): Promise<boolean> {
  if (context.patient === undefined) return true
  const reachable = await peopleReachable(pool, context.person, clock())
  return reachable.some(each => each.patient === context.patient && each.self === !context.proxy)
}

/**
 * Whether a token outlives its moment: one for `online_access` works while the person is signed in where it was given, one
 * for `offline_access` whether she is or not (SMART 2.2 "Scopes for requesting a refresh token").
 */
async function isOnline(ctx: KoaContextWithOIDC, token: object | undefined): Promise<boolean> {
  if (!(token instanceof ctx.oidc.provider.RefreshToken)) return true
  if (!token.scopes.has('online_access') || token.scopes.has('offline_access')) return true
  // A session is that of one person: the provider ends it before another signs in.
  return (await ctx.oidc.provider.Session.findByUid(token.sessionUid ?? '')) !== undefined
}

/**
 * Finds the account of a person. For a code or a refresh token it is found only while the person still reaches the
 * record that was opened with it, and is still signed in where that is what was granted: otherwise the exchange fails
 * with `invalid_grant`.
 */
export const accountFinder =
  (options: SmartOptions) =>
  async (ctx: KoaContextWithOIDC, sub: string, token?: object): Promise<Account | undefined> => {
    if (!(await findActivePerson(options.pool, sub)) || !(await isOnline(ctx, token))) return undefined
    const grantId = token && 'grantId' in token && typeof token.grantId === 'string' ? token.grantId : undefined
    const context = grantId === undefined ? undefined : await findLaunchContext(options.pool, grantId)
    if (context && !(await stillReaches(options, context))) return undefined
    return {
      accountId: sub,
      claims: () => ({ sub, ...(context?.fhirUser === undefined ? {} : { fhirUser: context.fhirUser }) }),
    }
  }
