import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { AllClientMetadata, Client } from 'oidc-provider'
import { type ClientRegistration, findClient } from '../store/clients.ts'
import type { Queryable } from '../store/db.ts'
import { sha256 } from '../store/tokens.ts'

const PREFIX = 'sha256:'

/** A new client secret: URL-safe, because RFC 6749 section 2.3.1 form-decodes what comes in a Basic header. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** How a secret is kept. One hash is enough: 256 random bits cannot be guessed. */
export const storedSecret = (secret: string): string => PREFIX + sha256(secret).toString('base64url')

/** Compares a secret with the stored form of it, in constant time. */
export function secretMatches(stored: string | undefined, given: string): boolean {
  if (!stored?.startsWith(PREFIX)) return false
  return timingSafeEqual(Buffer.from(stored), Buffer.from(storedSecret(given)))
}

/**
 * Whether a secret is the client's, or the one that it had before and may still use. Both are compared whatever the first says.
 */
export function secretFits({ clientSecret, previous_secret }: Client, given: string): boolean {
  const fits = [clientSecret, typeof previous_secret === 'string' ? previous_secret : undefined]
  return fits.map(stored => secretMatches(stored, given)).includes(true)
}

/** The members of a client's metadata that are ours, beside those of RFC 7591. */
export const OWN_METADATA = ['smart_scopes', 'smart_kind', 'cors_origins', 'maker', 'previous_secret']

const AUTH_METHOD = { public: 'none', confidential: 'client_secret_basic', backend: 'private_key_jwt' } as const

/**
 * A registration as the provider takes it (RFC 7591). SMART scopes never go into `scope`: the provider compares that
 * member with its own fixed list.
 */
export function toMetadata(client: ClientRegistration): AllClientMetadata {
  const grantTypes = client.kind === 'backend' ? ['client_credentials'] : ['authorization_code', 'refresh_token']
  return {
    token_endpoint_auth_method: AUTH_METHOD[client.kind],
    grant_types: grantTypes,
    response_types: client.kind === 'backend' ? [] : ['code'],
    ...(client.kind === 'backend' ? { redirect_uris: [] } : {}),
    ...client.metadata,
    client_id: client.clientId,
    client_name: client.name,
    ...(client.secret === undefined ? {} : { client_secret: client.secret }),
    ...(client.previousSecret === undefined ? {} : { previous_secret: client.previousSecret }),
    smart_scopes: client.scopes,
    smart_kind: client.kind,
  }
}

const COLUMNS = ['client_id', 'client_name', 'client_secret', 'previous_secret', 'smart_scopes', 'smart_kind', 'scope']

/** What the provider keeps of a client that registered itself, as a registration. A secret comes as itself once, then as its hash. */
export function toRegistration(metadata: AllClientMetadata): ClientRegistration {
  const { client_id = '', client_name = client_id, client_secret, smart_scopes, token_endpoint_auth_method } = metadata
  const members = Object.entries(metadata).filter(([name, value]) => value !== undefined && !COLUMNS.includes(name))
  const secret = client_secret?.startsWith(PREFIX) ? client_secret : client_secret && storedSecret(client_secret)
  return {
    clientId: client_id,
    name: client_name,
    kind: token_endpoint_auth_method === 'none' ? 'public' : 'confidential',
    metadata: Object.fromEntries(members),
    scopes: String(smart_scopes),
    secret,
  }
}

/** Loads an active client as the provider takes it. */
export async function clientMetadata(db: Queryable, clientId: string): Promise<AllClientMetadata | undefined> {
  // An assertion may name anything; PostgreSQL knows no text with a NUL in it.
  const client = clientId.includes('\0') ? undefined : await findClient(db, clientId)
  return client && toMetadata(client)
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a page of this origin may call the token endpoint for a client (SMART 2.2, "Considerations for CORS"):
 * the origins of its redirect URIs and those registered for it; any loopback port for an app that redirects to
 * loopback, whose port is chosen when it starts (RFC 8252 section 7.3).
 */
export function originAllowed(origin: string, redirectUris: readonly string[], registered: readonly string[]): boolean {
  const asked = URL.parse(origin)
  if (!asked || asked.origin !== origin) return false
  const loopback = asked.protocol === 'http:' && LOOPBACK.has(asked.hostname)
  return (
    registered.includes(origin) ||
    redirectUris.some(uri => {
      const redirect = URL.parse(uri)
      if (!redirect) return false
      return (
        redirect.origin === origin || (loopback && redirect.protocol === 'http:' && LOOPBACK.has(redirect.hostname))
      )
    })
  )
}
