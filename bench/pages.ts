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

/** The pages that each request reads, of all statements that look at resources. */
export async function buffersOf(cluster: Cluster, requests: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  await cluster.set(EXPLAINING)
  const read: number[] = []
  for (const request of requests) {
    const plans = await plansFor(cluster, request)
    const looking = plans.filter(({ text }) => TABLES.some(table => text.includes(table)))
    read.push(looking.reduce((sum, { buffers }) => sum + buffers, 0))
  }
  await cluster.set(QUIET)
  return read
}
