import { randomUUID } from 'node:crypto'
import { importJWK, type JWK, SignJWT } from 'jose'
import { loadKeys } from '../../src/smart/keys.ts'
import type { TestServer } from './server.ts'

export type TokenClaims = {
  sub: string
  scope: string
  patient?: string
  fhirUser?: string
  client_id?: string
  act?: { sub: string }
  /** Seconds from now; negative for one that has ended. */
  expiresIn?: number
  /** Claims that a forged or foreign token has otherwise. */
  iss?: string
  aud?: string
  typ?: string
}

const SECRET = 'the-secret-of-every-test-server-here'

/** An access token as the authorization server would sign it, for tests that are not about signing in. */
export async function token(
  { pool, baseUrl }: Pick<TestServer, 'pool' | 'baseUrl'>,
  claims: TokenClaims,
): Promise<string> {
  const { jwks } = await loadKeys(pool, SECRET)
  const key = jwks.keys.find(each => each.alg === 'ES256') as JWK
  const {
    expiresIn = 900,
    iss = `${baseUrl}/oauth2`,
    aud = `${baseUrl}/fhir`,
    typ = 'at+jwt',
    client_id,
    ...rest
  } = claims
  const now = Math.floor(Date.now() / 1000)
  return await new SignJWT({ client_id: client_id ?? (rest.patient ? 'test-app' : rest.sub), ...rest })
    .setProtectedHeader({ alg: 'ES256', kid: key.kid ?? '', typ })
    .setIssuer(iss)
    .setAudience(aud)
    .setIssuedAt(now)
    .setExpirationTime(now + expiresIn)
    .setJti(randomUUID())
    .sign(await importJWK(key, 'ES256'))
}

/** The token of an integration engine that may do everything. */
export const engineToken = (server: Pick<TestServer, 'pool' | 'baseUrl'>, scope = 'system/*.cruds'): Promise<string> =>
  token(server, { sub: 'test-engine', scope })

/**
 * The token of a person who is the Patient of this id; her account is made if it is not there.
 */
export async function patientToken(
  server: Pick<TestServer, 'pool' | 'baseUrl'>,
  patient: string,
  scope = 'patient/*.rs',
): Promise<string> {
  await person(server, patient, [`Patient/${patient}`])
  return await token(server, { sub: patient, patient, scope, fhirUser: `Patient/${patient}` })
}

/** Makes the account of a person who is these actors in the records. */
export async function person({ pool }: Pick<TestServer, 'pool'>, id: string, actors: readonly string[]): Promise<void> {
  await pool.query(
    `insert into person (id, email, email_folded, name) values ($1, $1 || '@example.org', $1 || '@example.org', $1) on conflict do nothing`,
    [id],
  )
  await pool.query('insert into person_actor (person, actor) select $1, unnest($2::text[]) on conflict do nothing', [
    id,
    actors,
  ])
}
