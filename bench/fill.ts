import { importJWK, type JWK, SignJWT } from 'jose'
import pg from 'pg'
import { loadKeys } from '../src/smart/keys.ts'
import { type Bundle, patientId } from './data.ts'
import { type Amounts, directory, HUNDRED, personNumber, record, sizeOf, THOUSAND } from './record.ts'
import { SECRET } from './servers.ts'

/** How many patients with so many results each, and how many with a whole record of a known size. */
export type Size = { readonly patients: number; readonly results: number; readonly records: number }

/** The tokens of patients by their ids. */
export type Tokens = ReadonlyMap<string, readonly string[]>

/** What is in the database and who may ask for it. */
export type Filled = {
  readonly origin: string
  readonly tokens: Tokens
  /** Patients whose records have so many resources. */
  readonly sized: ReadonlyMap<number, Tokens>
  readonly engine: string
  readonly observations: readonly { readonly id: string; readonly patient: string }[]
  readonly personNumbers: readonly string[]
  readonly seconds: number
}

const TOKENS = 500
/** The numbers of the patients whose records have a known size begin here. */
const SIZED = [
  { amounts: HUNDRED, first: 80_000 },
  { amounts: THOUSAND, first: 90_000 },
]
const PROXIES = 20_000

export type Sign = (claims: Record<string, string>) => Promise<string>

/** A connection for a while. */
async function withPool<T>(databaseUrl: string, use: (pool: pg.Pool) => Promise<T>): Promise<T> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 2, application_name: 'bench' })
  try {
    return await use(pool)
  } finally {
    await pool.end()
  }
}

/** Signs as the authorization server does, with its own key: what a login costs is not what is measured here. */
export async function signer(databaseUrl: string, origin: string): Promise<Sign> {
  const { jwks } = await withPool(databaseUrl, pool => loadKeys(pool, SECRET))
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

const TRIES = 5

/** Sends a transaction through the server's own front door, and again when the machine was too busy for it. */
export async function submit(origin: string, token: string, bundle: Bundle, attempt = 1): Promise<void> {
  const response = await fetch(`${origin}/fhir`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/fhir+json' },
    body: JSON.stringify(bundle),
  })
  const answer = await response.text()
  if (response.status === 503 && attempt < TRIES) return submit(origin, token, bundle, attempt + 1)
  if (response.status !== 200) throw new Error(`The server refused the data: ${response.status} ${answer}`)
}

/** The same for many, a few at a time; each is made when its turn comes. */
export async function submitAll(origin: string, token: string, bundles: readonly (() => Bundle)[]): Promise<void> {
  const queue = [...bundles]
  const work = async () => {
    for (let make = queue.shift(); make; make = queue.shift()) await submit(origin, token, make())
  }
  await Promise.all([1, 2, 3, 4].map(work))
}

/** An account for each patient, who is that patient in the records. */
export const enrol = (databaseUrl: string, patients: readonly string[]): Promise<void> =>
  withPool(databaseUrl, async pool => {
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
    await pool.query('vacuum analyze person, person_actor, reach')
  })

/** What the controls look at that our own tables do not have: a copy for writes, and identifiers in a table of their own. */
async function prepareControls(pool: pg.Pool): Promise<void> {
  await pool.query('create table control_observation (like observation including all)')
  await pool.query('create table control_identifier (value text primary key, id text collate "C" not null)')
  await pool.query(
    `insert into control_identifier select content::json -> 'identifier' -> 0 ->> 'value', id from patient`,
  )
  await pool.query('vacuum analyze')
}

export const numbersFrom = (first: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => first + index)

/** So many access tokens for each patient. */
export async function tokensOf(sign: Sign, patients: readonly string[], each: number): Promise<Tokens> {
  const scope = 'openid fhirUser launch/patient patient/*.rs'
  const claims = (id: string) => ({ sub: id, client_id: 'bench-app', scope, patient: id, fhirUser: `Patient/${id}` })
  const own = (id: string) => Promise.all(Array.from({ length: each }, () => sign(claims(id))))
  return new Map(await Promise.all(patients.map(async id => [id, await own(id)] as const)))
}

/** Loads the data through the server's own front door, and makes the tokens. */
export async function fill(databaseUrl: string, origin: string, { patients, results, records }: Size): Promise<Filled> {
  const sign = await signer(databaseUrl, origin)
  const engine = await sign({ sub: 'bench-engine', client_id: 'bench-engine', scope: 'system/*.cruds' })
  const began = performance.now()
  await submit(origin, engine, directory())
  const amounts: Amounts = { results, reports: Math.floor(results / 8), appointments: 20, letters: 16, messages: 20 }
  const known = SIZED.map(each => ({ ...each, numbers: numbersFrom(each.first, records) }))
  const main = { amounts, numbers: numbersFrom(0, patients) }
  const bundles = [main, ...known].flatMap(each => each.numbers.map(n => () => record(n, each.amounts)))
  await submitAll(origin, engine, bundles)
  const seconds = (performance.now() - began) / 1000
  const ids = main.numbers.map(patientId)
  await enrol(databaseUrl, [...ids, ...known.flatMap(({ numbers }) => numbers.map(patientId))])
  const observations = await withPool(databaseUrl, async pool => {
    await prepareControls(pool)
    const text = 'select id, patient from observation where patient = any($1) order by id'
    return (await pool.query<{ id: string; patient: string }>(text, [ids])).rows
  })
  const sized = new Map<number, Tokens>()
  for (const each of known) sized.set(sizeOf(each.amounts), await tokensOf(sign, each.numbers.map(patientId), 2))
  const tokens = await tokensOf(sign, ids, Math.ceil(TOKENS / patients))
  return { origin, tokens, sized, engine, observations, personNumbers: main.numbers.map(personNumber), seconds }
}
