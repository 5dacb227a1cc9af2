import type { Query } from '../fhir/query.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { sql } from './sql.ts'

/** Whether a search reads changes in the order of their time, to go on later from the last one it saw. */
export const isFeed = ({ sort }: Query): boolean => sort[0]?.param === '_lastUpdated'

/**
 * The time before which no change can appear any more: neither of a write that is under way, however long it waits
 * for others, nor of one that begins later. A reader who sees only what is older never passes anything over.
 *
 * Writes are stamped after their transaction has its id, in whole milliseconds. So the present millisecond is waited
 * for to end, and then the oldest transaction with an id bounds what may be shown. Decision 0030.
 */
export async function settledBefore(db: Queryable): Promise<string> {
  const [[moment] = ['-infinity']] = await run<[string, string, string]>(
    db,
    sql`select (date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond')::text,
      pg_sleep(0.001)::text, pg_stat_clear_snapshot()::text`,
  )
  const [[oldest] = ['-infinity']] = await run<[string]>(
    db,
    sql`select least(${moment}::timestamptz,
        min(coalesce(date_trunc('milliseconds', xact_start), '-infinity')))::text
      from pg_stat_activity
      where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()`,
  )
  return oldest
}
