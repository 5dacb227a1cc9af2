import type pg from 'pg'

/** A statement as the server has sent it. */
export type Statement = { readonly text: string; readonly values: unknown[] }

/** A node of a plan, as PostgreSQL explains it. */
export type Node = {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Shared Hit Blocks'?: number
  readonly 'Shared Read Blocks'?: number
  readonly Plans?: readonly Node[]
}

/** The statements by which a server answers requests, of those that look at some tables. */
export async function statementsOf(
  pool: pg.Pool,
  tables: readonly string[],
  work: () => Promise<unknown>,
): Promise<Statement[]> {
  const seen: Statement[] = []
  const query = pool.query
  Object.assign(pool, {
    query: (...args: unknown[]) => {
      const [config] = args as [Statement]
      if (typeof config === 'object' && tables.some(table => config.text.includes(`"${table}"`))) seen.push(config)
      return (query as (...args: unknown[]) => unknown).apply(pool, args)
    },
  })
  await work()
  Object.assign(pool, { query })
  return seen
}

/** The root of the plan of a statement; `how` are the options of `explain`. */
export async function explained(pool: pg.Pool, { text, values }: Statement, how: string): Promise<Node> {
  const isGeneric = how.includes('generic_plan')
  const { rows } = await pool.query({
    text: `explain (format json${how === '' ? '' : `, ${how}`}) ${text}`,
    ...(isGeneric ? {} : { values }),
  })
  return (rows[0] as { 'QUERY PLAN': { Plan: Node }[] })['QUERY PLAN'][0]?.Plan ?? { 'Node Type': 'none' }
}

/** A node of a plan and all below it. */
export const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

/** The pages that a statement reads, all of them in memory or not. */
export async function pagesOf(pool: pg.Pool, statement: Statement): Promise<number> {
  const root = await explained(pool, statement, 'analyze, buffers')
  return (root['Shared Hit Blocks'] ?? 0) + (root['Shared Read Blocks'] ?? 0)
}
