import jwt, { type Secret, type TokenOrHeader } from '@fastify/jwt'
import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { jwtVerify } from 'jose'
import type { Claims } from '../access/grant.ts'
import { ALGORITHMS, issuerKeys } from './issuer-keys.ts'

/** Checks signature, issuer, audience, type and time of access tokens. */
export type Verifier = {
  /** The claims of a token. @throws when any is wrong, FhirError 503 when that cannot be known */
  readonly verify: (request: FastifyRequest, token: string) => Promise<Claims>
  /** Changes when what was verified before has to be verified again. */
  readonly generation: () => number
}

/** Makes a verifier within the part of the application whose requests carry tokens. */
export type Tokens = (app: FastifyInstance) => Promise<Verifier>

// An allowed issuer and audience are compared only where there is one.
const REQUIRED = ['iss', 'aud', 'exp', 'iat', 'sub', 'jti', 'client_id']
/** RFC 9068 section 2.1: so that an id_token is not taken for an access token. */
const TYPE = 'at+jwt'

type PublicPem = (kid: string) => string | undefined

/** The key that a token says it is signed with; a kid that is not ours has none. */
const keyOf =
  (publicPem: PublicPem): Secret =>
  (_request: FastifyRequest, token: TokenOrHeader, done: (error: Error | null, key: string | undefined) => void) => {
    const header = 'header' in token ? (token.header as { kid?: string }) : token
    const pem = publicPem(String(header.kid))
    done(pem === undefined ? new Error('signed with an unknown key') : null, pem)
  }

/** Access tokens of our own authorization server, whose keys are in this process. */
export const ownTokens =
  ({ issuer, audience, publicPem }: { issuer: string; audience: string; publicPem: PublicPem }): Tokens =>
  async app => {
    await app.register(jwt, {
      secret: keyOf(publicPem),
      decode: { complete: true },
      verify: {
        algorithms: ['ES256'],
        allowedIss: issuer,
        allowedAud: audience,
        checkTyp: TYPE,
        requiredClaims: REQUIRED,
      },
    })
    return { verify: request => request.jwtVerify<Claims>(), generation: () => 0 }
  }

/** Another authorization server whose access tokens are honoured in place of our own. */
export type Issuer = {
  /** As its tokens name it. */
  readonly issuer: string
  /** Where it publishes its keys. */
  readonly jwks: string
  readonly audience: string
}

/** `Patient/1` of a `fhirUser` that is written as the URL that it has here; a resource elsewhere is nobody here. */
function withOwnUser(claims: Record<string, unknown>, base: string): Record<string, unknown> {
  const { fhirUser, ...others } = claims
  if (typeof fhirUser !== 'string') return claims
  const relative = fhirUser.startsWith(`${base}/`) ? fhirUser.slice(base.length + 1) : fhirUser
  return /^[A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(relative) ? { ...others, fhirUser: relative } : others
}

/** Access tokens of another authorization server, with the FHIR base that they are for. Decision 0069. */
export const foreignTokens =
  ({ issuer, jwks, audience }: Issuer, base: string, clock: () => Date): Tokens =>
  async app => {
    const keys = issuerKeys({ url: jwks, clock, onFailure: logged(app.log) })
    return {
      async verify(_request, token) {
        const { payload } = await jwtVerify(token, header => keys.keyOf(header), {
          issuer,
          audience,
          typ: TYPE,
          algorithms: [...ALGORITHMS],
          requiredClaims: REQUIRED,
        })
        return withOwnUser(payload, base) as Claims
      },
      generation: keys.generation,
    }
  }

const logged = (log: FastifyBaseLogger) => (error: unknown) =>
  log.warn(error, 'the keys of the authorization server could not be fetched')
