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

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const PATIENT_ID = /^[A-Za-z0-9\-.]{1,64}$/

/** What each claim has to be where it is there. */
const KINDS: Readonly<Record<keyof Claims, (value: unknown) => boolean>> = {
  sub: isText,
  client_id: isText,
  jti: isText,
  exp: Number.isFinite,
  scope: value => typeof value === 'string',
  patient: value => isText(value) && PATIENT_ID.test(value),
  fhirUser: isText,
  act: value => typeof value === 'object' && value !== null && 'sub' in value && isText(value.sub),
}
const NEEDED = ['sub', 'client_id', 'jti', 'exp'] as const

/**
 * Why the claims of a token that was signed by the right one are not honoured; nothing when they are (RFC 9068 section 4).
 * A token that is bound to a key (RFC 9449) is worth nothing without the proof, which is not checked here.
 */
export function claimsFault(claims: Readonly<Record<string, unknown>>): string | undefined {
  if (claims.cnf !== undefined) return 'it is bound to a key (cnf), and no proof of it is checked here'
  for (const name of NEEDED) if (claims[name] === undefined) return `it has no ${name}`
  for (const [name, isRight] of Object.entries(KINDS))
    if (claims[name] !== undefined && !isRight(claims[name])) return `its ${name} is not what that has to be`
  return undefined
}

/**
 * Only a client that speaks for itself is an engine; a person without a patient in context has no record of her own there.
 * Who is somebody else than the patient acts for her, whether the issuer says `act` or not.
 */
function actorOf({ sub, client_id, patient, fhirUser = `Patient/${patient}`, act }: Claims): Actor {
  if (patient === undefined) return sub === client_id ? 'engine' : 'patient'
  return act === undefined && fhirUser === `Patient/${patient}` ? 'patient' : 'proxy'
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
