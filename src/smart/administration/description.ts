import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { Ajv, type JSONSchemaType } from 'ajv'
import { grantable, type SYSTEM_SCOPES } from '../../access/scopes.ts'
import type { ClientRegistration, Unserved } from '../../store/clients.ts'
import { redirectFault } from '../registration.ts'

/**
 * A client as an administrator describes it, in the words of RFC 7591 where that has some; `kind`, `maker`, `cors_origins`
 * and `unserved` are ours.
 */
export type Description = {
  client_id?: string
  client_name: string
  kind: ClientRegistration['kind']
  scope: string
  maker?: string
  redirect_uris?: string[]
  post_logout_redirect_uris?: string[]
  cors_origins?: string[]
  token_endpoint_auth_method?: 'none' | 'client_secret_basic' | 'private_key_jwt'
  jwks_uri?: string
  jwks?: { keys: Record<string, unknown>[] }
  contacts?: string[]
  unserved?: Unserved
}

const NAME = { type: 'string', minLength: 1, maxLength: 100, pattern: '^[^\\p{C}]*[^\\p{C}\\s][^\\p{C}]*$' } as const
const TEXTS = { type: 'array', items: { type: 'string' }, maxItems: 20, nullable: true } as const

const SCHEMA: JSONSchemaType<Description> = {
  type: 'object',
  required: ['client_name', 'kind', 'scope'],
  additionalProperties: false,
  properties: {
    client_id: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', nullable: true },
    client_name: NAME,
    kind: { type: 'string', enum: ['public', 'confidential', 'backend'] },
    scope: { type: 'string', minLength: 1, maxLength: 10_000 },
    maker: { ...NAME, nullable: true },
    redirect_uris: TEXTS,
    post_logout_redirect_uris: TEXTS,
    cors_origins: TEXTS,
    token_endpoint_auth_method: {
      type: 'string',
      enum: ['none', 'client_secret_basic', 'private_key_jwt'],
      nullable: true,
    },
    jwks_uri: { type: 'string', nullable: true },
    jwks: {
      type: 'object',
      required: ['keys'],
      properties: {
        keys: { type: 'array', minItems: 1, maxItems: 20, items: { type: 'object', required: [] } },
      },
      nullable: true,
    },
    contacts: TEXTS,
    unserved: { type: 'string', enum: ['refuse', 'skip'], nullable: true },
  },
}
/** The members of a description. */
export const MEMBERS: readonly string[] = Object.keys(SCHEMA.properties ?? {})

const ajv = new Ajv({ allErrors: true, strictTypes: false, unicodeRegExp: true })
const isDescription = ajv.compile(SCHEMA)

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

function originFault(origin: string): string | undefined {
  const url = URL.parse(origin)
  if (url?.origin !== origin) return 'is not an origin, as https://app.example'
  return url.protocol === 'https:' || LOOPBACK.has(url.hostname) ? undefined : 'must be https'
}

function publicKeyOf(jwk: Record<string, unknown>): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch {
    // What is not a key is said to the administrator, whatever the reason.
    return undefined
  }
}

/** What is wrong with a key by which a client signs: SMART 2.2 "Registering a client for asymmetric authentication". */
function keyFault(jwk: Record<string, unknown>): string | undefined {
  if ('d' in jwk || jwk.kty === 'oct') return 'is a private key: register the public one, and make a new pair'
  if (typeof jwk.kid !== 'string' || jwk.kid === '') return 'has no kid'
  const details = publicKeyOf(jwk)?.asymmetricKeyDetails
  if (!details) return 'is not a key that can be read'
  const isEs384 = details.namedCurve === 'secp384r1'
  const isRs384 = details.modulusLength !== undefined && details.modulusLength >= 2048
  return isEs384 || isRs384 ? undefined : 'must be for ES384 (EC, P-384) or RS384 (RSA of 2048 bits or more)'
}

function keyFaults({ jwks, jwks_uri }: Description, internalOrigins: readonly string[]): string[] {
  if (jwks && jwks_uri !== undefined) return ['jwks and jwks_uri: one of them']
  if (jwks_uri !== undefined) {
    const url = URL.parse(jwks_uri)
    const isApproved = url?.protocol === 'https:' || internalOrigins.includes(url?.origin ?? '')
    return isApproved ? [] : ['jwks_uri must be https, or at an origin of PORTICO_INTERNAL_ORIGINS']
  }
  const keys = jwks?.keys ?? []
  const faults = keys.flatMap((key, index) => {
    const fault = keyFault(key)
    return fault === undefined ? [] : [`jwks.keys[${index}] ${fault}`]
  })
  const kids = keys.map(({ kid }) => kid)
  return new Set(kids).size === kids.length ? faults : [...faults, 'jwks.keys: two of them have the same kid']
}

