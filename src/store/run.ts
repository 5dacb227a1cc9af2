import type { QueryResult, QueryResultRow } from 'pg'
import type { Queryable } from './db.ts'
import { compile, type Sql, statementName } from './sql.ts'

let prepare = true

/** Behind a pooler that cannot follow prepared statements (`PORTICO_STATEMENTS=unnamed`) every text is sent whole. */
export function useNamedStatements(named: boolean): void {
  prepare = named
}

/** The name to prepare a text under, if it gets one. */
function named(text: string): { readonly name?: string } {
  const name = prepare ? statementName(text) : undefined
  return name ? { name } : {}
}

/** Runs one statement and gives its rows as arrays, in the order of the selected columns. */
export async function run<Row extends unknown[]>(db: Queryable, piece: Sql): Promise<Row[]> {
  const { text, values } = compile(piece)
  return await runText<Row>(db, text, values)
}

/** The same for a text that is compiled already: what is built once and used for every request. */
export async function runText<Row extends unknown[]>(db: Queryable, text: string, values: unknown[]): Promise<Row[]> {
  const result = await db.query<Row>({ text, values, rowMode: 'array', ...named(text) })
  return result.rows
}

/** A text with its parameters, `$1` and so on. */
type Statement = { readonly text: string; readonly values?: unknown[] }

/** Runs a text that was written whole, and gives its rows as objects, and how many rows it touched. */
export async function query<Row extends QueryResultRow>(
  db: Queryable,
  { text, values = [] }: Statement,
): Promise<QueryResult<Row>> {
  return await db.query<Row>({ text, values, ...named(text) })
}
