import type { Grant } from '../access/grant.ts'
import { permit } from '../access/permit.ts'
import { judgeIdentifier } from '../fhir/identifier-rules.ts'
import { FhirError, invalid, preconditionFailed, unprocessable } from '../fhir/outcome.ts'
import { eachReference, type Holder, parseReference, rewriteLinks } from '../fhir/reference.ts'
import type { Json } from '../fhir/types.ts'
import { definitionOf } from '../resources/index.ts'
import type { Queryable } from '../store/db.ts'
import { visibleAmong } from '../store/exists.ts'
import { findByIdentifier, type Identity } from '../store/resolve.ts'
import { arrivalKey, lockArrivals } from '../store/waiting.ts'
import { atPlaceOfResource, type Intent } from './intent.ts'

/** A write whose id is known: assigned, of the URL, or found by its criteria. */
export type Identified = Intent & { readonly id: string }

const RESTFUL = /\/([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})$/

/** What each entry's fullUrl stands for once the ids are known; a RESTful one also in its relative form. */
function targetsOf(intents: readonly Identified[]): Map<string, string> {
  const targets = new Map<string, string>()
  for (const { fullUrl, definition, id } of intents) {
    if (fullUrl === undefined) continue
    const target = `${definition.type}/${id}`
    targets.set(fullUrl, target)
    const relative = RESTFUL.exec(fullUrl)?.[1]
    if (relative !== undefined && relative !== target) targets.set(relative, target)
  }
  return targets
}

const pair = (system: string, value: string): string => `${system}|${value}`

/** The one identifier that a conditional reference or a logical one is resolved by. */
type Wanted = Identity & {
  readonly type: string
  readonly holder: Holder
  readonly required: boolean
  /** The path of a reference that has to lead somewhere, to say where it does not. */
  readonly where: string
}

/** `Practitioner?identifier=system|value` as an identity; other criteria are not looked up in references. */
function identityOfQuery(query: string): Identity | undefined {
  const params = [...new URLSearchParams(query)]
  const [first] = params
  if (params.length !== 1 || first?.[0] !== 'identifier') return undefined
  const bar = first[1].indexOf('|')
  return bar < 0 ? undefined : { system: first[1].slice(0, bar), value: first[1].slice(bar + 1) }
}

function identityOfHolder({ identifier }: Holder): Identity | undefined {
  const { system, value } = (identifier ?? {}) as { system?: unknown; value?: unknown }
  if (typeof value !== 'string') return undefined
  return { system: typeof system === 'string' ? system : '', value }
}

/** An error said of one reference. */
const atReference = ({ status, issues, headers }: FhirError, where: string, place: string): FhirError =>
  atPlaceOfResource(
    new FhirError(
      status,
      issues.map(issue => ({ ...issue, expression: where })),
      { headers },
    ),
    place,
  )

/**
 * What a reference by identifier is to when it does not say so: the one type that its element is for, or else the Patient
 * where it may be to her.
 */
function typeOf({ type }: Holder, targets: readonly string[] | undefined): string | undefined {
  if (typeof type === 'string') return type
  if (targets === undefined || targets.includes('Patient')) return 'Patient'
  return targets.length === 1 ? targets[0] : undefined
}

/** What one reference needs to be looked up, if anything. */
function wantedOf(
  holder: Holder,
  path: () => string,
  targets: readonly string[] | undefined,
  place: string,
): Wanted | undefined {
  if (typeof holder.reference === 'string') {
    const parsed = parseReference(holder.reference)
    if (parsed?.kind !== 'conditional') return undefined
    const identity = identityOfQuery(parsed.query)
    // The path is known while the reference is visited, not later.
    const where = path()
    if (!identity || !definitionOf(parsed.type))
      throw atReference(
        invalid(
          `A conditional reference must be Type?identifier=system|value of a type that is served, not "${holder.reference.slice(0, 80)}"`,
        ),
        where,
        place,
      )
    const judged = judgeIdentifier(identity.system, identity.value)
    if (judged?.fault !== undefined) throw atReference(invalid(judged.fault, undefined, 'value'), where, place)
    const value = judged?.plain ?? identity.value
    return { ...identity, value, type: parsed.type, holder, required: true, where }
  }
  const identity = identityOfHolder(holder)
  const type = typeOf(holder, targets)
  return identity && type !== undefined && definitionOf(type)
    ? { ...identity, type, holder, required: false, where: '' }
    : undefined
}

/** The identifiers that a resource carries. */
export function identitiesOf(resource: Json | undefined): Identity[] {
  const { identifier } = resource ?? {}
  if (!Array.isArray(identifier)) return []
  return (identifier as Json[]).flatMap(({ system, value }) =>
    typeof value === 'string' ? [{ system: typeof system === 'string' ? system : '', value }] : [],
  )
}

/** The identifiers that the entries of this transaction bring along, by type, system and value. */
function broughtAlong(intents: readonly Identified[]): Map<string, Set<string>> {
  const brought = new Map<string, Set<string>>()
  for (const { definition, id, resource, method } of intents) {
    if (method === 'DELETE') continue
    for (const { system, value } of identitiesOf(resource)) {
      const key = `${definition.type} ${pair(system, value)}`
      const ids = brought.get(key) ?? new Set()
      brought.set(key, ids.add(id))
    }
  }
  return brought
}

