/** One rule: what has to be so, where that is written, and, when no test shows it, why. */
export type Requirement = {
  readonly id: string
  readonly level: string
  readonly text: string
  readonly source: string
  readonly reason: string
}

const COLUMNS = ['id', 'level', 'text', 'source', 'reason'] as const
const LEVELS = ['SHALL', 'SHOULD', 'MAY']

/** The cells of a line, RFC 4180; a cell with a comma or a quote in it is quoted. */
function cellsOf(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  )
}

/** The requirements of a file; what is not one is an error that names its line. */
export function requirementsIn(csv: string): Requirement[] {
  const [header = '', ...lines] = csv.split('\n').filter(Boolean)
  if (header !== COLUMNS.join(','))
    throw new Error(`the columns of requirements are ${COLUMNS.join(',')}, not ${header}`)
  const seen = new Set<string>()
  return lines.map(line => {
    const [id = '', level = '', text = '', source = '', reason = '', ...more] = cellsOf(line)
    if (!id || seen.has(id) || !LEVELS.includes(level) || !text || !source || more.length > 0)
      throw new Error(`not a requirement, or one with the id of another: ${line}`)
    seen.add(id)
    return { id, level, text, source, reason }
  })
}
