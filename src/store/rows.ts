import type { Permission } from '../access/permit.ts'
import type { Sql } from './sql.ts'

/** The rows that a condition is about: their alias in the statement, and who asks for them when. */
export type Rows = {
  readonly row: Sql
  readonly permission: Permission
  readonly now: Date
  /** How many references the search has gone along to reach them. */
  readonly depth: number
}
