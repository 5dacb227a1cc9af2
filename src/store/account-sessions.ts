import type { Queryable } from './db.ts'
import { query } from './run.ts'
import { sha256 } from './tokens.ts'

/** How long a session lasts, in seconds: without a request, and in all. */
export type Lifetime = { readonly idle: number; readonly longest: number }

/** A session that is alive: whose it is, and what the next page says. */
export type AccountSession = { readonly person: string; readonly name: string; readonly notice: string | undefined }

/** Begins a session. */
export async function beginSession(db: Queryable, id: string, person: string, now: Date): Promise<void> {
  await query(db, {
    text: 'insert into account_session (id_hash, person, created_at, seen_at) values ($1, $2, $3, $3)',
    values: [sha256(id), person, now],
  })
}

/** Finds a session of an account that is active, and marks it as used: its idle time begins anew. */
export async function useSession(
  db: Queryable,
  id: string,
  now: Date,
  { idle, longest }: Lifetime,
): Promise<AccountSession | undefined> {
  const { rows } = await query<{ person: string; name: string; notice: string | null }>(db, {
    text: `update account_session s set seen_at = $2::timestamptz, notice = null
      from person p, (select notice from account_session where id_hash = $1) as before
      where s.id_hash = $1 and p.id = s.person and p.state = 'active'
        and s.seen_at > $2::timestamptz - make_interval(secs => $3)
        and s.created_at > $2::timestamptz - make_interval(secs => $4)
      returning s.person, p.name, before.notice`,
    values: [sha256(id), now, idle, longest],
  })
  const row = rows[0]
  return row && { person: row.person, name: row.name, notice: row.notice ?? undefined }
}

/** What the session's next page says. */
export async function noteForSession(db: Queryable, id: string, notice: string): Promise<void> {
  await query(db, {
    text: 'update account_session set notice = $2 where id_hash = $1',
    values: [sha256(id), notice],
  })
}

/** Ends a session: its identifier is good for nothing from now on. */
export async function endSession(db: Queryable, id: string): Promise<void> {
  await query(db, { text: 'delete from account_session where id_hash = $1', values: [sha256(id)] })
}

/** Forgets the sessions that ended by themselves. */
export async function deleteEndedSessions(db: Queryable, now: Date, { idle, longest }: Lifetime): Promise<void> {
  await query(db, {
    text: `delete from account_session where seen_at < $1::timestamptz - make_interval(secs => $2)
      or created_at < $1::timestamptz - make_interval(secs => $3)`,
    values: [now, idle, longest],
  })
}
