import type { ScopeQuery } from '../access/granular.ts'
import type { Clause } from '../fhir/query-clause.ts'
import type { SearchParam } from '../fhir/search.ts'
import type { Definition } from '../resources/definition.ts'
import { indexKey, referenceKey } from './hash.ts'
import { of, tokens, uris } from './matches-key.ts'
import { all, any, raw, type Sql, sql } from './sql.ts'
import { setColumn } from './tables.ts'

const PATIENT = 'Patient/'

/** Whose the row is, by the column that says so; other references are among its keys. */
function refersTo({ param, ...clause }: Clause, { stored }: SearchParam, row: Sql): Sql {
  const targets = of({ param, ...clause }, 'reference').flatMap(value => value.targets)
  const patients = targets.flatMap(target => (target.startsWith(PATIENT) ? target.slice(PATIENT.length) : []))
  const keys = targets.map(target => indexKey(referenceKey(param, target)))
  const named = sql`${row}.keys && ${keys}::bigint[]`
  return stored === 'patient' ? any([sql`${row}.patient = any(${patients}::text[])`, named]) : named
}

function holds(clause: Clause, definition: Definition, row: Sql): Sql {
  const { declared } = clause
  if (declared === 'id') return sql`${row}.id = any(${of(clause, 'id').map(({ id }) => id)}::text[])`
  if (typeof declared === 'string') return raw('false')
  if (declared.stored === 'either')
    return any(
      (declared.of ?? []).flatMap(param => {
        const part = definition.search[param]
        return part ? holds({ ...clause, param, declared: part }, definition, row) : []
      }),
    )
  if (declared.type === 'token') return tokens(clause, declared, { row })
  if (declared.type === 'uri') return uris(clause, declared, { row })
  return declared.type === 'reference' ? refersTo(clause, declared, row) : raw('false')
}

/**
 * Whether a row, current or in history, is within one of the query parts of the granular scopes on its type. It is true or
 * false and never unknown, so that its opposite can be asked, too.
 */
export const within = (queries: readonly ScopeQuery[], definition: Definition, row: Sql): Sql =>
  sql`coalesce(${any(queries.map(clauses => all(clauses.map(clause => holds(clause, definition, row)))))}, false)`

const columnsOf = ({ param, declared }: Clause, { search }: Definition): string[] => {
  if (typeof declared === 'string') return []
  const params = declared.stored === 'either' ? (declared.of ?? []) : [param]
  return params.map(each => (search[each]?.stored === 'interned' ? setColumn(each) : 'keys'))
}

/** The columns that `within` looks at beside those of every row. */
export const columnsWithin = (queries: readonly ScopeQuery[], definition: Definition): readonly string[] => [
  ...new Set(queries.flat().flatMap(clause => columnsOf(clause, definition))),
]
