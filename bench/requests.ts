import { delivery } from './data.ts'
import type { Filled } from './fill.ts'

/** One request of a list. */
export type Request = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The same for the control, where it cannot understand ours: page links are sealed. */
  readonly controlPath?: string
  readonly token: string
  readonly body?: string
}

/** A search of each patient's, with each of her tokens. */
export const patients =
  (type: string, query: string) =>
  ({ tokens }: Filled): Request[] =>
    [...tokens].flatMap(([patient, own]) =>
      own.map(token => ({ method: 'GET' as const, path: `/fhir/${type}?patient=${patient}&${query}`, token })),
    )

export const reads = ({ tokens, observations }: Filled): Request[] =>
  observations.map(({ id, patient }, index) => {
    const own = tokens.get(patient) ?? []
    return { method: 'GET', path: `/fhir/Observation/${id}`, token: own[index % own.length] ?? '' }
  })

export const deliveries = ({ engine }: Filled): Request[] =>
  Array.from({ length: 16 }, (_, n) => ({
    method: 'POST',
    path: '/fhir',
    token: engine,
    body: JSON.stringify(delivery(n)),
  }))

/** The whole records that have so many resources. */
export const records =
  (size: number) =>
  ({ sized }: Filled): Request[] =>
    [...(sized.get(size) ?? [])].flatMap(([patient, own]) =>
      own.map(token => ({ method: 'GET' as const, path: `/fhir/Patient/${patient}/$everything`, token })),
    )

export const byIdentifier = ({ engine, personNumbers }: Filled): Request[] =>
  personNumbers.map(number => ({
    method: 'GET',
    path: `/fhir/Patient?identifier=https://bench.example.org/Id/person|${number}`,
    token: engine,
  }))

type Page = {
  link: { relation: string; url: string }[]
  entry?: { resource: { id: string; meta: { lastUpdated: string } } }[]
}

const FEED = '/fhir/Observation'
const STEPS = 40
/** Sorts behind every id. */
const LAST_ID = '~'

async function pageAt(url: string, token: string): Promise<Page> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  return (await response.json()) as Page
}

/** The last of a page: where the next one begins. */
function endOf({ entry = [] }: Page): readonly [string, string] {
  const last = entry.at(-1)?.resource
  return [last?.meta.lastUpdated ?? '', last?.id ?? '']
}

/**
 * What an engine asks that wants to know what has changed: from a moment on, and from there by the next link, which stands in
 * the list as it was given out.
 */
export async function feed({ origin, engine }: Filled): Promise<Request[]> {
  const first = `${FEED}?_lastUpdated=gt2000-01-01&_sort=_lastUpdated&_count=200`
  const requests: Request[] = []
  const add = (path: string, [at, id]: readonly [string, string]) =>
    requests.push({ method: 'GET', path, controlPath: `${FEED}?at=${encodeURIComponent(at)}&id=${id}`, token: engine })
  let page = await pageAt(origin + first, engine)
  add(first, ['2000-01-02T00:00:00Z', LAST_ID])
  for (let step = 0; step < STEPS; step++) {
    const next = page.link.find(({ relation }) => relation === 'next')?.url
    if (next === undefined) break
    const end = endOf(page)
    page = await pageAt(next, engine)
    // The last page is short, and grows while others write.
    if (page.entry?.length !== 200) break
    add(next.slice(origin.length), end)
    add(`${FEED}?_lastUpdated=gt${encodeURIComponent(end[0])}&_sort=_lastUpdated&_count=200`, [end[0], LAST_ID])
  }
  return requests
}
