import { CONTEXT_SCOPES, grantable, SYSTEM_SCOPES } from '../access/scopes.ts'
import { definitions } from '../resources/index.ts'
import { END_SESSION } from './logout.ts'
import { ACCOUNT, fhirBaseOf, issuerOf, MOUNT, type SmartConfig } from './settings.ts'

/** The absolute addresses of the authorization server, for discovery and for the CapabilityStatement. */
export function endpoints(config: Pick<SmartConfig, 'baseUrl'>) {
  const issuer = issuerOf(config)
  return {
    authorize: `${issuer}/authorize`,
    token: `${issuer}/token`,
    introspect: `${issuer}/introspect`,
    revoke: `${issuer}/revoke`,
    jwks: `${issuer}/jwks`,
    register: `${issuer}/register`,
    par: `${issuer}/par`,
    endSession: `${issuer}${END_SESSION}`,
  } as const
}

/** Where a person sees which apps she has allowed, and takes that back. */
export const managementOf = (config: Pick<SmartConfig, 'baseUrl'>): string => `${config.baseUrl}${ACCOUNT}/apps`

/**
 * What an app can rely on, https://hl7.org/fhir/smart-app-launch/conformance.html#capabilities.
 * Each one is a claim that a test makes good.
 */
export const CAPABILITIES = [
  'launch-ehr',
  'launch-standalone',
  'authorize-post',
  'client-public',
  'client-confidential-symmetric',
  'client-confidential-asymmetric',
  'sso-openid-connect',
  'context-banner',
  'context-ehr-patient',
  'context-ehr-encounter',
  'context-standalone-patient',
  'permission-patient',
  'permission-user',
  'permission-offline',
  'permission-online',
  'permission-v1',
  'permission-v2',
] as const

const EVERYTHING = { patient: 'patient/*.cruds', user: 'user/*.cruds', system: 'system/*.cruds' } as const

/** Every scope that can be granted to some client: found by asking what would be granted (SAL-389). */
export function scopesSupported(): string[] {
  const contexts = ['patient', 'user', 'system'] as const
  const asked = (context: (typeof contexts)[number]) => [
    `${context}/*.cruds`,
    `${context}/*.read`,
    ...[...definitions.keys()].map(type => `${context}/${type}.cruds`),
  ]
  const resourceScopes = contexts.flatMap(context =>
    asked(context).flatMap(scope => grantable(scope, EVERYTHING[context], context === 'system' ? 'backend' : 'launch')),
  )
  return [...CONTEXT_SCOPES, ...SYSTEM_SCOPES, ...new Set(resourceScopes)]
}

/** The document at `[base]/.well-known/smart-configuration`, SMART 2.2 "Using well-known". */
export function smartConfiguration(config: Pick<SmartConfig, 'baseUrl'>) {
  const { authorize, token, introspect, revoke, register, jwks, par, endSession } = endpoints(config)
  return {
    issuer: issuerOf(config),
    jwks_uri: jwks,
    authorization_endpoint: authorize,
    token_endpoint: token,
    introspection_endpoint: introspect,
    revocation_endpoint: revoke,
    registration_endpoint: register,
    pushed_authorization_request_endpoint: par,
    end_session_endpoint: endSession,
    management_endpoint: managementOf(config),
    grant_types_supported: ['authorization_code', 'client_credentials'],
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: scopesSupported(),
    capabilities: CAPABILITIES,
  }
}

/** Where the discovery documents are, by path: ours for SMART, the provider's own for OpenID Connect. */
export const DISCOVERY_PATHS = {
  smart: '/fhir/.well-known/smart-configuration',
  openid: [
    `${MOUNT}/.well-known/openid-configuration`,
    // fhir-kit-client looks below the FHIR base, RFC 8414 section 3 at the origin.
    '/fhir/.well-known/openid-configuration',
    `/.well-known/oauth-authorization-server${MOUNT}`,
  ],
} as const

export { fhirBaseOf, issuerOf }
