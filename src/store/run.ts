import type { Queryable } from './db.ts'
import { compile, type Sql, statementName } from './sql.ts'

let prepare = true

/** Behind a pooler that cannot follow prepared statements (`PORTICO_STATEMENTS=unnamed`) every text is sent whole. */
export function useNamedStatements(named: boolean): void {
  prepare = named
}

/** Runs one statement and gives its rows as arrays, in the order of the selected columns. */
export async function run<Row extends unknown[]>(db: Queryable, piece: Sql): Promise<Row[]> {
  const { text, values } = compile(piece)
  return await runText<Row>(db, text, values)
}

/** The same for a text that is compiled already: what is built once and used for every request. */
export async function runText<Row extends unknown[]>(db: Queryable, text: string, values: unknown[]): Promise<Row[]> {
  const name = prepare ? statementName(text) : undefined
  const result = await db.query<Row>({ text, values, rowMode: 'array', ...(name ? { name } : {}) })
  return result.rows
}
