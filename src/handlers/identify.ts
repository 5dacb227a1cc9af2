import type { Grant } from '../access/grant.ts'
import { isWhole, permit } from '../access/permit.ts'
import { tokensOf } from '../fhir/extract.ts'
import { FhirError, invalid, preconditionFailed } from '../fhir/outcome.ts'
import { type Clause, parseQuery } from '../fhir/query.ts'
import { RESULT_PARAMETERS } from '../fhir/result-params.ts'
import type { Definition, Interaction } from '../resources/definition.ts'
import type { Queryable } from '../store/db.ts'
import { findByIdentifier, findIds, type Identity, lockIdentities } from '../store/resolve.ts'
import type { Server } from './call.ts'
import { newId } from './id.ts'
import { atPlace, type Intent, inPlace } from './intent.ts'
import type { Identified } from './links.ts'
import { searchableOf } from './searchable.ts'

/** Who writes, in which request. */
export type Writer = { readonly grant: Grant; readonly requestId: string; readonly now: Date }

/** The interaction that a write is. */
export const INTERACTION: Readonly<Record<Intent['method'], Interaction>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** The identity that a conditional write is about, the same for every way of spelling its query in another order. */
export const identityOf = ({ definition, criteria = [] }: Intent): string => {
  const identifiers = criteria.filter(([name]) => name === 'identifier')
  const named = identifiers.length > 0 ? identifiers : criteria
  return `${definition.type}?${named
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('&')}`
}

const severalMatch = ({ definition }: Intent) =>
  preconditionFailed(
    `More than one ${definition.type} matches the condition; it must name at most one`,
    'multiple-matches',
  )

/** A conditional write, and what its criteria say. */
type Conditional = { readonly intent: Intent; readonly clauses: readonly Clause[] }

/** The values of the identifiers that criteria name, in whatever system and beside whatever else. */
const valuesNamed = (clauses: readonly Clause[]): string[] =>
  clauses
    .filter(({ param }) => param === 'identifier')
    .flatMap(({ values }) => values)
    .flatMap(each => (each.kind === 'token' ? (each.code ?? []) : each.kind === 'typed' ? each.value : []))

/**
 * What a conditional write must be alone with: each identifier that it asks for or brings along, so that what is the same by any
 * of them is made once, however each asks for it. Systems are left out, for criteria need not say them. Who asks for no identifier
 * is alone with who asks in the same words.
 */
function aloneWith({ intent, clauses }: Conditional): string[] {
  const { definition, resource } = intent
  const { type } = definition
  const named = valuesNamed(clauses)
  // Not every type has identifiers, or is asked by them: Binary and Provenance are not.
  const isCarried = resource !== undefined && Object.hasOwn(definition.search, 'identifier')
  const carried = isCarried ? tokensOf(type, 'identifier', resource).flatMap(({ code }) => code ?? []) : []
  const values = [...named, ...carried].map(value => `${type}?identifier=${value}`)
  return named.length > 0 ? values : [identityOf(intent), ...values]
}

function identitiesOf(conditional: readonly Conditional[]): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>()
  for (const each of conditional) {
    const { type } = each.intent.definition
    const identities = named.get(type) ?? new Set()
    named.set(type, identities)
    for (const identity of aloneWith(each)) identities.add(identity)
  }
  return named
}

/** How many a conditional delete may delete at once. */
const MOST_AT_ONCE = 1000

/** The ids, as many as were looked for. @throws FhirError 412 when they are more than the write may be about */
function checkNumber(intent: Intent, ids: readonly string[]): readonly string[] {
  const most = intent.several ? MOST_AT_ONCE : 1
  if (ids.length <= most) return ids
  throw intent.several
    ? preconditionFailed(`More than ${MOST_AT_ONCE} match the condition, the most that one delete takes`, 'too-costly')
    : severalMatch(intent)
}

/** What may stand in the URL of a conditional write beside its criteria, and says nothing of what is meant. */
const NO_CRITERIA = ['_format', '_pretty']

/**
 * The conditions that criteria are. What a search says of its answer would be passed over here, and is refused.
 * @throws FhirError 400
 */
