import pg from 'pg'

/** What a query needs: the pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>

export type PoolSettings = {
  databaseUrl: string
  /** How many connections at most; more do not make one process faster. */
  max?: number
  /** How long a statement may take; one that takes longer is a bug, an attack, or asks for too much: it is ended. */
  maxStatementSeconds?: number
  /** Name in pg_stat_activity. */
  name?: string
}

/** Opens the connections of one process. */
export function openPool(settings: PoolSettings): pg.Pool {
  const { databaseUrl, max = 8, maxStatementSeconds = 10, name = 'portico' } = settings
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    application_name: name,
    statement_timeout: maxStatementSeconds * 1000,
    idle_in_transaction_session_timeout: 10_000,
    connectionTimeoutMillis: 10_000,
  })
  // A lost connection fails the query that was on it, if any, and is replaced at the next use; without a listener its
  // error event would end the process, whether it is idle in the pool or held by a transaction.
  pool.on('connect', client => client.on('error', () => {}))
  pool.on('error', () => {})
  return pool
}

/** Runs the function in one transaction: committed when it returns, rolled back when it throws. */
export async function inTransaction<T>(pool: pg.Pool, work: (db: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // The first error is the one that tells why; a connection that cannot roll back is thrown away.
    await client.query('rollback').catch(cause => {
      broken = cause
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** SQLSTATEs of a database that is away, overloaded, or has ended the session; and what its socket says. */
const GONE = /^(08|53|57P0|25P0[34]|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)/
/** What the driver says of a connection that was lost; it has no code for it. */
const LOST =
  /^(Client has encountered a connection error|Client was closed|Connection terminated|timeout exceeded when)/

/** Whether an error is the database's being away, which is nobody's fault and passes. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? GONE.test(code) : LOST.test(error.message)
}

/** Whether the database answers. */
export async function isReachable(pool: pg.Pool): Promise<boolean> {
  try {
    await pool.query('select 1')
    return true
  } catch {
    // Which of the many reasons it is stands in the log of the pool's other users.
    return false
  }
}
