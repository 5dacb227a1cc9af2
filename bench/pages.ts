import { definitions } from '../src/resources/index.ts'
import { tableOf } from '../src/store/tables.ts'
import { type Cluster, EXPLAINING, QUIET } from './cluster.ts'
import { type Plan, plansOf } from './plans.ts'

/** What the server answers to one who has a token. */
export async function ask(origin: string, token: string, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`${origin}/fhir/${path}`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, body: await response.text() }
}

const TABLES = [...definitions.keys()].map(type => `"${tableOf(type)}"`)

/** The plans that a request is answered by; asked again where PostgreSQL has mixed the lines of two statements in its log. */
async function plansFor(cluster: Cluster, request: () => Promise<unknown>, tries = 5): Promise<Plan[]> {
  const from = await cluster.logSize()
  await request()
  try {
    return plansOf(await cluster.logged(from))
  } catch (error) {
    if (!(error instanceof SyntaxError) || tries === 1) throw error
    return await plansFor(cluster, request, tries - 1)
  }
}

const TIMES = 3

/** The pages of one answer; the least of some, for who looked is summed up beside them, in statements that look at resources too. */
async function pagesFor(cluster: Cluster, request: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let time = 0; time < TIMES; time++) {
    const plans = await plansFor(cluster, request)
    const looking = plans.filter(({ text }) => TABLES.some(table => text.includes(table)))
    least = Math.min(
      least,
      looking.reduce((sum, { buffers }) => sum + buffers, 0),
    )
  }
  return least
}

/** The pages that each request reads, of all statements that look at resources. */
export async function buffersOf(cluster: Cluster, requests: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  await cluster.set(EXPLAINING)
  const read: number[] = []
  for (const request of requests) read.push(await pagesFor(cluster, request))
  await cluster.set(QUIET)
  return read
}
