import type { Definition } from '../resources/definition.ts'
import { definitions, mainDateOf } from '../resources/index.ts'
import type { Queryable } from './db.ts'

/** The table of a type: `DiagnosticReport` lives in `diagnostic_report`. */
export const tableOf = (type: string): string => type.replace(/(?<!^)[A-Z]/g, letter => `_${letter}`).toLowerCase()

/** The column that holds the interned token set of a parameter. */
export const setColumn = (param: string): string => `${param.replaceAll('-', '_')}_cc`

/** The parameters of a type that have a column of their own, in the order of their declaration. */
export const internedOf = (definition: Definition): readonly string[] =>
  Object.keys(definition.search).filter(param => definition.search[param]?.stored === 'interned')

/** The columns that every type has, before those of its own parameters; `content` is the JSON that is sent. */
const FIXED = `
  id text collate "C" primary key,
  patient text collate "C" not null default '',
  ver int not null,
  upd timestamptz not null,
  tx xid8 not null default pg_current_xact_id(),
  release_at timestamptz not null default '-infinity',
  method text not null,
  keys bigint[] not null,
  refs text[] not null,
  content text not null`

const HISTORY = `
  id text collate "C" not null,
  ver int not null,
  upd timestamptz not null,
  tx xid8 not null,
  patient text collate "C" not null,
  release_at timestamptz not null,
  method text not null,
  content text,
  primary key (id, ver)`

/**
 * The columns that go to the history with a version: beside what it is, the values that say whether it is within a granular
 * scope. A version from before they were kept has none, and is within no such scope.
 */
export const historyColumns = (definition: Definition): readonly string[] => [
  ...['id', 'ver', 'upd', 'tx', 'patient', 'release_at', 'method', 'content', 'keys'],
  ...internedOf(definition).map(setColumn),
]

function statementsOf(definition: Definition): string[] {
  const table = tableOf(definition.type)
  const main = mainDateOf(definition)
  const statements = [
    `create table if not exists "${table}" (${FIXED})`,
    `create table if not exists "${table}_history" (${HISTORY})`,
    `alter table "${table}_history" add column if not exists keys bigint[]`,
    ...internedOf(definition).flatMap(param =>
      [table, `${table}_history`].map(
        each => `alter table "${each}" add column if not exists "${setColumn(param)}" bigint`,
      ),
    ),
    `create index if not exists "${table}_updated" on "${table}" (upd, id)`,
    `create index if not exists "${table}_history_updated" on "${table}_history" (upd, id)`,
    `create index if not exists "${table}_keys" on "${table}" using gin (keys) with (fastupdate = off)`,
  ]
  if (internedOf(definition).includes('code'))
    statements.push(`create index if not exists "${table}_code" on "${table}" (code_cc, upd, id)`)
  if (definition.releasedWith || definition.follows)
    statements.push(
      `alter table "${table}" add column if not exists release_own timestamptz not null default '-infinity'`,
    )
  if (!main)
    return [
      ...statements,
      `create index if not exists "${table}_patient" on "${table}" (patient, id${coveredBy(definition)}, release_at, upd)`,
    ]
  return [
    ...statements,
    `alter table "${table}" add column if not exists date_lo timestamptz not null default '-infinity'`,
    `alter table "${table}" add column if not exists date_hi timestamptz not null default 'infinity'`,
    `create index if not exists "${table}_patient" on "${table}" (patient, date_lo desc, id${coveredBy(definition)}, date_hi, release_at, upd)`,
  ]
}

/**
 * The sets a patient's list is mostly filtered by stand in its index, behind the columns that sort it and before its end. With
 * the release, what is counted by them need not be fetched; with the time of the last change, nothing that an app knows already.
 */
const coveredBy = (definition: Definition): string =>
  ['code', 'category', 'status']
    .filter(param => definition.search[param]?.stored === 'interned')
    .map(param => `, "${setColumn(param)}"`)
    .join('')

/**
 * Brings the tables of the declared types up to the declarations: what is missing is created, nothing is dropped.
 * Run by the migration, under its lock.
 */
export async function ensureResourceTables(db: Queryable): Promise<void> {
  const statements = [...definitions.values()].flatMap(statementsOf)
  await db.query(statements.join(';\n'))
}
