import type { Pool } from 'pg'
import { servedTypes } from '../../src/resources/index.ts'
import { tableOf } from '../../src/store/tables.ts'

/** Every version of every resource in the store, as `Type/id/version`: to see that nothing was written. */
export async function storedVersions(pool: Pool): Promise<string[]> {
  const parts = servedTypes.flatMap(type =>
    ['', '_history'].map(suffix => `select '${type}/' || id || '/' || ver as name from "${tableOf(type)}${suffix}"`),
  )
  const { rows } = await pool.query<{ name: string }>(`${parts.join(' union all ')} order by 1`)
  return rows.map(({ name }) => name)
}

/** The lines of the audit record, in the order in which they were written, each taken apart. */
export async function auditLines(pool: Pool): Promise<unknown[][]> {
  const { rows } = await pool.query<{ lines: string }>('select lines from audit_raw order by id')
  return rows.flatMap(({ lines }) => lines.split('\n').map(line => JSON.parse(line) as unknown[]))
}
