import { createHash } from 'node:crypto'

/** A piece of SQL with its parameters apart: pieces nest among the values, values never become text. */
export type Sql = {
  readonly strings: readonly string[]
  readonly values: readonly unknown[]
  /** Wherever in a statement it stands, it has the same parameters. */
  readonly isShared: boolean
}

const isSql = (value: unknown): value is Sql =>
  typeof value === 'object' && value !== null && 'strings' in value && 'values' in value

/** A tagged template: `${piece}` is spliced in, `${value}` becomes a parameter; both when it is compiled. */
export const sql = (strings: TemplateStringsArray, ...values: readonly unknown[]): Sql => ({
  strings,
  values,
  isShared: false,
})

/** Text that is SQL already: names of tables and columns that come from declarations, never from a request. */
export const raw = (text: string): Sql => ({ strings: [text], values: [], isShared: false })

/** A value of a type that stands in a statement at many places: it is one parameter, and sent once. */
export const parameter = (value: unknown, type: 'text' | 'timestamptz'): Sql => ({
  strings: ['', `::${type}`],
  values: [value],
  isShared: true,
})

/** A quoted identifier from a declaration. */
export const name = (text: string): Sql => raw(`"${text.replaceAll('"', '""')}"`)

/** Pieces side by side with a separator between them. */
export const join = (pieces: readonly Sql[], separator: string): Sql =>
  pieces.length === 0
    ? raw('')
    : { strings: ['', ...Array<string>(pieces.length - 1).fill(separator), ''], values: pieces, isShared: false }

/** All of the conditions, or true when there is none. */
export const all = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? raw('true') : sql`(${join(conditions, ' and ')})`

/** Any of the conditions, or false when there is none. */
export const any = (conditions: readonly Sql[]): Sql =>
  conditions.length === 0 ? raw('false') : sql`(${join(conditions, ' or ')})`

/** What has been compiled so far: the values, and the text of each piece that is shared. */
type Compiling = { readonly values: unknown[]; readonly known: Map<Sql, string> }

/** The text with `$1`, `$2` … and the values in that order. */
export function compile(piece: Sql): { text: string; values: unknown[] } {
  const compiling: Compiling = { values: [], known: new Map() }
  return { text: textOf(piece, compiling), values: compiling.values }
}

function textOf(piece: Sql, compiling: Compiling): string {
  const known = piece.isShared ? compiling.known.get(piece) : undefined
  if (known !== undefined) return known
  const { strings, values: holes } = piece
  let text = strings[0] ?? ''
  for (let index = 0; index < holes.length; index++) {
    const hole = holes[index]
    text += isSql(hole) ? textOf(hole, compiling) : `$${compiling.values.push(hole)}`
    text += strings[index + 1] ?? ''
  }
  if (piece.isShared) compiling.known.set(piece, text)
  return text
}

const MOST_NAMES = 300
const USES = 3
const MOST_SEEN = 1000
const names = new Map<string, string>()
const seen = new Map<string, number>()

/**
 * The name under which a text is prepared on a connection, from its third use on. Every name stays planned on every
 * connection, so only so many texts get one: not those of searches that somebody makes once. Others are planned each time.
 */
export function statementName(text: string): string | undefined {
  const known = names.get(text)
  if (known !== undefined || names.size >= MOST_NAMES) return known
  const uses = (seen.get(text) ?? 0) + 1
  if (uses < USES) {
    if (seen.size >= MOST_SEEN) seen.clear()
    seen.set(text, uses)
    return undefined
  }
  seen.delete(text)
  const given = `p${createHash('sha256').update(text).digest('base64url').slice(0, 20)}`
  names.set(text, given)
  return given
}
