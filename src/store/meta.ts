import type { Permission } from '../access/permit.ts'
import { type Access, closed, lineOf } from './audit.ts'
import type { Queryable } from './db.ts'
import { run } from './run.ts'
import { join, name, raw, sql } from './sql.ts'
import { setColumn, tableOf } from './tables.ts'
import { visibleTo } from './visible.ts'

/** What resources are labelled with: `system|code` of tags and security labels, the urls of profiles. */
export type Labels = {
  readonly tags: readonly string[]
  readonly security: readonly string[]
  readonly profiles: readonly string[]
}

/** The labels that are in use on whatever the permissions let one see. Labels are interned: no text is read. */
export async function labelsOf(
  db: Queryable,
  permissions: readonly Permission[],
  access: Access,
  now: Date,
): Promise<Labels> {
  const [tag, security, profile] = ['_tag', '_security', '_profile'].map(param => name(setColumn(param)))
  const parts = permissions.map(
    permission => sql`select distinct r.${tag} as tag, r.${security} as security, r.${profile} as profile
      from ${name(tableOf(permission.definition.type))} r where ${visibleTo(permission, raw('r'), now)}`,
  )
  if (parts.length === 0) return { tags: [], security: [], profiles: [] }
  const rows = await run<[string, string]>(
    db,
    sql`with used as materialized (${join(parts, ' union ')}),
      audited as (insert into audit_raw (lines) values (${closed(lineOf(access, now), {})})),
      kinds as (select 'tag' as kind, tag as cc from used union select 'security', security from used
        union select 'profile', profile from used)
      select k.kind, s.doc from kinds k join token_set s on s.cc = k.cc`,
  )
  const linesOf = (wanted: string): string[] => {
    const docs = rows.filter(([kind]) => kind === wanted).flatMap(([, doc]) => doc.split('\n'))
    return [...new Set(docs)].sort()
  }
  return { tags: linesOf('tag'), security: linesOf('security'), profiles: linesOf('profile') }
}
