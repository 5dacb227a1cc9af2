import type { Permission } from '../access/permit.ts'
import { any, raw, type Sql, sql } from './sql.ts'
import { visibleTo } from './visible.ts'

/** What else a search asks of a resource than its parameters: whose it is, what words it has, which list it is on. */
export type Narrowing = {
  /** The patient whose compartment is searched, https://hl7.org/fhir/R4/http.html#vsearch */
  readonly patient: string | undefined
  /** Words of the narrative or of anything, any of the phrases; https://hl7.org/fhir/R4/search.html#content */
  readonly words: readonly { readonly inNarrative: boolean; readonly phrases: readonly string[] }[]
  /** Lists that it must be on, and the permission to read Lists; https://hl7.org/fhir/R4/search.html#list */
  readonly lists: readonly { readonly id: string; readonly permission: Permission }[]
}

const ITEM = 'item>'

const onList = (type: string, { id, permission }: Narrowing['lists'][number], now: Date): Sql => {
  const prefix = `${ITEM}${type}/`
  return sql`r.id in (select substr(ref, ${prefix.length + 1}::int) from list l, unnest(l.refs) ref
    where l.id = ${id} and starts_with(ref, ${prefix}) and ${visibleTo(permission, raw('l'), now)})`
}

const says = ({ inNarrative, phrases }: Narrowing['words'][number]): Sql => {
  const words = raw(inNarrative ? 'narrative_words(r.content)' : 'content_words(r.content)')
  return any(phrases.map(phrase => sql`${words} @@ websearch_to_tsquery('simple', folded_words(${phrase}))`))
}

/** The conditions of a narrowing on the rows `r` of a type. What costs most comes last. */
export function narrowed(type: string, { patient, words, lists }: Narrowing, now: Date): Sql[] {
  return [
    ...(patient === undefined ? [] : [sql`r.patient = ${patient}`]),
    ...lists.map(each => onList(type, each, now)),
    ...words.map(says),
  ]
}
