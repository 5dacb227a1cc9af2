// How a leak is seen: what is asked about what is hidden has to be answered as if it were about nothing, byte for byte.
import { type Client, inTurn, linkOf, namesOf, type Reply, type Sent } from './client.ts'
import { CANARY, NOBODY } from './two-patients.ts'

const REQUEST_ID = { 'x-request-id': 'the-same-for-both' }

const nobodys = (text: string): string => text.replaceAll(CANARY, NOBODY)

function twin(sent: Sent): Sent {
  const { body } = sent
  if (body instanceof URLSearchParams) return { ...sent, body: new URLSearchParams(nobodys(String(body))) }
  const changed = sent.headers && (JSON.parse(nobodys(JSON.stringify(sent.headers))) as Record<string, string>)
  return {
    ...sent,
    ...(body === undefined ? {} : { body: JSON.parse(nobodys(JSON.stringify(body))) as unknown }),
    ...(changed ? { headers: changed } : {}),
  }
}

const comparable = ({ status, headers: { date: _, ...headers }, text }: Reply): string =>
  JSON.stringify({ status, headers, text })

/** A request that may leak. */
export type Try = readonly [path: string, sent?: Sent]

/** Finds what the answers to an app tell of what it may not see. */
export type Leaks = {
  /** What is wrong with an answer to a request that names nothing hidden. */
  faultOfList(reply: Reply): string | undefined
  /** Makes requests that name what is hidden: the answers must be those about nothing. */
  find(tries: readonly Try[]): Promise<string[]>
}

/** For an app that may see the resources of these names, and nothing that carries the canary. */
export function leaksTo(ask: Client, visible: ReadonlySet<string>): Leaks {
  /** What a Bundle holds or counts beyond what may be seen. */
  function faultOfBundle(reply: Reply): string | undefined {
    if (reply.json.type !== 'searchset') return undefined
    const foreign = namesOf(reply).filter(name => !visible.has(name))
    if (foreign.length > 0) return `brings ${foreign}`
    const { total } = reply.json
    const matches = namesOf(reply, 'match').length
    const isWhole = linkOf(reply, 'next') === undefined && matches > 0
    return isWhole && total !== undefined && total !== matches ? `counts ${total}, shows ${matches}` : undefined
  }

  const faultOfList = (reply: Reply): string | undefined =>
    reply.text.includes(CANARY) ? `brings ${reply.text.slice(0, 900)}` : faultOfBundle(reply)

  async function faultOf(path: string, sent: Sent = {}): Promise<string | undefined> {
    const asked = { ...sent, headers: { ...sent.headers, ...REQUEST_ID } }
    const isNamed = `${path}${sent.body ?? ''}${JSON.stringify(sent)}`.includes(CANARY)
    if (!isNamed) return faultOfList(await ask(path, asked))
    const [real, absent] = [await ask(path, asked), await ask(nobodys(path), twin(asked))]
    const isSame = nobodys(comparable(real)) === comparable(absent)
    return isSame
      ? faultOfBundle(real)
      : `differs:\n${comparable(real).slice(0, 900)}\n${comparable(absent).slice(0, 900)}`
  }

  async function find(tries: readonly Try[]): Promise<string[]> {
    const leaks: string[] = []
    await inTurn(tries, async ([path, sent]) => {
      const fault = await faultOf(path, sent)
      if (fault) leaks.push(`${sent?.method ?? 'GET'} ${path} ${JSON.stringify(sent?.body ?? '')} ${fault}`)
    })
    return leaks
  }
  return { faultOfList, find }
}

const form = (params: readonly (readonly [string, string])[]): Sent => ({
  method: 'POST',
  body: new URLSearchParams(params.map(([name, value]) => [name, value])),
})

export const query = (params: readonly (readonly [string, string])[]): string =>
  params.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&')

export const counted = (type: string, ...params: (readonly [string, string])[]): Try => [
  `/${type}?${query([...params, ['_count', '1000'], ['_total', 'accurate']])}`,
]

export const summed = (type: string, ...params: (readonly [string, string])[]): Try => [
  `/${type}?${query([...params, ['_summary', 'count']])}`,
]

export const posted = (type: string, ...params: (readonly [string, string])[]): Try => [
  `/${type}/_search`,
  form([...params, ['_count', '1000']]),
]

/** The same search in every way to send and to count it. */
export const searches = (type: string, ...params: (readonly [string, string])[]): Try[] =>
  [counted, summed, posted].map(way => way(type, ...params))
