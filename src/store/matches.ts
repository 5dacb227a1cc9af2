import type { Permission } from '../access/permit.ts'
import type { Clause } from '../fhir/query.ts'
import type { SearchParam } from '../fhir/search.ts'
import { tokenKeys } from './hash.ts'
import { hasKey, identifiers, not, of, pairKeys, refersTo, saysIdentifier, tokens, uris } from './matches-key.ts'
import { links } from './matches-link.ts'
import { beside, hasMainDate, mainDates, quantitiesBeside, side, storeOf, updates } from './matches-value.ts'
import type { Rows } from './rows.ts'
import { all, any, name, raw, type Sql, sql } from './sql.ts'
import { setColumn } from './tables.ts'
import { type Judge, judgeAt } from './visible.ts'

export { SEVERAL_PATIENTS } from './matches-key.ts'

function references(clause: Clause, declared: SearchParam, rows: Rows): Sql {
  if (clause.modifier === 'identifier') return any([saysIdentifier(clause, rows), links(clause, rows, condition)])
  const targets = of(clause, 'reference').flatMap(value => value.targets)
  return refersTo(clause.param, declared, rows, targets)
}

/** The parameters that one is made of, each as a clause of its own. */
const partsOf = (clause: Clause, { of = [] }: SearchParam, { permission }: Rows): [Clause, SearchParam][] =>
  of.flatMap(param => {
    const declared = permission.definition.search[param]
    return declared ? [[{ ...clause, param, declared }, declared]] : []
  })

/** Whether there is any value of the parameter. */
function present(clause: Clause, declared: SearchParam, rows: Rows): Sql {
  const { param } = clause
  const whether = (parts: [Clause, SearchParam][]) => parts.map(([part, each]) => present(part, each, rows))
  if (declared.stored === 'either') return any(whether(partsOf(clause, declared, rows)))
  if (declared.stored === 'parts') return all(whether(partsOf(clause, declared, rows)))
  if (declared.stored === 'main') return hasMainDate(rows)
  const isPresent = hasKey(rows, [tokenKeys.present(param)])
  if (declared.stored === 'interned') return any([sql`${rows.row}.${name(setColumn(param))} is not null`, isPresent])
  if (declared.type === 'reference')
    return any([
      sql`exists (select from unnest(${rows.row}.refs) x where starts_with(x, ${`${param}>`}))`,
      hasKey(rows, [tokenKeys.present(`${param}:identifier`)]),
    ])
  const numbers = numbersOf(declared, rows)
  if (numbers !== undefined) return beside('search_quantity', numbers, rows, [raw('s.pairs is not null')])
  const store = storeOf(declared)
  return store === '' ? isPresent : beside(store, param, rows, [raw('true')])
}

/** The second part of a composite of pairs where that is a quantity. */
function numbersOf({ stored, of }: SearchParam, { permission }: Rows): string | undefined {
  const second = stored === 'pairs' ? of?.[1] : undefined
  return second !== undefined && permission.definition.search[second]?.type === 'quantity' ? second : undefined
}

function missing(clause: Clause, declared: SearchParam, rows: Rows): Sql {
  const found = present(clause, declared, rows)
  return any(of(clause, 'missing').map(value => (value.missing ? not(found) : found)))
}

const COMPLEMENTS: Readonly<Record<string, string | undefined>> = { not: undefined, 'not-in': 'in' }

/** The union of parameters; `:not` of a union is the complement of all. */
function union(clause: Clause, declared: SearchParam, rows: Rows): Sql {
  const { modifier } = clause
  const isComplement = modifier !== undefined && modifier in COMPLEMENTS
  const plain = isComplement ? { ...clause, modifier: COMPLEMENTS[modifier] } : clause
  const found = any(partsOf(plain, declared, rows).map(([part]) => condition(part, rows)))
  return isComplement ? not(found) : found
}

/** Pairs of values that belong together, https://hl7.org/fhir/R4/search.html#composite */
function composites(clause: Clause, declared: SearchParam, rows: Rows): Sql {
  const { isFew: _, ...whole } = clause
  // On the way through many rows the parts are asked of each; to find few the planner may begin with either.
  const [one, two] = partsOf(clause.isFew === false ? clause : whole, declared, rows)
  const numbers = numbersOf(declared, rows)
  const pairs = of(clause, 'composite').map(({ first, second }) => {
    if (declared.stored === 'parts' && one && two)
      return all([condition({ ...one[0], values: [first] }, rows), condition({ ...two[0], values: [second] }, rows)])
    if (numbers !== undefined) return quantitiesBeside(numbers, rows, second, pairKeys(clause.param, first))
    return sql`${rows.row}.keys && ${pairKeys(clause.param, first, second)}::bigint[]`
  })
  return any(pairs)
}

function ofColumn(clause: Clause, rows: Rows): Sql {
  if (clause.modifier === 'missing')
    return any(of(clause, 'missing').map(value => raw(value.missing ? 'false' : 'true')))
  if (clause.declared === 'lastUpdated') return updates(clause, rows)
  const found = sql`${rows.row}.id = any(${of(clause, 'id').map(({ id }) => id)}::text[])`
  return clause.modifier === 'not' ? not(found) : found
}

/** The SQL of a clause on rows that are asked about. */
export function condition(clause: Clause, rows: Rows): Sql {
  const { declared } = clause
  if (typeof declared === 'string') return ofColumn(clause, rows)
  if (declared.stored === 'linked') return links(clause, rows, condition)
  if (clause.modifier === 'missing') return missing(clause, declared, rows)
  if (declared.stored === 'either') return union(clause, declared, rows)
  const kinds: Record<SearchParam['type'], () => Sql> = {
    token: () => (clause.param === 'identifier' ? identifiers : tokens)(clause, declared, rows),
    uri: () => uris(clause, declared, rows),
    date: () => (declared.stored === 'main' ? mainDates(clause, rows) : side(clause, declared, rows)),
    string: () => side(clause, declared, rows),
    quantity: () => side(clause, declared, rows),
    reference: () => references(clause, declared, rows),
    composite: () => composites(clause, declared, rows),
  }
  return kinds[declared.type]()
}

/**
 * The SQL of one condition on the rows `r` of a type: a predicate with its values as parameters. What it asks of other
 * resources is judged by the permission that the same asker has for them.
 * https://hl7.org/fhir/R4/search.html
 * @throws FhirError 403 when a type that it leads to is not within the scopes
 */
export const matches = (clause: Clause, permission: Permission, now: Date, judge: Judge = judgeAt(now)): Sql =>
  condition(clause, { row: raw('r'), permission, now, judge, depth: 0 })
