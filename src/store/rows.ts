import type { Permission } from '../access/permit.ts'
import type { Sql } from './sql.ts'
import type { Judge } from './visible.ts'

/** The rows that a condition is about: their alias in the statement, and who asks for them when. */
export type Rows = {
  readonly row: Sql
  readonly permission: Permission
  readonly now: Date
  /** Which rows of other types that they lead to may be seen. */
  readonly judge: Judge
  /** The ids that they are among, where that is known beforehand. */
  readonly among?: Sql
  /** How many references the search has gone along to reach them. */
  readonly depth: number
}