/** How the client shows who it is: as said, or else by the keys that it has, by a secret, or not at all. */
export function authMethodOf({ kind, token_endpoint_auth_method, jwks, jwks_uri }: Description): string {
  if (token_endpoint_auth_method) return token_endpoint_auth_method
  if (kind === 'public') return 'none'
  return kind === 'backend' || jwks || jwks_uri ? 'private_key_jwt' : 'client_secret_basic'
}

function methodFaults(description: Description): string[] {
  const { kind, jwks, jwks_uri } = description
  const method = authMethodOf(description)
  const hasKeys = jwks !== undefined || jwks_uri !== undefined
  if (kind === 'public' && method !== 'none') return ['a public client shows no secret and no key']
  if (kind !== 'public' && method === 'none') return [`a ${kind} client has to show who it is`]
  if (method === 'private_key_jwt' && !hasKeys) return ['jwks or jwks_uri is needed for private_key_jwt']
  return method !== 'private_key_jwt' && hasKeys ? [`jwks and jwks_uri are not for ${method}`] : []
}

const DEAD_SCOPE = 'can be granted to no client of this kind'

function scopeFaults({ kind, scope }: Description): string[] {
  const scopes = scope.split(' ')
  if (scopes.includes('')) return ['scope is a list of scopes with one space between them']
  const context = kind === 'backend' ? 'backend' : 'launch'
  return scopes.filter(each => grantable(each, each, context).length === 0).map(each => `scope: ${each} ${DEAD_SCOPE}`)
}

function uriFaults({ kind, redirect_uris = [], post_logout_redirect_uris = [], cors_origins = [] }: Description) {
  const faults = (member: string, uris: readonly string[], faultOf: (uri: string) => string | undefined) =>
    uris.flatMap(uri => (faultOf(uri) === undefined ? [] : [`${member}: ${uri.slice(0, 200)} ${faultOf(uri)}`]))
  const hasNone = kind !== 'backend' && redirect_uris.length === 0
  const hasSome = kind === 'backend' && redirect_uris.length > 0
  return [
    ...(hasNone ? ['redirect_uris: an app needs at least one'] : []),
    ...(hasSome ? ['redirect_uris are not for a backend client, which nobody signs in to'] : []),
    ...faults('redirect_uris', redirect_uris, redirectFault),
    ...faults('post_logout_redirect_uris', post_logout_redirect_uris, redirectFault),
    ...faults('cors_origins', cors_origins, originFault),
  ]
}

/**
 * All that is wrong with a description, or nothing.
 * @returns one text for each fault, which names the member
 */
export function faultsOf(given: unknown, internalOrigins: readonly string[]): string[] {
  if (!isDescription(given)) {
    const faults = isDescription.errors ?? []
    return faults.map(({ instancePath, message, params }) => {
      const member = instancePath.slice(1).replaceAll('/', '.') || 'the client'
      const extra = 'additionalProperty' in params ? ` ${params.additionalProperty}` : ''
      return `${member} ${message}${extra}`
    })
  }
  return [...uriFaults(given), ...methodFaults(given), ...keyFaults(given, internalOrigins), ...scopeFaults(given)]
}

const isOfADevice = (uri: string): boolean => !uri.startsWith('https:')

/** A description without faults as what is stored; the secret is somebody else's matter. */
export function registrationOf(
  description: Description,
  clientId: string,
  secret: string | undefined,
): ClientRegistration {
  const { kind, client_name, scope, redirect_uris = [], client_id: _id, unserved: _unserved, ...rest } = description
  const isNative = redirect_uris.length > 0 && redirect_uris.every(isOfADevice)
  return {
    clientId,
    name: client_name,
    kind,
    metadata: {
      ...rest,
      token_endpoint_auth_method: authMethodOf(description),
      ...(kind === 'backend' ? {} : { redirect_uris, application_type: isNative ? 'native' : 'web' }),
    },
    scopes: scope,
    secret,
  }
}

/** The scope by which clients are administered: who has it could give itself any other. */
export const ADMINISTRATION: (typeof SYSTEM_SCOPES)[number] = '__clients'
