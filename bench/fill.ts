import { importJWK, type JWK, SignJWT } from 'jose'
import pg from 'pg'
import { loadKeys } from '../src/smart/keys.ts'
import { type Bundle, laboratories, patientId, record } from './data.ts'
import { SECRET } from './servers.ts'

export type Size = { readonly patients: number; readonly results: number }

/** What is in the database and who may ask for it. */
export type Filled = {
  readonly tokens: ReadonlyMap<string, readonly string[]>
  readonly engine: string
  readonly observations: readonly { readonly id: string; readonly patient: string }[]
  readonly seconds: number
}

const TOKENS = 500
const PROXIES = 20_000

type Sign = (claims: Record<string, string>) => Promise<string>

/** Signs as the authorization server does, with its own key: what a login costs is not what is measured here. */
async function signer(pool: pg.Pool, origin: string): Promise<Sign> {
  const { jwks } = await loadKeys(pool, SECRET)
  const jwk = jwks.keys.find(({ alg }) => alg === 'ES256') as JWK
  const key = await importJWK(jwk, 'ES256')
  let count = 0
  return claims =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: jwk.kid ?? '', typ: 'at+jwt' })
      .setIssuer(`${origin}/oauth2`)
      .setAudience(`${origin}/fhir`)
      .setIssuedAt()
      .setExpirationTime('4h')
      .setJti(`bench-${++count}`)
      .sign(key)
}

async function submit(origin: string, token: string, bundle: Bundle): Promise<void> {
  const response = await fetch(`${origin}/fhir`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify(bundle),
  })
  const answer = await response.text()
  if (response.status !== 200) throw new Error(`The server refused the data: ${response.status} ${answer}`)
}

/** An account for each patient, who is that patient in the records. */
async function enrol(pool: pg.Pool, patients: readonly string[]): Promise<void> {
  await pool.query(
    `insert into person (id, email, email_folded, name)
     select p, p || '@example.org', p || '@example.org', p from unnest($1::text[]) p`,
    [patients],
  )
  await pool.query("insert into person_actor (person, actor) select p, 'Patient/' || p from unnest($1::text[]) p", [
    patients,
  ])
  // As many proxies as a trust has: a small table would be read whole, and be planned for as such.
  await pool.query(
    `insert into reach (actor, patient, topics, begins, ends, consent)
     select 'RelatedPerson/' || n, 'other-' || n, array['results'], '2020-01-01', '2099-01-01', 'Consent/' || n
     from generate_series(1, $1) n`,
    [PROXIES],
  )
}

/** Loads the data through the server's own front door, and makes the tokens. */
export async function fill(databaseUrl: string, origin: string, { patients, results }: Size): Promise<Filled> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, application_name: 'bench' })
  try {
    const sign = await signer(pool, origin)
    const engine = await sign({ sub: 'bench-engine', client_id: 'bench-engine', scope: 'system/*.cruds' })
    await submit(origin, engine, laboratories())
    const began = performance.now()
    const numbers = Array.from({ length: patients }, (_, n) => n)
    const queue = [...numbers]
    const work = async () => {
      for (let n = queue.shift(); n !== undefined; n = queue.shift()) await submit(origin, engine, record(n, results))
    }
    await Promise.all([1, 2, 3, 4].map(work))
    const seconds = (performance.now() - began) / 1000
    const ids = numbers.map(patientId)
    await enrol(pool, ids)
    await pool.query('create table control_observation (like observation including all)')
    await pool.query('vacuum analyze')
    const each = Math.ceil(TOKENS / patients)
    const tokens = new Map<string, string[]>()
    for (const id of ids)
      tokens.set(
        id,
        await Promise.all(
          Array.from({ length: each }, () =>
            sign({
              sub: id,
              client_id: 'bench-app',
              scope: 'openid fhirUser launch/patient patient/*.rs',
              patient: id,
              fhirUser: `Patient/${id}`,
            }),
          ),
        ),
      )
    const found = await pool.query<{ id: string; patient: string }>('select id, patient from observation order by id')
    return { tokens, engine, observations: found.rows, seconds }
  } finally {
    await pool.end()
  }
}
