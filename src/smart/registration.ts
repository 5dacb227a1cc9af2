import { errors } from 'oidc-provider'
import { grantable } from '../access/scopes.ts'
import { secretMatches } from './clients.ts'

/** What an app that registers itself may have at the most, unless the initial access token says otherwise. */
export const REGISTRABLE =
  'openid fhirUser launch launch/patient launch/encounter online_access offline_access patient/*.rs user/*.rs'

/** The members of RFC 7591 section 2 that an app may say of itself. Others are passed over, as that section asks. */
const MEMBERS = [
  'redirect_uris',
  'post_logout_redirect_uris',
  'token_endpoint_auth_method',
  'token_endpoint_auth_signing_alg',
  'application_type',
  'client_name',
  'client_uri',
  'logo_uri',
  'policy_uri',
  'tos_uri',
  'contacts',
  'jwks',
  'jwks_uri',
] as const
/** Members that RFC 7592 section 2.2 forbids or needs in an update: the provider judges them. */
const OF_UPDATES = [
  'client_id',
  'client_secret',
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
] as const
const GRANT_TYPES = ['authorization_code', 'refresh_token']
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])
const LONGEST_NAME = 100

type Metadata = { [member: string]: unknown }

const refuse = (why: string): never => {
  throw new errors.InvalidClientMetadata(why)
}
const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter(each => typeof each === 'string') : []

/**
 * What is wrong with a redirect URI. It has to be fully specified (SMART 2.2 "Registering a SMART App"), and lead to a site by https,
 * to the person's own machine, or to an app by a scheme of its own domain (RFC 8252 section 7).
 */
export function redirectFault(uri: string): string | undefined {
  const url = URL.parse(uri)
  if (!url || uri !== uri.trim()) return 'is not an absolute URI'
  if (uri.includes('#') || uri.includes('*') || url.username !== '' || url.password !== '')
    return 'has a fragment, a wildcard, or a user'
  if (url.protocol === 'https:') return undefined
  if (url.protocol === 'http:') return LOOPBACK.has(url.hostname) ? undefined : 'must be https'
  return url.protocol.includes('.') ? undefined : 'must be https, or a scheme that is a domain name turned around'
}

const isOfADevice = (uri: string): boolean => !uri.startsWith('https:')

function checkUris(uris: readonly string[], member: string): void {
  for (const uri of uris) {
    const fault = redirectFault(uri)
    const error_description = `${member}: ${uri.slice(0, 200)} ${fault}`
    if (fault) throw Object.assign(new errors.InvalidRedirectUri(), { error_description })
  }
}

function checkKeys({ jwks_uri }: Metadata, internalOrigins: readonly string[]): void {
  if (jwks_uri === undefined) return
  const url = typeof jwks_uri === 'string' ? URL.parse(jwks_uri) : null
  if (url?.protocol !== 'https:' && !internalOrigins.includes(url?.origin ?? '')) refuse('jwks_uri must be https')
}

/** The name that the consent page shows: what the app says, or the site that it is at. */
function nameOf({ client_name }: Metadata, uris: readonly string[]): string {
  const name = client_name ?? URL.parse(uris[0] ?? '')?.host ?? 'App'
  if (typeof name !== 'string' || name.trim() === '' || name.length > LONGEST_NAME || /\p{C}/u.test(name))
    return refuse(`client_name must be a text of 1 to ${LONGEST_NAME} characters that can be seen`)
  return name
}

function checkFlow(given: Metadata): void {
  const types = given.grant_types === undefined ? [] : textsOf(given.grant_types)
  const other = types.find(type => !GRANT_TYPES.includes(type))
  if (other !== undefined)
    refuse(
      `grant_types: ${other} is for systems of the hospital, or not served; they are registered by an administrator`,
    )
  if (textsOf(given.response_types).some(type => type !== 'code')) refuse('response_types can be code only')
}

/**
 * Makes the metadata that an app says of itself into what the provider takes: the members that it may say, its SMART
 * scopes beside them. `most` are the scopes that it may have at the most.
 * @throws InvalidClientMetadata, InvalidRedirectUri, RFC 7591 section 3.2.2
 */
export function registrationOf(body: unknown, most: string, internalOrigins: readonly string[]): Metadata {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return refuse('a JSON object is needed')
  const given = body as Metadata
  checkFlow(given)
  checkUris(textsOf(given.redirect_uris), 'redirect_uris')
  checkUris(textsOf(given.post_logout_redirect_uris), 'post_logout_redirect_uris')
  checkKeys(given, internalOrigins)
  const uris = textsOf(given.redirect_uris)
  const { scope = most } = given
  if (typeof scope !== 'string') return refuse('scope must be a text')
  const scopes = given.scope === undefined ? most.split(' ') : grantable(scope, most, 'launch')
  if (scopes.length === 0) refuse(`scope: nothing of it can be registered; at the most ${most}`)
  const known = [...MEMBERS, ...OF_UPDATES].filter(member => given[member] !== undefined)
  return {
    application_type: uris.length > 0 && uris.every(isOfADevice) ? 'native' : 'web',
    ...Object.fromEntries(known.map(member => [member, given[member]])),
    client_name: nameOf(given, uris),
    grant_types: GRANT_TYPES,
    response_types: ['code'],
    smart_scopes: scopes.join(' '),
  }
}

/** An update may repeat the secret that the client has (RFC 7592 section 2.2); what is kept of that is its hash. */
export function withoutOwnSecret(body: Metadata, stored: string | undefined): Metadata {
  const { client_secret, ...rest } = body
  return typeof client_secret === 'string' && secretMatches(stored, client_secret) ? rest : body
}

/** The answer to a registration as RFC 7591 section 3.2.1 has it: `scope` in its own member, no hash for a secret. */
export function registrationAnswer(metadata: Metadata): Metadata {
  const { smart_scopes, client_secret, ...rest } = metadata
  for (const name of ['smart_kind', 'cors_origins', 'maker', 'previous_secret']) delete rest[name]
  const isNew = typeof client_secret === 'string' && !client_secret.startsWith('sha256:')
  return { ...rest, scope: smart_scopes, ...(isNew ? { client_secret } : {}) }
}
