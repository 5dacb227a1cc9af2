import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { type Access, closed, lineOf, record } from '../store/audit.ts'
import type { Queryable } from '../store/db.ts'
import { findLaunchContext } from '../store/tokens.ts'
import type { SmartOptions } from './settings.ts'

/**
 * What happens to an app's access: a launch handle made, consent given, a token given or given anew, access taken back; and
 * that an app is registered, by itself or by an administrator, changed, switched off and on, and goes.
 */
export type GrantEvent =
  | 'launch'
  | 'authorize'
  | 'token'
  | 'refresh'
  | 'revoke'
  | 'register'
  | 'register-anew'
  | 'unregister'
  | 'rotate-secret'
  | 'disable'
  | 'enable'

type Trail = { pool: Queryable } & Pick<SmartOptions, 'clock'>
type Happened = { app: string; by: Access['grant']; requestId: string; result: Record<string, unknown> }

/** Writes what happened to an app's access into the audit record: on disk when this has come back. */
export async function auditGrant({ pool, clock }: Trail, interaction: GrantEvent, happened: Happened): Promise<void> {
  const { app, by, requestId, result } = happened
  await record(pool, closed(lineOf({ grant: by, requestId, interaction, what: `app/${app}` }, clock()), result))
}

/** Who acts by a grant that a person gave to an app, in the words of the audit record. */
export const personActing = (
  app: string,
  person: string,
  patient: string | undefined,
  proxy: boolean,
): Access['grant'] => ({
  actor: proxy ? 'proxy' : 'patient',
  subject: person,
  client: app,
  ...(patient === undefined ? {} : { patient }),
})

/** A client that speaks for itself, in the words of the audit record. */
export const systemActing = (clientId: string, patient?: string): Access['grant'] => ({
  actor: 'engine',
  subject: clientId,
  client: clientId,
  ...(patient === undefined ? {} : { patient }),
})

const requestIdOf = (ctx: KoaContextWithOIDC): string => ctx.response.get('x-request-id')

async function auditToken(trail: Trail, ctx: KoaContextWithOIDC): Promise<void> {
  const { AccessToken, ClientCredentials } = ctx.oidc.entities
  const requestId = requestIdOf(ctx)
  if (ClientCredentials?.clientId) {
    const app = ClientCredentials.clientId
    const result = { scope: ClientCredentials.scope ?? '' }
    return auditGrant(trail, 'token', { app, by: systemActing(app), requestId, result })
  }
  if (!AccessToken?.clientId) return
  const { clientId: app, accountId, extra, scope = '' } = AccessToken
  const patient = typeof extra?.patient === 'string' ? extra.patient : undefined
  const by = personActing(app, accountId, patient, extra?.act !== undefined)
  const interaction = ctx.oidc.params?.grant_type === 'refresh_token' ? 'refresh' : 'token'
  return auditGrant(trail, interaction, { app, by, requestId, result: { scope } })
}

async function auditRevoked(trail: Trail, ctx: KoaContextWithOIDC, grantId: string): Promise<void> {
  const context = await findLaunchContext(trail.pool, grantId)
  if (!context) return
  const { clientId: app, person, patient, proxy } = context
  const why = ctx.oidc.route === 'token' ? 'used again' : ctx.oidc.route === 'revocation' ? 'by the app' : 'signed out'
  const by = personActing(app, person, patient, proxy)
  return auditGrant(trail, 'revoke', { app, by, requestId: requestIdOf(ctx), result: { why } })
}

/**
 * Writes the audit lines of what the provider gives and takes back. Hooked before its own routes, so that the lines are on
 * disk before the answer leaves; without them there is no token in it.
 */
export function auditProvider(provider: Provider, trail: Trail): void {
  const revoked = new WeakMap<object, string[]>()
  provider.on('grant.revoked', (ctx, grantId) => {
    revoked.set(ctx.oidc, [...(revoked.get(ctx.oidc) ?? []), grantId])
  })
  const write = async (ctx: KoaContextWithOIDC, status: number) => {
    const { route, entities, client } = ctx.oidc
    const app = client?.clientId
    if (route === 'token' && status === 200) await auditToken(trail, ctx)
    if (route === 'revocation' && app !== undefined && entities.ClientCredentials?.clientId === app) {
      const result = { why: 'by the app' }
      await auditGrant(trail, 'revoke', { app, by: systemActing(app), requestId: requestIdOf(ctx), result })
    }
    for (const grantId of revoked.get(ctx.oidc) ?? []) await auditRevoked(trail, ctx, grantId)
  }
  provider.use(async (ctx, next) => {
    await next()
    if (!ctx.oidc) return
    await write(ctx as unknown as KoaContextWithOIDC, ctx.status).catch(error => {
      ctx.status = 500
      ctx.body = { error: 'server_error' }
      provider.emit('server_error', ctx as unknown as KoaContextWithOIDC, error)
    })
  })
}
