import { authorizeUrl, BASE, type Server } from './authorization-server.ts'

export type Asked = {
  status: number
  html: string
  headers: Headers
  /** Where the browser is sent, if anywhere. */
  to: URL | undefined
  /** The error that the app is told, if any. */
  error: string | null
  /** Whether the person is led to the sign-in page: the request is good. */
  isGood: boolean
}

/** Sends an authorization request by its address. */
export async function askBy(server: Server, url: string, init: RequestInit = {}): Promise<Asked> {
  const { status, headers, ...response } = await server
    .get(url, { redirect: 'manual', ...init })
    .then(async answer => ({ status: answer.status, headers: answer.headers, html: await answer.text() }))
  const location = headers.get('location')
  const to = location === null ? undefined : new URL(location, BASE)
  const answer = new URLSearchParams(to?.search || to?.hash.slice(1))
  const isGood = to?.pathname.startsWith('/oauth2/interaction/') === true && to.origin === BASE
  return { status, headers, html: response.html, to, error: answer.get('error'), isGood }
}

/** Sends an authorization request that differs from the good one by these parameters. */
export const ask = (server: Server, changes: Record<string, string | undefined>): Promise<Asked> =>
  askBy(server, authorizeUrl(changes))