const isPatientType = (type: string): boolean => definitionOf(type)?.compartment === 'self'

/** The identifiers of the Patients that are being written. */
const arriving = (intents: readonly Identified[]): string[] =>
  intents.flatMap(({ definition, resource }) =>
    isPatientType(definition.type) ? identitiesOf(resource).map(arrivalKey) : [],
  )

/** The identifiers by which a Patient is looked for. */
const lookedFor = (wanted: readonly Wanted[]): string[] =>
  wanted.filter(({ type }) => isPatientType(type)).map(arrivalKey)

async function lookUp(db: Queryable, wanted: readonly Wanted[]): Promise<Map<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const type of new Set(wanted.map(each => each.type))) {
    const definition = definitionOf(type)
    if (!definition) continue
    const identities = new Map(
      wanted.filter(each => each.type === type).map(each => [pair(each.system, each.value), each]),
    )
    for (const [identity, ids] of await findByIdentifier(db, definition, [...identities.values()]))
      found.set(`${type} ${identity}`, ids)
  }
  return found
}

function link({ type, holder, required, where, system, value }: Wanted, ids: readonly string[], place: string): void {
  const [id] = ids
  if (id !== undefined && ids.length === 1) {
    holder.reference = `${type}/${id}`
    return
  }
  // A logical reference that names nobody yet, or several, is kept as it came: it is right as it stands.
  if (!required) return
  const query = `${type}?identifier=${pair(system, value)}`.slice(0, 120)
  if (ids.length === 0)
    throw atReference(
      invalid(`The conditional reference ${query} matches nothing`, undefined, 'not-found'),
      where,
      place,
    )
  throw atReference(
    preconditionFailed(`The conditional reference ${query} matches more than one resource`, 'multiple-matches'),
    where,
    place,
  )
}

/**
 * Holds a reference that was to another entry to the types of its element, which could not be told before: as it stands
 * now, it would not be taken.
 * @throws FhirError 422
 */
function checkTarget(
  { reference, type: said }: Holder,
  path: () => string,
  targets: readonly string[] | undefined,
  place: string,
): void {
  const parsed = typeof reference === 'string' ? parseReference(reference) : undefined
  if (parsed?.kind !== 'local') return
  const { type } = parsed
  if (targets && !targets.includes(type))
    throw atReference(
      unprocessable(
        `It refers to a ${type}; a reference to one of ${targets.join(', ')} is wanted`,
        undefined,
        'value',
      ),
      path(),
      place,
    )
  if (said !== undefined && said !== type)
    throw atReference(
      unprocessable(`It refers to a ${type}, and its type says ${said}`, undefined, 'value'),
      path(),
      place,
    )
}

type Writing = { readonly grant: Grant; readonly now: Date }

/**
 * What is stored of what a conditional reference finds: it is a search, and finds what the writer would.
 * @throws FhirError 403 without the scope for a search
 */
async function searched(
  db: Queryable,
  { grant, now }: Writing,
  { type, required, where }: Wanted,
  ids: readonly string[],
  place: string,
): Promise<readonly string[]> {
  const definition = definitionOf(type)
  if (!required || !definition) return ids
  try {
    const seen = await visibleAmong(db, permit(grant, definition, 'search-type'), ids, now)
    return ids.filter(id => seen.has(id))
  } catch (error) {
    throw error instanceof FhirError ? atReference(error, where, place) : error
  }
}

/**
 * Makes the references of a set of writes literal, in place: those to other entries by their fullUrl
 * (https://hl7.org/fhir/R4/http.html#trules), conditional ones, and logical ones whose identifier one resource carries.
 * @throws FhirError 400 for a conditional reference that matches nothing, 403 for one that may not be searched for, 412 for one that
 * matches several, 422 for one to an entry of another type than its element is for
 */
export async function linkReferences(db: Queryable, writer: Writing, intents: readonly Identified[]): Promise<void> {
  const targets = targetsOf(intents)
  const pending: [Wanted, string][] = []
  for (const { resource, place } of intents) {
    if (!resource) continue
    const isRewritten = targets.size > 0 && rewriteLinks(resource, url => targets.get(url)) > 0
    eachReference(resource, (holder, path, targets) => {
      if (isRewritten) checkTarget(holder, path, targets, place)
      const wanted = wantedOf(holder, path, targets, place)
      if (wanted) pending.push([wanted, place])
    })
  }
  const brought = broughtAlong(intents)
  await lockArrivals(db, arriving(intents), lookedFor(pending.map(([wanted]) => wanted)))
  const keyOf = ({ type, system, value }: Wanted) => `${type} ${pair(system, value)}`
  const stored = await lookUp(
    db,
    pending.map(([wanted]) => wanted).filter(wanted => !brought.has(keyOf(wanted))),
  )
  for (const [wanted, place] of pending) {
    const along = brought.get(keyOf(wanted))
    const found = along ?? (await searched(db, writer, wanted, stored.get(keyOf(wanted)) ?? [], place))
    link(wanted, [...found], place)
  }
}
