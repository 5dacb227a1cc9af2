import { type Cluster, EXPLAINING, QUIET } from './cluster.ts'
import type { Request } from './requests.ts'
import type { PlanRules } from './scenarios.ts'
import type { Running } from './servers.ts'

/** A statement as PostgreSQL has run it. */
export type Plan = { readonly text: string; readonly nodes: readonly string[]; readonly buffers: number }

type Node = {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly Node[]
}

const nodesOf = (node: Node): string[] => [
  [node['Node Type'], node['Relation Name']].filter(Boolean).join(' on '),
  ...(node.Plans ?? []).flatMap(nodesOf),
]

/** The plans in a piece of PostgreSQL's log, as auto_explain writes them: JSON, its lines indented by a tab. */
export function plansOf(log: string): Plan[] {
  return [...log.matchAll(/ plan:\n((?:\t.*\n)+)/g)].map(([, json = '']) => {
    const explained = JSON.parse(json) as { 'Query Text': string; Plan: Node }
    const root = explained.Plan
    const buffers = (root['Shared Hit Blocks'] ?? 0) + (root['Shared Read Blocks'] ?? 0)
    return { text: explained['Query Text'], nodes: nodesOf(root), buffers }
  })
}

const SORT = /^(Incremental )?Sort/
/** What has no place in the plan of a search within one patient's records; the dictionary and the people are small. */
const forbidden = (node: string, { tables, maySort }: PlanRules): boolean => {
  const [, scanned = ''] = /^(?:Parallel )?Seq Scan on (.+)$/.exec(node) ?? []
  if ([...tables, 'reach', 'person', 'person_actor', 'token'].includes(scanned)) return true
  return !maySort && SORT.test(node)
}

/** The plans of the statements that a server runs for some requests, once its statements are prepared and planned. */
export async function explain(
  cluster: Cluster,
  { port }: Running,
  requests: readonly Request[],
  { tables }: PlanRules,
): Promise<Plan[]> {
  await cluster.set(EXPLAINING)
  const from = await cluster.logSize()
  for (const { path, token } of requests) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } })
    await response.text()
  }
  await cluster.set(QUIET)
  const isAbout = ({ text }: Plan): boolean => tables.some(table => text.includes(`"${table}"`))
  return plansOf(await cluster.logged(from)).filter(isAbout)
}

/** What is wrong with some plans. */
export function planFaults(plans: readonly Plan[], rules: PlanRules): string[] {
  if (plans.length === 0) return ['No plan was logged']
  const found = plans.flatMap(({ nodes }) => nodes.filter(node => forbidden(node, rules)))
  const { mostBuffers = Number.POSITIVE_INFINITY } = rules
  const many = Math.max(...plans.map(({ buffers }) => buffers))
  return [
    ...[...new Set(found)].map(node => `The plan has a ${node}`),
    ...(many > mostBuffers ? [`A statement has read ${many} pages of memory, more than ${mostBuffers}`] : []),
  ]
}
