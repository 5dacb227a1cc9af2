import { type Client, errors, type KoaContextWithOIDC, type ResourceServer } from 'oidc-provider'
import { grantable, unenforceable } from '../access/scopes.ts'
import { givenScopes } from './launch.ts'
import { fhirBaseOf, type SmartConfig, type SmartOptions } from './settings.ts'

/** How long tokens live, in seconds. SMART 2.2: at most an hour; at most five minutes for backend services. */
export const LIFETIME = { launch: 900, backend: 300 } as const

/**
 * What is used when a request names no resource. An app has to (SMART 2.2 `aud`): a token for one server must not be
 * asked for by another one in its name. A backend service need not.
 */
export const defaultResource =
  (config: SmartConfig) =>
  async (ctx: KoaContextWithOIDC, _client: Client, oneOf?: readonly string[]): Promise<string> => {
    if (oneOf?.[0] !== undefined) return oneOf[0]
    if (ctx.oidc.route === 'token') return fhirBaseOf(config)
    throw new errors.InvalidRequest(`aud is required: ${fhirBaseOf(config)}`)
  }

function requestedScope(ctx: KoaContextWithOIDC): { text: string; isRequest: boolean } {
  const source = ctx.oidc.entities.RefreshToken ?? ctx.oidc.entities.AuthorizationCode
  if (source) return { text: source.scope ?? '', isRequest: false }
  const { scope } = ctx.oidc.params ?? {}
  return { text: typeof scope === 'string' ? scope : '', isRequest: true }
}

/**
 * How long an access token lives: one that was granted for while the person is signed in not longer than that, as it is known
 * now (SMART 2.2 "Scopes for requesting a refresh token").
 */
async function secondsOf(ctx: KoaContextWithOIDC, scopes: readonly string[]): Promise<number> {
  const source = ctx.oidc.entities.RefreshToken ?? ctx.oidc.entities.AuthorizationCode
  if (!source || !scopes.includes('online_access') || scopes.includes('offline_access')) return LIFETIME.launch
  const session = await ctx.oidc.provider.Session.findByUid(source.sessionUid ?? '')
  const left = (session?.exp ?? 0) - Math.floor(Date.now() / 1000)
  return Math.max(1, Math.min(LIFETIME.launch, left))
}

/**
 * The FHIR server as a resource server (RFC 8707): the scopes that this client can be granted of those it asked for,
 * and the form of its tokens. Asked again at each refresh, so that a scope taken from a client is gone by then.
 */
export const resourceServerInfo =
  ({ config, pool }: Pick<SmartOptions, 'config' | 'pool'>) =>
  async (ctx: KoaContextWithOIDC, resource: string, client: Client): Promise<ResourceServer> => {
    if (resource !== fhirBaseOf(config)) {
      throw new errors.InvalidTarget(`aud must be ${fhirBaseOf(config)}`)
    }
    const backend = ctx.oidc.params?.grant_type === 'client_credentials'
    const { text, isRequest } = requestedScope(ctx)
    const allowed = typeof client.smart_scopes === 'string' ? client.smart_scopes : ''
    const [fault] = isRequest ? unenforceable(text) : []
    if (fault !== undefined) throw new errors.InvalidScope(`this scope cannot be enforced here: ${fault}`, text)
    const asked = grantable(text, allowed, backend ? 'backend' : 'launch')
    // After consent the launch is used up, and was looked at before.
    const isLaunch = isRequest && ctx.oidc.route !== 'resume'
    const scopes = isLaunch ? await givenScopes(pool, asked, ctx.oidc.params?.launch) : asked
    if (scopes.length === 0) {
      throw new errors.InvalidScope('none of the requested scopes can be granted to this client', text)
    }
    const scope = scopes.join(' ')
    // The provider intersects with the request; what was narrowed ("patient/Patient.cruds" to ".rs") must be in it.
    if (isRequest && ctx.oidc.params) ctx.oidc.params.scope = scope
    return {
      scope,
      audience: fhirBaseOf(config),
      accessTokenTTL: backend ? LIFETIME.backend : await secondsOf(ctx, scopes),
      accessTokenFormat: 'jwt',
      jwt: { sign: { alg: 'ES256' } },
    }
  }