function clausesOf({ definition, criteria = [], method }: Intent, { base }: Server): readonly Clause[] {
  const asked = criteria.filter(([name]) => !NO_CRITERIA.includes(name))
  const result = asked.find(([name]) => RESULT_PARAMETERS.includes(name.split(':', 1)[0] ?? ''))
  if (result)
    throw invalid(
      `${result[0].slice(0, 60)} is no condition of a write: it is about the answer of a search`,
      undefined,
      'not-supported',
    )
  const { clauses } = parseQuery(asked, searchableOf(definition, base))
  if (clauses.length === 0)
    throw invalid(`The condition of a conditional ${INTERACTION[method]} must name something to search for`)
  return clauses
}

/** The ids that conditions match. @throws FhirError 412 when they are more than the write may be about */
async function findSingly(
  db: Queryable,
  { grant, now }: Writer,
  intent: Intent,
  clauses: readonly Clause[],
): Promise<readonly string[]> {
  const most = intent.several ? MOST_AT_ONCE + 1 : 2
  const permission = permit(grant, intent.definition, 'search-type')
  return checkNumber(intent, await findIds(db, permission, clauses, now, most))
}

export type Known = Identified & {
  readonly isFound: boolean
  /** A conditional update that matched nothing creates with the client's id, and must not overwrite another resource. */
  readonly mustBeNew: boolean
}

/** The one identifier with a system that the conditions are: what engines send, and what is looked up in sets. */
function identifierOf([first, ...more]: readonly Clause[]): Identity | undefined {
  if (more.length > 0 || first?.param !== 'identifier' || first.modifier !== undefined) return undefined
  const [value, ...others] = first.values
  if (typeof first.declared === 'string' || first.declared.stored !== 'keys') return undefined
  if (others.length > 0 || value?.kind !== 'token') return undefined
  return value.system && value.code !== undefined ? { system: value.system, value: value.code } : undefined
}

/** The ids that the criteria of writes name: those by identifier with one statement for each type, the others singly. */
async function findAll(
  db: Queryable,
  writer: Writer,
  conditional: readonly Conditional[],
): Promise<Map<Intent, readonly string[]>> {
  const found = new Map<Intent, readonly string[]>()
  const sets = new Map<Definition, [Intent, Identity][]>()
  for (const { intent, clauses } of conditional) {
    const { definition, place } = intent
    const identity = identifierOf(clauses)
    const seesAll = isWhole(permit(writer.grant, definition, 'search-type'))
    if (identity && seesAll) {
      const set = sets.get(definition) ?? []
      sets.set(definition, set)
      set.push([intent, identity])
    } else found.set(intent, await inPlaceOf(place, findSingly(db, writer, intent, clauses)))
  }
  for (const [definition, set] of sets) {
    const stored = await findByIdentifier(
      db,
      definition,
      set.map(([, identity]) => identity),
    )
    for (const [intent, { system, value }] of set) {
      const ids = stored.get(`${system}|${value}`) ?? []
      found.set(
        intent,
        inPlace(intent.place, () => checkNumber(intent, ids)),
      )
    }
  }
  return found
}

async function inPlaceOf<T>(place: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof FhirError ? atPlace(error, place) : error
  }
}

/** The id of every write: of its URL, found by its criteria, or a new one. */
export async function identify(
  db: Queryable,
  server: Server,
  writer: Writer,
  intents: readonly Intent[],
): Promise<Known[]> {
  const conditional = intents
    .filter(intent => intent.criteria !== undefined)
    .map(intent => ({ intent, clauses: inPlace(intent.place, () => clausesOf(intent, server)) }))
  await lockIdentities(db, identitiesOf(conditional))
  const foundIds = await findAll(db, writer, conditional)
  return intents.flatMap(intent => {
    const [found, ...others] = foundIds.get(intent) ?? []
    const own = intent.method === 'PUT' && typeof intent.resource?.id === 'string' ? intent.resource.id : undefined
    // A client that says the id of what it updates by a condition must mean the one that is found.
    if (intent.id === undefined && found !== undefined && own !== undefined && own !== found)
      throw atPlace(
        invalid(
          `The id of the resource is not that of the ${intent.definition.type} that the condition matches`,
          `${intent.definition.type}.id`,
        ),
        intent.place,
      )
    const id = intent.id ?? found ?? own ?? newId()
    const known = {
      ...intent,
      id,
      isFound: found !== undefined,
      mustBeNew: intent.id === undefined && found === undefined && own !== undefined,
    }
    return [known, ...others.map(other => ({ ...known, id: other }))]
  })
}
