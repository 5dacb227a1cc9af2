import type pg from 'pg'

/**
 * Does one thing while another has been done and is not committed yet, which it is as soon as the one waits for it or is over:
 * two requests of which the second comes before the first has ended.
 */
export async function beforeCommit(
  pool: pg.Pool,
  done: (db: pg.PoolClient) => Promise<unknown>,
  meanwhile: () => Promise<unknown>,
): Promise<void> {
  const holder = await pool.connect()
  try {
    const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')
    await holder.query('begin')
    await done(holder)
    let isOver = false
    const other = Promise.allSettled([meanwhile()]).finally(() => {
      isOver = true
    })
    const waiting = 'select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))'
    while (!isOver && (await pool.query(waiting, [rows[0]?.pid])).rowCount === 0);
    await holder.query('commit')
    const [outcome] = await other
    if (outcome.status === 'rejected') throw outcome.reason
  } finally {
    holder.release()
  }
}
