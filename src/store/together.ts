import type { Everything, OnePatient } from '../access/permit.ts'
import type { Queryable } from './db.ts'
import { gather, type Limits } from './gather.ts'
import { runText } from './run.ts'
import { compile, raw, type Sql } from './sql.ts'
import type { Asker } from './visible.ts'

/** Who asks, in a statement that is run together with others. */
export const ASKER: Asker = { person: raw('q.person'), patient: raw('q.patient'), now: raw('q.now') }

type Question = { readonly values: readonly unknown[] }
type Rows = readonly unknown[][]
type Ask = (text: string, question: Question) => Promise<Rows>

const LIMITS: Limits = { most: 24, many: 12, batches: 2, patience: 1 }
const MOST_TEXTS = 500
const asking = new WeakMap<Queryable, Ask>()
const texts = new Map<string, string>()

/** A value as the text that PostgreSQL reads it from, within an array of texts. */
const literal = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  if (!Array.isArray(value)) return String(value)
  return `{${value.map(each => `"${String(each).replace(/[\\"]/g, '\\$&')}"`).join(',')}}`
}

/**
 * The statement that answers many questions of one text: each parameter becomes a column of `q`, of the type that it is
 * cast to, and the text is run for each row of it. Every row says which question it answers.
 */
function batchText(text: string): string {
  const columns = ['person text', 'patient text', 'now timestamptz']
  const asked = text.replace(/\$(\d+)(?:::([a-z0-9]+(?:\[\])?))?/g, (_, number: string, type = 'text') => {
    columns[Number(number) + 2] = `p${number} ${type}`
    return `q.p${number}`
  })
  const cast = columns.map(column => column.replace(' ', '::'))
  const names = columns.map(column => column.split(' ')[0])
  return `with q as materialized (
      select n, ${cast.map((each, index) => `${each} as ${names[index]}`).join(', ')}
      from unnest(${columns.map((_, index) => `$${index + 1}::text[]`).join(', ')}) with ordinality as u(${names.join(', ')}, n))
    select q.n::int, found.* from q cross join lateral (${asked}) found`
}

async function answer(db: Queryable, text: string, questions: readonly Question[]): Promise<Rows[]> {
  const batch = texts.get(text) ?? batchText(text)
  if (texts.size < MOST_TEXTS) texts.set(text, batch)
  const columns = questions[0]?.values.map((_, index) => questions.map(({ values }) => literal(values[index]))) ?? []
  const rows = await runText<[number, ...unknown[]]>(db, batch, columns)
  const answers: unknown[][][] = questions.map(() => [])
  for (const [number, ...row] of rows) answers[number - 1]?.push(row)
  return answers
}

/**
 * Runs a statement that only reads and knows its asker as `ASKER`, together with others of the same text that are asked at
 * the same time, which saves each of them a round trip and the start of a plan (decision 0060). Each parameter that is no
 * text has its cast written behind it.
 */
export function runTogether<Row extends unknown[]>(
  db: Queryable,
  asker: OnePatient | Everything,
  now: Date,
  piece: Sql,
): Promise<Row[]> {
  const ask: Ask = asking.get(db) ?? gather<Question, Rows>((text, questions) => answer(db, text, questions), LIMITS)
  asking.set(db, ask)
  const { text, values } = compile(piece)
  // An engine's text asks for nobody.
  const { person, patient } = asker.kind === 'patient' ? asker : { person: null, patient: null }
  return ask(text, { values: [person, patient, now.toISOString(), ...values] }) as Promise<Row[]>
}
