import {
  type AdapterFactory,
  type Client,
  type ClientCredentials,
  type Configuration,
  type ErrorOut,
  interactionPolicy,
  type JWKS,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import { findLaunchContext } from '../store/tokens.ts'
import { accountFinder, contextClaims } from './accounts.ts'
import { adapterFactory } from './adapter.ts'
import { finishAnswer } from './answers.ts'
import { assertAssertion } from './assertion.ts'
import { fetchFrom } from './client-keys.ts'
import { OWN_METADATA, originAllowed, secretFits } from './clients.ts'
import { managementOf, scopesSupported } from './discovery.ts'
import { features } from './features.ts'
import { derive } from './keys.ts'
import { checkLaunch } from './launch.ts'
import { END_SESSION, finishLogouts } from './logout.ts'
import { finishRegistrations } from './registration-routes.ts'
import { LIFETIME } from './resource-server.ts'
import { deriveRotated, successorWith } from './rotation.ts'
import { issuerOf, MOUNT, type SmartOptions } from './settings.ts'
import { auditProvider } from './trail.ts'

const DAY = 24 * 60 * 60

/** Renders the page for an error that must not be sent to an app's redirect URI. */
export type RenderError = (ctx: KoaContextWithOIDC, out: ErrorOut, error: Error) => void

const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : []

/** A session whose account was closed leads to the sign-in page, not to an error. */
function policy(): interactionPolicy.Prompt[] {
  const prompts = interactionPolicy.base()
  const closed = new interactionPolicy.Check('account_closed', 'The account is closed', ctx =>
    Boolean(ctx.oidc.session?.accountId && !ctx.oidc.account),
  )
  prompts.get('login')?.checks.add(closed)
  return prompts
}

/** Of the launch context what the FHIR server needs. */
const IN_TOKEN = new Set(['patient', 'fhirUser', 'act'])

type Issued = {
  kind: string
  grantId?: string | undefined
  sessionUid?: string | undefined
  gty?: string | undefined
  extra?: object | undefined
}

/**
 * A JWT is stored by nobody; introspection, revocation and the list of revoked tokens need a row of it. It is stored
 * before it is signed: a token that is not stored is not issued.
 */
const storeJwt =
  (adapter: AdapterFactory) =>
  async (
    _ctx: KoaContextWithOIDC,
    token: Issued,
    { payload }: { payload: Record<string, unknown> },
  ): Promise<undefined> => {
    const { jti, iat, exp, client_id, sub, scope, aud } = payload
    const { grantId, sessionUid } = token
    const account = token.kind === 'AccessToken' ? { accountId: String(sub), grantId, sessionUid } : {}
    const rest = { kind: token.kind, gty: token.gty, extra: { ...token.extra }, scope: String(scope), aud: String(aud) }
    const times = { iat: Number(iat), exp: Number(exp) }
    // What is for the app alone stays beside the token: a header has little room (SAL-134).
    for (const name of Object.keys(rest.extra)) if (!IN_TOKEN.has(name)) delete payload[name]
    await adapter(token.kind).upsert(
      String(jti),
      { ...account, ...rest, ...times, clientId: String(client_id) },
      times.exp - times.iat,
    )
  }

/** How long things live, in seconds. A grant, and with it the consent, is given for a year at most. */
const TTL: Configuration['ttl'] = {
  AccessToken: (_ctx, token) => token.resourceServer?.accessTokenTTL ?? LIFETIME.launch,
  ClientCredentials: (_ctx, token: ClientCredentials) => token.resourceServer?.accessTokenTTL ?? LIFETIME.backend,
  AuthorizationCode: 60,
  IdToken: 900,
  Interaction: 30 * 60,
  Session: 30 * 60,
  RefreshToken: 90 * DAY,
  Grant: 365 * DAY,
}

/** A set of keys is a few kilobytes; by itself the provider reads without end. */
const MOST_FETCHED = 256 * 1024

/** Below the issuer. */
const ROUTES = {
  authorization: '/authorize',
  token: '/token',
  introspection: '/introspect',
  revocation: '/revoke',
  jwks: '/jwks',
  end_session: END_SESSION,
  pushed_authorization_request: '/par',
  registration: '/register',
} as const

function configuration(options: SmartOptions, renderError: RenderError): Configuration {
  const { config, pool, keys } = options
  const adapter = adapterFactory(pool, successorWith(config.secret))
  return {
    adapter,
    jwks: structuredClone(keys.jwks) as JWKS,
    discovery: { management_endpoint: managementOf(config) },
    scopes: ['openid', 'offline_access', 'fhirUser'],
    claims: { openid: ['sub'], fhirUser: ['fhirUser'] },
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_basic', 'private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['RS384', 'ES384'],
      idTokenSigningAlgValues: ['RS256'],
    },
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    extraClientMetadata: { properties: OWN_METADATA },
    extraParams: { launch: checkLaunch(options) },
    pkce: { required: () => true },
    routes: ROUTES,
    cookies: {
      keys: [derive(config.secret, 'cookies').toString('base64url')],
      long: { signed: true, httpOnly: true, sameSite: 'lax' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    ttl: TTL,
    interactions: { url: (_ctx, interaction) => `${MOUNT}/interaction/${interaction.uid}`, policy: policy() },
    findAccount: accountFinder(options),
    // A new grant for each launch: one app may hold the own record and a child's at the same time.
    loadExistingGrant: async ctx => {
      const grantId = ctx.oidc.result?.consent?.grantId
      return grantId ? ctx.oidc.provider.Grant.find(grantId) : undefined
    },
    issueRefreshToken: async (_ctx, client, source) =>
      client.grantTypeAllowed('refresh_token') &&
      (source.scopes.has('offline_access') || source.scopes.has('online_access')),
    // The provider's own binding ends the first token when the app is opened a second time; accountFinder() has ours.
    expiresWithSession: async () => false,
    // Whichever token an app gives back, its access is over: a grant without tokens would be shown as one that is alive.
    revokeGrantPolicy: async () => true,
    extraTokenClaims: async (_ctx, token) =>
      'grantId' in token && token.grantId ? contextClaims(await findLaunchContext(pool, token.grantId)) : undefined,
    formats: { customizers: { jwt: storeJwt(adapter) } },
    assertJwtClientAuthClaimsAndHeader: async (ctx, claims, header, client) =>
      assertAssertion(ctx, claims, header, client),
    clientBasedCORS: (_ctx, origin, client) =>
      originAllowed(origin, client.redirectUris ?? [], strings(client.cors_origins)),
    fetch: fetchFrom(options.internalOrigins ?? []),
    fetchResponseBodyLimits: { jwks_uri: MOST_FETCHED, sector_identifier_uri: MOST_FETCHED },
    renderError: async (ctx, out, error) => renderError(ctx, out, error),
    features: features(options),
  }
}

/** Makes the OAuth 2.0 and OpenID Connect server: `oidc-provider`, bent to SMART App Launch 2.2 in this folder only. */
export function makeProvider(options: SmartOptions, renderError: RenderError): Provider {
  const provider = new Provider(issuerOf(options.config), configuration(options, renderError))
  // Trusted because src/smart/plugin.ts writes the headers itself: host and protocol are configuration.
  provider.proxy = true
  provider.Client.prototype.compareClientSecret = function (this: Client, given: string) {
    return secretFits(this, given)
  }
  deriveRotated(provider, successorWith(options.config.secret))
  const scopes = scopesSupported()
  finishRegistrations(provider, options)
  auditProvider(provider, options)
  finishLogouts(provider, options)
  provider.use(async (ctx, next) => {
    await next()
    // "Revoked" must be true at the FHIR server when the app hears it.
    if (ctx.oidc?.route === 'revocation') await options.revoked?.settled()
    finishAnswer(ctx as unknown as KoaContextWithOIDC, scopes)
  })
  return provider
}
