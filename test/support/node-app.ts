import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import smart from 'fhirclient'
import type { fhirclient } from 'fhirclient/lib/types.js'
import type { Test } from 'tap'
import { type Decision, decide } from './demo.ts'
import type { TestServer } from './server.ts'

/** What the library gives an app that was called back. */
export type Client = Awaited<ReturnType<fhirclient.SMART['ready']>>

/** The error that a request of the library ends with. */
export const failure = (asked: Promise<unknown>): Promise<{ status: number; message: string }> =>
  asked.then(
    () => {
      throw new Error('it did not fail')
    },
    error => error,
  )

export type App = {
  /**
   * Starts the app, by itself or with the query that a hospital's system opens it with, and goes through sign-in and
   * consent; the client that the app has when it was called back.
   */
  launch(decision: Decision, query?: Record<string, string>): Promise<Client>
  redirectUri: string
}

/** An app of two routes on an origin of its own, as the library's README shows. The person's browser is at `decide`. */
export async function nodeApp(
  t: Test,
  { baseUrl }: Pick<TestServer, 'baseUrl'>,
  params: fhirclient.AuthorizeParams,
): Promise<App> {
  const session = new Map<string, unknown>()
  const storage: fhirclient.Storage = {
    get: async key => session.get(key),
    set: async (key, value) => session.set(key, value).get(key),
    unset: async key => session.delete(key),
  }
  const ready: PromiseSettledResult<Client>[] = []
  const listening = createServer(async (request, response) => {
    const api = smart(request, response, storage)
    const { pathname, search } = new URL(request.url ?? '', 'http://localhost')
    const iss = search === '' ? { iss: `${baseUrl}/fhir` } : {}
    if (pathname === '/launch') return api.authorize({ ...iss, redirectUri: '/callback', ...params })
    const [settled] = await Promise.allSettled([api.ready({})])
    if (settled) ready.push(settled)
    return response.end()
  })
  t.teardown(() => listening.close())
  await once(listening.listen(0, '127.0.0.1'), 'listening')
  const origin = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  return {
    redirectUri: `${origin}/callback`,
    launch: async (decision, query = {}) => {
      const url = `${origin}/launch${Object.keys(query).length > 0 ? `?${new URLSearchParams(query)}` : ''}`
      const { headers } = await fetch(url, { redirect: 'manual' })
      await fetch(await decide(baseUrl, headers.get('location') ?? '', decision))
      const settled = ready.pop()
      if (settled?.status !== 'fulfilled') throw settled?.reason
      return settled.value
    },
  }
}
