import type { Permission } from '../access/permit.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { name, sql } from './sql.ts'
import { tableOf } from './tables.ts'

type HumanName = { text?: string; family?: string; given?: string[]; use?: string }

/** A name as a page shows it: the text, or given names and family name; the official or usual one first. */
function written(names: readonly HumanName[] = []): string | undefined {
  const best = names.find(({ use }) => use === 'usual') ?? names.find(({ use }) => use === 'official') ?? names[0]
  return best && (best.text ?? [...(best.given ?? []), best.family].filter(Boolean).join(' '))
}

/** The display names of Patients by id, for pages that let a person choose whose record is meant. */
export async function namesOf(
  db: Queryable,
  permission: Permission,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (permission.kind !== 'everything') throw new Error('Names are read for the server’s own pages only')
  const table = name(tableOf(permission.definition.type))
  const rows = await run<[string, string]>(
    db,
    sql`select r.id, r.content from ${table} r where r.id = any(${ids}::text[])`,
  )
  return new Map(
    rows.flatMap(([id, content]) => {
      const text = written((JSON.parse(content) as { name?: HumanName[] }).name)
      return text ? [[id, text] as const] : []
    }),
  )
}
