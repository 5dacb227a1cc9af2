import type { Json } from '../../src/fhir/types.ts'
import type { TestServer } from './server.ts'

export type Reply = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
  /** The body as JSON; an empty object when there is none. */
  readonly json: Json
}

export type Sent = {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Sends requests below the FHIR base with one token. */
export type Client = (path: string, sent?: Sent) => Promise<Reply>

const isForm = ({ body }: Sent): boolean => body instanceof URLSearchParams

function bodyOf({ body }: Sent): { body?: string } {
  if (body === undefined) return {}
  return { body: typeof body === 'string' ? body : isForm({ body }) ? String(body) : JSON.stringify(body) }
}

function headersOf({ headers }: Response): Record<string, string> {
  const found: Record<string, string> = {}
  headers.forEach((value, name) => {
    found[name] = value
  })
  return found
}

/** A client of the FHIR API: a path such as `/Patient/1`, or a whole URL as it stands in a link. */
export function client({ baseUrl }: Pick<TestServer, 'baseUrl'>, token?: string): Client {
  return async (path, sent = {}) => {
    const url = path.startsWith('http') ? path : `${baseUrl}/fhir${path}`
    const type = isForm(sent) ? 'application/x-www-form-urlencoded' : 'application/fhir+json'
    const response = await fetch(url, {
      method: sent.method ?? 'GET',
      ...bodyOf(sent),
      headers: new Headers({
        accept: 'application/fhir+json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(sent.body === undefined ? {} : { 'content-type': type }),
        ...sent.headers,
      }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: headersOf(response),
      text,
      json: text.startsWith('{') ? (JSON.parse(text) as Json) : {},
    }
  }
}

type Entry = { fullUrl: string; resource: Json & { id: string }; search: { mode: string } }

/** The entries of a Bundle. */
export const entriesOf = ({ json }: Reply): Entry[] => (json.entry ?? []) as Entry[]

/** `Type/id` of the entries of a Bundle, those with one search mode only if it is given. */
export const namesOf = (reply: Reply, mode?: string): string[] =>
  entriesOf(reply)
    .filter(({ search }) => mode === undefined || search?.mode === mode)
    .map(({ resource }) => `${resource.resourceType}/${resource.id}`)

/** The address that a Bundle links to. */
export const linkOf = ({ json }: Reply, relation: string): string | undefined =>
  (json.link as { relation: string; url: string }[] | undefined)?.find(each => each.relation === relation)?.url

const PER_TRANSACTION = 200

/** Stores resources under their own ids, as an engine does: by transactions of PUTs. */
export async function store(engine: Client, resources: readonly Json[]): Promise<void> {
  for (let at = 0; at < resources.length; at += PER_TRANSACTION) {
    const entry = resources.slice(at, at + PER_TRANSACTION).map(resource => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }))
    const reply = await engine('/', { method: 'POST', body: { resourceType: 'Bundle', type: 'transaction', entry } })
    if (reply.status !== 200) throw new Error(`${reply.status} ${reply.text.slice(0, 2000)}`)
  }
}

/** Runs jobs a few at a time, in the order that they are given. */
export async function inTurn<T>(items: readonly T[], job: (item: T) => Promise<void>, atOnce = 6): Promise<void> {
  const left = [...items].reverse()
  const work = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await job(item)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
}
