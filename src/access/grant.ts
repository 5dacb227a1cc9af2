import type { Actor } from '../resources/definition.ts'
import { parseScopes, type ScopeToken } from './scopes.ts'

/** What an access token says of who asks, for whom, and how far (RFC 9068 claims and SMART's launch context). */
export type Grant = {
  readonly actor: Actor
  /** The app or engine: `client_id`. */
  readonly client: string
  /** The person, or the client itself for backend services. */
  readonly subject: string
  readonly scopes: readonly ScopeToken[]
  /** Every scope string of the token, resource scopes or not. */
  readonly scopeTexts: ReadonlySet<string>
  /** The one patient in context; absent for backend services. */
  readonly patient?: string
  /** `Patient/x` or `RelatedPerson/x`: who the person is in the record. */
  readonly fhirUser?: string
  readonly tokenId: string
  /** Seconds since 1970. */
  readonly expires: number
}

/** The claims of an access token, as far as they are read here. */
export type Claims = {
  readonly sub: string
  readonly client_id: string
  readonly scope?: string
  readonly patient?: string
  readonly fhirUser?: string
  readonly act?: { readonly sub: string }
  readonly jti: string
  readonly exp: number
}

/** Only a client that speaks for itself is an engine; a person without a patient in context reaches nothing. */
function actorOf(claims: Claims): Actor {
  if (claims.patient === undefined && claims.sub === claims.client_id) return 'engine'
  return claims.act === undefined ? 'patient' : 'proxy'
}

/** The grant that the verified claims of an access token stand for. */
export function grantOf(claims: Claims): Grant {
  const scope = claims.scope ?? ''
  return {
    actor: actorOf(claims),
    client: claims.client_id,
    subject: claims.sub,
    scopes: parseScopes(scope),
    scopeTexts: new Set(scope.split(' ')),
    tokenId: claims.jti,
    expires: claims.exp,
    ...(claims.patient === undefined ? {} : { patient: claims.patient }),
    ...(claims.fhirUser === undefined ? {} : { fhirUser: claims.fhirUser }),
  }
}
