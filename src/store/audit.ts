import pg from 'pg'
import type { Grant } from '../access/grant.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { raw, type Sql, sql } from './sql.ts'

/** Who asked for what: the part of an audit line that is known before the answer is. */
export type Access = {
  readonly grant: Pick<Grant, 'actor' | 'subject' | 'client' | 'patient'> & { readonly scopes?: Grant['scopes'] }
  /** The id of the HTTP request, echoed to the client as X-Request-Id. */
  readonly requestId: string
  /** The interaction, in the words of https://hl7.org/fhir/R4/valueset-type-restful-interaction.html */
  readonly interaction: string
  /** `Observation/1`, or the type and the names and values that were searched for. */
  readonly what: string
}

/** Written where somebody with a patient in context could see the records of others too. */
export const ALSO_OTHERS = 'user'

// The same token asks many times: grants are values, which nobody changes.
const askers = new WeakMap<Access['grant'], string>()

function askerOf({ actor, subject, client, patient, scopes = [] }: Access['grant']): string {
  const asker = [actor, subject, client, patient ?? null]
  if (patient !== undefined && scopes.some(({ context }) => context === 'user')) asker.push(ALSO_OTHERS)
  return JSON.stringify(asker).slice(1, -1)
}

/**
 * The beginning of an audit line: a JSON array that the statement closes with what came of it. The order is
 * [time, request, interaction, what, actor, person or client, app, patient, {outcome}]; before the outcome stands
 * `ALSO_OTHERS` where the patient in context is not the only one whose record the token reaches.
 */
export function lineOf({ grant, requestId, interaction, what }: Access, now: Date): string {
  const head = JSON.stringify([now.toISOString(), requestId, interaction, what])
  const asker = askers.get(grant) ?? askerOf(grant)
  askers.set(grant, asker)
  return `${head.slice(0, -1)},${asker}`
}

/** A data-modifying part of a statement that writes the line and what the page found: `"ids": ["Observation/1", …]`. */
export const auditFound = (line: string, found: Sql, isAsked: Sql = raw('true')): Sql =>
  sql`audited as (insert into audit_raw (lines)
    select ${line}::text || ',{"ids":' || coalesce(json_agg(f.what)::text, '[]') || '}]' from (${found}) f
    having ${isAsked})`

/** Writes the lines of accesses that had no statement of their own: writes in their transaction, refusals. */
export async function audit(db: Queryable, lines: readonly string[]): Promise<void> {
  await run(db, sql`insert into audit_raw (lines) select string_to_table(${lines.join('\n')}::text, E'\n')`)
}

type Waiting = { readonly line: string; resolve(): void; reject(error: unknown): void }
type Recorder = { waiting: Waiting[]; isWriting: boolean }

const MOST_AT_ONCE = 200
const recorders = new WeakMap<Queryable, Recorder>()

async function writeWaiting(db: Queryable, recorder: Recorder): Promise<void> {
  while (recorder.waiting.length > 0) {
    const batch = recorder.waiting.slice(0, MOST_AT_ONCE)
    recorder.waiting = recorder.waiting.slice(MOST_AT_ONCE)
    try {
      await audit(
        db,
        batch.map(({ line }) => line),
      )
      for (const { resolve } of batch) resolve()
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }
  recorder.isWriting = false
}

/**
 * Writes the line of an access that has been looked up and not yet answered; once this has come back the line is on disk,
 * or in the transaction of `db` if that is a connection. On the pool, lines that come while others are written wait and go
 * together: a flush for each would cost as much as the search.
 */
export function record(db: Queryable, line: string): Promise<void> {
  if (!(db instanceof pg.Pool)) return audit(db, [line])
  const recorder = recorders.get(db) ?? { waiting: [], isWriting: false }
  recorders.set(db, recorder)
  return new Promise((resolve, reject) => {
    recorder.waiting.push({ line, resolve, reject })
    if (recorder.isWriting) return
    recorder.isWriting = true
    // After the database's other answers that have arrived already were read.
    setImmediate(() => writeWaiting(db, recorder))
  })
}

/** A whole line: what was asked and what came of it, as JSON. */
export const closedBy = (line: string, result: string): string => `${line},${result}]`

/** A whole line: what was asked and what came of it. */
export const closed = (line: string, result: Record<string, unknown>): string => closedBy(line, JSON.stringify(result))

/** The line in SQL, closed with a piece of JSON that the statement computes. */
export const closedWith = (line: Sql, result: Sql): Sql => sql`${line} || ',' || ${result} || ${raw(`']'`)}`
