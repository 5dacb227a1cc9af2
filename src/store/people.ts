import { hash } from 'node:crypto'
import type { Queryable } from './db.ts'
import { query, run } from './run.ts'
import { raw, sql } from './sql.ts'
import { actors, isOpen } from './visible.ts'

/** Somebody who may have an account. */
export type Person = {
  id: string
  email: string
  name: string
  passwordHash: string | undefined
  state: string
}

/** A new account: `actors` are who the person is in the records. */
export type NewPerson = {
  id: string
  email: string
  userName?: string
  name: string
  passwordHash: string
  actors: readonly string[]
}

/** One record that a person reaches, and how: as oneself, or as an actor to whom a Consent gives topics. */
export type Reach = { patient: string; self: boolean; topics: string[]; actor: string }

// NFKC and lower case: what looks and is typed alike is the same name.
const fold = (text: string): string => text.normalize('NFKC').trim().toLowerCase()

/** Makes an account unless it exists. One e-mail address has one account, whatever its case. */
export async function createPerson(db: Queryable, person: NewPerson): Promise<void> {
  await query(db, {
    text: `with made as (
        insert into person (id, email, email_folded, user_name, user_name_folded, name, password_hash)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing returning id, state)
      insert into person_actor (person, actor, state) select p.id, unnest($8::text[]), p.state
      from (select id, state from made union all select id, state from person where id = $1) p
      on conflict do nothing`,
    values: [
      person.id,
      person.email,
      fold(person.email),
      person.userName ?? null,
      person.userName === undefined ? null : fold(person.userName),
      person.name,
      person.passwordHash,
      person.actors,
    ],
  })
}

type PersonRow = { id: string; email: string; name: string; password_hash: string | null; state: string }

const toPerson = (row: PersonRow | undefined): Person | undefined =>
  row && {
    id: row.id,
    email: row.email,
    name: row.name,
    passwordHash: row.password_hash ?? undefined,
    state: row.state,
  }

/** Finds a person by what is typed at sign-in: the e-mail address or the user name, in any case. */
export async function findBySignIn(db: Queryable, typed: string): Promise<Person | undefined> {
  const { rows } = await query<PersonRow>(db, {
    text: `select id, email, name, password_hash, state from person
      where email_folded = $1 or user_name_folded = $1 order by email_folded = $1 desc limit 1`,
    values: [fold(typed)],
  })
  return toPerson(rows[0])
}

/** Finds a person whose account is active. */
export async function findActivePerson(db: Queryable, id: string): Promise<Person | undefined> {
  const { rows } = await query<PersonRow>(db, {
    text: "select id, email, name, password_hash, state from person where id = $1 and state = 'active'",
    values: [id],
  })
  return toPerson(rows[0])
}

/** The names of people by id, whatever the state of their accounts. */
export async function personNames(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await query<{ id: string; name: string }>(db, {
    text: 'select id, name from person where id = any($1)',
    values: [ids],
  })
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Changes the state of an account; only `active` may sign in. */
export async function setPersonState(db: Queryable, id: string, state: string): Promise<void> {
  await query(db, {
    text: 'update person set state = $2 where id = $1',
    values: [id, state],
  })
}

/** Who a person is in the records. */
export async function actorsOf(db: Queryable, personId: string): Promise<string[]> {
  const { rows } = await query<{ actor: string }>(db, {
    text: 'select actor from person_actor where person = $1 order by actor',
    values: [personId],
  })
  return rows.map(row => row.actor)
}

/**
 * The records that a person reaches now, those of the dead excepted: the own one, and those that an active Consent opens to one of the person's
 * actors. Two Consents for the same record give both their topics.
 */
export async function peopleReachable(db: Queryable, personId: string, now: Date): Promise<Reach[]> {
  const person = sql`${personId}::text`
  const rows = await run<[patient: string, self: boolean, topics: string[], actor: string]>(
    db,
    sql`select distinct on (patient) patient, self, topics, actor from (
        select substr(a.actor, 9) as patient, true as self, array['*'] as topics, a.actor
        from ${actors(person)} and starts_with(a.actor, 'Patient/')
        union all
        select r.patient, false, array_agg(distinct t.topic order by t.topic),
          (array_agg(r.actor order by r.actor like 'RelatedPerson/%' desc, r.actor))[1]
        from reach r cross join unnest(r.topics) as t(topic)
        where r.actor in (select a.actor from ${actors(person)})
          and r.begins <= ${now} and ${now} < r.ends and ${isOpen(raw('r.patient'))}
        group by r.patient) as reached
      order by patient, self desc`,
  )
  const found = rows.map(([patient, self, topics, actor]) => ({ patient, self, topics, actor }))
  return found.sort((a, b) => Number(b.self) - Number(a.self) || a.patient.localeCompare(b.patient))
}

/** How often one may fail before having to wait, and how long the wait may grow. */
export type BackOff = { free: number; longestSeconds: number }

const attemptKey = (kind: 'name' | 'address', value: string): Buffer =>
  hash('sha256', `${kind}:${fold(value)}`, 'buffer')

/**
 * Counts one attempt to sign in *before* it is made, so that attempts sent at the same time count too.
 * After the free ones each further attempt doubles the wait. A day without attempts forgets them.
 * @returns the seconds still to wait; 0 when the attempt may be made
 */
export async function countAttempt(
  db: Queryable,
  kind: 'name' | 'address',
  value: string,
  now: Date,
  { free, longestSeconds }: BackOff,
): Promise<number> {
  const { rows } = await query<{ wait: number; counted: boolean }>(db, {
    text: `with counted as (
        insert into sign_in_attempt as s (key, failures, blocked_until, last_at) values ($1, 1, '-infinity', $2)
        on conflict (key) do update set
          failures = case when s.last_at < $2 - interval '1 day' then 1 else s.failures + 1 end,
          blocked_until = case when s.last_at < $2 - interval '1 day' or s.failures + 1 < $3 then '-infinity'
            else $2 + make_interval(secs => least($4, power(2, least(s.failures + 1 - $3, 20)))) end,
          last_at = $2
        where s.blocked_until <= $2 returning 1)
      select exists (select from counted) as counted,
        ceil(extract(epoch from (select greatest(blocked_until, $2) from sign_in_attempt where key = $1) - $2))::float8 as wait`,
    values: [attemptKey(kind, value), now, free, longestSeconds],
  })
  const row = rows[0]
  if (!row || row.counted) return 0
  return Math.max(1, row.wait ?? 1)
}

/** The seconds that somebody has to wait before the next attempt; 0 when there is nothing to wait for. */
export async function secondsToWait(
  db: Queryable,
  kind: 'name' | 'address',
  value: string,
  now: Date,
): Promise<number> {
  const { rows } = await query<{ wait: number }>(db, {
    text: `select ceil(extract(epoch from blocked_until - $2::timestamptz))::float8 as wait from sign_in_attempt
      where key = $1 and blocked_until > $2`,
    values: [attemptKey(kind, value), now],
  })
  return rows[0]?.wait ?? 0
}

/** Forgets the failed attempts for a name: it was signed in to. */
export async function forgetAttempts(db: Queryable, kind: 'name' | 'address', value: string): Promise<void> {
  await query(db, {
    text: 'delete from sign_in_attempt where key = $1',
    values: [attemptKey(kind, value)],
  })
}
