import { importJWK, type JWK, type JWTHeaderParameters } from 'jose'
import { FhirError } from '../fhir/outcome.ts'

/** The algorithms by which an access token of another issuer may be signed: all of them with two keys, one of which is public. */
export const ALGORITHMS = ['ES256', 'ES384', 'RS256', 'RS384', 'PS256'] as const

type Algorithm = (typeof ALGORITHMS)[number]
type Key = Awaited<ReturnType<typeof importJWK>>

/** What keys of a kind can verify. */
const ALGORITHMS_OF: Readonly<Record<string, readonly Algorithm[]>> = {
  'EC P-256': ['ES256'],
  'EC P-384': ['ES384'],
  RSA: ['RS256', 'RS384', 'PS256'],
}

const SECOND = 1000
/** At most one attempt to fetch the keys in this time, whatever tokens say: anybody can make up a `kid`. */
export const COOL_DOWN = 60 * SECOND
/** For how long keys are believed: what the issuer says (Cache-Control), within these bounds. */
const FRESH = { least: 60 * SECOND, usual: 600 * SECOND, most: 3600 * SECOND } as const
/** For how long they are believed beyond that while the issuer cannot be reached. */
export const STALE = 3600 * SECOND
const PATIENCE = 5 * SECOND
const MOST_BYTES = 256 * 1024

/** The public keys of an issuer, as they are published at a URL. */
export type IssuerKeys = {
  /**
   * The key that a token says it is signed with.
   * @throws Error when there is none, FhirError 503 when none are known at this moment
   */
  keyOf(header: Pick<JWTHeaderParameters, 'kid' | 'alg'>): Promise<Key>
  /** Changes when a key was taken away or replaced: what was verified by it before has to be verified again. */
  generation(): number
}

type Known = { readonly keys: ReadonlyMap<string, JWK>; readonly text: string; readonly freshUntil: number }

const algorithmsOf = ({ kty, crv, alg }: JWK): readonly Algorithm[] => {
  const possible = ALGORITHMS_OF[kty === 'EC' ? `EC ${crv}` : (kty ?? '')] ?? []
  return alg === undefined ? possible : possible.filter(each => each === alg)
}

const isForSigning = ({ use, key_ops: operations }: JWK): boolean =>
  (use === undefined || use === 'sig') && (operations === undefined || operations.includes('verify'))

/** The keys that can be used, by `kid`; of two with the same one neither is meant. */
function keysIn(text: string): Map<string, JWK> {
  const { keys } = JSON.parse(text) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('it is no JWK Set')
  const usable = (keys as JWK[]).filter(key => isForSigning(key) && algorithmsOf(key).length > 0)
  const names = (keys as JWK[]).map(({ kid }) => kid)
  const isOnly = ({ kid }: JWK) => names.filter(each => each === kid).length === 1
  return new Map(usable.flatMap(key => (typeof key.kid === 'string' && isOnly(key) ? [[key.kid, key] as const] : [])))
}

function freshFor(cacheControl: string | null): number {
  const said = /(?:^|[\s,])max-age=(\d{1,9})/.exec(cacheControl ?? '')?.[1]
  const asked = said === undefined ? FRESH.usual : Number(said) * SECOND
  return Math.min(Math.max(asked, FRESH.least), FRESH.most)
}

/** The text of an answer, as far as a set of keys can reach. */
async function limitedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  const reader = response.body?.getReader()
  for (let length = 0; reader; ) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > MOST_BYTES) throw new Error(`it has more than ${MOST_BYTES} bytes`)
    parts.push(value)
  }
  return Buffer.concat(parts).toString('utf8')
}

async function fetchKeys(url: string, now: number): Promise<Known> {
  // Followed redirects would let the issuer's host choose another one to be believed.
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(PATIENCE),
  })
  if (response.status !== 200) throw new Error(`it was answered with ${response.status}`)
  const text = await limitedText(response)
  return { keys: keysIn(text), text, freshUntil: now + freshFor(response.headers.get('cache-control')) }
}

const unreachable = () =>
  new FhirError(503, [{ severity: 'error', code: 'transient', text: 'Tokens cannot be checked right now' }], {
    headers: { 'retry-after': String(COOL_DOWN / SECOND) },
  })

export type KeyOptions = {
  readonly url: string
  readonly clock: () => Date
  /** Told of each time that the keys could not be had. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Keeps an issuer's keys, which are fetched when they are first needed, when they are no longer fresh, and for a `kid` that is
 * not known; several who need them at the same time wait for one fetch.
 */
export function issuerKeys({ url, clock, onFailure }: KeyOptions): IssuerKeys {
  let known: Known | undefined
  let generation = 0
  let triedAt = Number.NEGATIVE_INFINITY
  let underWay: Promise<void> | undefined
  const now = () => clock().getTime()

  const fetchOnce = (): Promise<void> => {
    if (underWay) return underWay
    if (now() < triedAt + COOL_DOWN) return Promise.resolve()
    triedAt = now()
    underWay = fetchKeys(url, triedAt)
      .then(fetched => {
        if (known && known.text !== fetched.text) generation++
        known = fetched
      })
      .catch(onFailure)
      .finally(() => {
        underWay = undefined
      })
    return underWay
  }

  /** What is known and still believed; what has to be looked at again is fetched beside. */
  const current = (): Known | undefined => {
    if (!known || now() < known.freshUntil) return known
    void fetchOnce()
    if (now() < known.freshUntil + STALE) return known
    known = undefined
    generation++
    return undefined
  }

  return {
    async keyOf({ kid = '', alg = '' }) {
      if (!current()?.keys.has(kid)) await fetchOnce()
      const believed = current()
      if (!believed) throw unreachable()
      const key = believed.keys.get(kid)
      if (!key) throw new Error('it is signed with an unknown key')
      if (!algorithmsOf(key).some(each => each === alg)) throw new Error('its key is not for its algorithm')
      return await importJWK(key, alg)
    },
    generation() {
      current()
      return generation
    },
  }
}
