import { decodeJwt, decodeProtectedHeader } from 'jose'
import type { Client, Provider } from 'oidc-provider'

/** The keys of a client as the provider keeps them; its types do not tell of them. */
type KeyStore = Iterable<{ kid?: string }> & { freshUntil?: number; clear(): void; refresh(): Promise<void> }

export const keysOf = (client: Client): KeyStore =>
  (client as unknown as { asymmetricKeyStore: KeyStore }).asymmetricKeyStore

/** Until when a key set may be kept, and when it was last fetched for an unknown `kid`, in milliseconds since 1970. */
type Fetched = { until: number; askedAt: number }

/** How long an address is left alone that gave nothing, or not the `kid` that was asked for. */
const PAUSE = 10_000
const WITHOUT_A_WORD = 60_000
const LONGEST = 60 * 60_000

/** For how many milliseconds an answer may be kept (RFC 9111): what it says, an hour at the most, a minute where it says nothing. */
export function keptFor(cacheControl: string | null): number {
  if (cacheControl === null) return WITHOUT_A_WORD
  if (/\bno-(store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /\bmax-age=(\d+)/i.exec(cacheControl)?.[1]
  return seconds === undefined ? WITHOUT_A_WORD : Math.min(Number(seconds) * 1000, LONGEST)
}

/** Who signed an assertion with which key, as it says itself. */
function signerOf(assertion: string): { clientId: string; kid: string } | undefined {
  try {
    const { sub } = decodeJwt(assertion)
    const { kid } = decodeProtectedHeader(assertion)
    return typeof sub === 'string' && typeof kid === 'string' ? { clientId: sub, kid } : undefined
  } catch {
    // Not an assertion at all: the provider says so.
    return undefined
  }
}

const seen = new Map<string, string | null>()

/** Where fetched key sets may come from: sites by https, and the addresses inside that an administrator has approved. */
export const fetchFrom =
  (internalOrigins: readonly string[]) =>
  async (input: URL | Request | string, init: RequestInit = {}): Promise<Response> => {
    const { dispatcher, ...rest } = init as RequestInit & { dispatcher?: unknown }
    const url = new URL(input instanceof Request ? input.url : input)
    const isInternal = internalOrigins.includes(url.origin)
    // The provider's dispatcher leads to no private address; without it nothing is fetched.
    if (!isInternal && (url.protocol !== 'https:' || dispatcher === undefined))
      throw new Error(`${url.origin} is neither https nor an approved address inside`)
    // An approved address approves no other one that it redirects to.
    const response = await fetch(input, { ...(isInternal ? rest : init), redirect: 'error' })
    seen.set(url.href, response.headers.get('cache-control'))
    return response
  }

async function fetchKeys(client: Client, fetched: Fetched, now: number): Promise<void> {
  const keys = keysOf(client)
  try {
    keys.freshUntil = 0
    await keys.refresh()
    fetched.until = now + keptFor(seen.get(new URL(client.jwksUri ?? '').href) ?? null)
  } catch {
    // What cannot be fetched any more cannot be believed any longer; the provider answers invalid_client.
    if (now < fetched.until) return
    keys.clear()
    fetched.until = now + PAUSE
  }
}

/**
 * Sees to it that the keys of a client whose `jwks_uri` is registered are as new as their Cache-Control asks when an assertion
 * is judged, and asks once more for a `kid` that is not among them (SMART 2.2 "Asymmetric authentication"). By itself the
 * provider believes a key that it has fetched once until the end of the process.
 */
export function clientKeys(provider: Provider, clock: () => Date): (assertion: string) => Promise<void> {
  const known = new WeakMap<Client, Fetched>()
  return async assertion => {
    const signer = signerOf(assertion)
    const client = await provider.Client.find(signer?.clientId ?? '')
    if (!signer || !client?.jwksUri) return
    const keys = keysOf(client)
    const now = clock().getTime()
    const fetched = known.get(client) ?? { until: 0, askedAt: 0 }
    known.set(client, fetched)
    if (now >= fetched.until) await fetchKeys(client, fetched, now)
    const isKnown = [...keys].some(({ kid }) => kid === signer.kid)
    // Assertions with kids made up at random must not have the address asked each time.
    if (!isKnown && now >= fetched.askedAt + PAUSE) {
      fetched.askedAt = now
      await fetchKeys(client, fetched, now)
    }
    // The provider would fetch by rules of its own.
    keys.freshUntil = Number.POSITIVE_INFINITY
  }
}
