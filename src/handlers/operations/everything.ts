import { Readable } from 'node:stream'
import { allows, type Permission, permit, permitRead } from '../../access/permit.ts'
import { searchsetParts } from '../../fhir/bundle-parts.ts'
import { rangeOf } from '../../fhir/dates.ts'
import { gone, invalid, notFound } from '../../fhir/outcome.ts'
import { type Definition, isInRecords } from '../../resources/definition.ts'
import { definitionOf, definitions, servedTypes } from '../../resources/index.ts'
import { audit, closed, lineOf } from '../../store/audit.ts'
import { idsAfter, type Named, nameEverything, type Span, textsOf } from '../../store/everything.ts'
import { wasDeleted } from '../../store/read.ts'
import type { Input } from './input.ts'
import type { Called, NamedOperation, OperationAnswer } from './operation.ts'
import { linksOf, whatOf } from './pages.ts'

const MOST_COUNT = 1000
/** What is one part is one statement. The first of many is small, so that it leaves at once. */
const FIRST_PART = 25
const PART = 200

const isShared = ({ compartment }: Definition): boolean => compartment === 'shared'

/** The permission of each type that the grant may list, as far as a record can hold it. */
function permissionsOf({ grant, id }: Called, patient: Permission): Map<string, Permission> {
  const found = new Map<string, Permission>()
  for (const definition of definitions.values()) {
    const { type } = definition
    if (definition.compartment === 'self')
      found.set(type, id === undefined ? permit(grant, definition, 'search-type') : patient)
    else if (isInRecords(definition) && allows(grant, definition, 'search-type'))
      found.set(type, permit(grant, definition, 'search-type'))
    else if (isShared(definition) && allows(grant, definition, 'read'))
      found.set(type, permit(grant, definition, 'read'))
  }
  return found
}

/** The types that `_type` names, each of which the grant has to cover; without it all that it covers. */
function typesOf({ grant, input }: Called, permissions: ReadonlyMap<string, Permission>): string[] {
  const asked = input.texts('_type').flatMap(value => value.split(','))
  for (const type of asked) {
    const definition = definitionOf(type)
    if (!definition || !(isInRecords(definition) || isShared(definition)))
      throw invalid(
        `_type must name types that a record holds, not "${type.slice(0, 60)}". These are: ${servedTypes
          .filter(each => permissions.has(each))
          .join(', ')}`,
      )
    if (!permissions.has(type)) permit(grant, definition, isShared(definition) ? 'read' : 'search-type')
  }
  return asked.length > 0 ? asked : [...permissions.keys()]
}

function countOf(input: Input): number | undefined {
  const text = input.text('_count')
  if (text === undefined) return undefined
  const count = Number(text)
  if (count < 1) throw invalid(`_count must be 1 or more, not "${text}"`)
  return Math.min(count, MOST_COUNT)
}

/** `start` and `end`: dates of care, both taken whole. */
function careOf(input: Input): Span | undefined {
  const [start, end] = ['start', 'end'].map(name => rangeOf(input.text(name) ?? ''))
  if (!start && !end) return undefined
  return { low: start?.lo ?? -Infinity, high: end?.hi ?? Infinity }
}

const sinceOf = (input: Input): number | undefined => rangeOf(input.text('_since') ?? '')?.lo

type Entry = { readonly type: string; readonly id: string; readonly rank: number }

async function* partsOf({ db, now }: Called, permissions: ReadonlyMap<string, Permission>, entries: readonly Entry[]) {
  const modes = new Map(
    entries.map(({ type, id, rank }) => [`${type}/${id}`, rank === 2 ? 'include' : 'match'] as const),
  )
  const first = entries.length > PART ? FIRST_PART : PART
  for (let at = 0, size = first; at < entries.length; at += size, size = PART) {
    const texts = await textsOf(db, permissions, entries.slice(at, at + size), now)
    yield texts.map(text => ({ ...text, mode: modes.get(`${text.type}/${text.id}`) ?? 'match' }))
  }
}

type Listed = {
  readonly permissions: ReadonlyMap<string, Permission>
  readonly entries: readonly Entry[]
  readonly total?: number
  readonly cursor: readonly string[] | undefined
}

function answer(called: Called, { permissions, entries, total, cursor }: Listed): OperationAnswer {
  const { server, now } = called
  const head = { updated: now, total, links: linksOf(called, cursor) }
  const parts = searchsetParts(server.base, head, partsOf(called, permissions, entries))
  // Two parts ahead of a slow reader at the most: the rest is not asked for before it is wanted.
  return { status: 200, headers: {}, body: Readable.from(parts, { objectMode: true, highWaterMark: 2 }) }
}

const cursorOf = (last: Named | undefined): string[] | undefined =>
  last && [String(last.rank), last.type, last.at, last.id]

function namedOf(cursor: readonly string[] | undefined): Named | undefined {
  if (!cursor) return undefined
  const [rank = '', type = '', at = '', id = ''] = cursor
  return { rank: Number(rank), type, at, id }
}

/** One patient's record. */
async function ofOne(called: Called, patientType: Definition, id: string): Promise<OperationAnswer> {
  const { db, grant, requestId, now, input, cursor } = called
  const patient = permitRead(grant, patientType, id)
  const permissions = permissionsOf({ ...called, id }, patient)
  const all = [...permissions.values()]
  const count = countOf(input)
  const record = {
    patient: id,
    // A shared type holds what is hers where it names her.
    own: all,
    shared: all.filter(({ definition }) => isShared(definition)),
    types: typesOf(called, permissions),
    since: sinceOf(input),
    care: careOf(input),
    after: namedOf(cursor),
    count,
  }
  const access = { grant, requestId, interaction: 'operation', what: whatOf(called) }
  const found = await nameEverything(db, record, access, now)
  if (!found) {
    if (await wasDeleted(db, patient, id, now)) throw gone(`${patientType.type}/${id} was deleted`)
    throw notFound(`There is no ${patientType.type}/${id}`)
  }
  const { names, total, hasMore } = found
  return answer(called, { permissions, entries: names, total, cursor: hasMore ? cursorOf(names.at(-1)) : undefined })
}

/** All records, for an engine: type by type in the order of their ids, always in pages. */
async function ofAll(called: Called, patientType: Definition): Promise<OperationAnswer> {
  const { db, grant, requestId, now, input, cursor } = called
  const permissions = permissionsOf(called, permit(grant, patientType, 'search-type'))
  const types = typesOf(called, permissions).sort()
  const count = countOf(input) ?? MOST_COUNT
  const [lastType = '', lastId = ''] = cursor ?? []
  const entries: Entry[] = []
  for (const type of types.filter(each => each >= lastType)) {
    const permission = permissions.get(type)
    if (!permission || entries.length > count) continue
    const after = type === lastType ? lastId : ''
    const wanted = { permission, since: sinceOf(input), care: careOf(input), after, count: count + 1 - entries.length }
    for (const id of await idsAfter(db, wanted, now)) entries.push({ type, id, rank: 1 })
  }
  const shown = entries.slice(0, count)
  const last = shown.at(-1)
  const access = { grant, requestId, interaction: 'operation', what: whatOf(called) }
  await audit(db, [closed(lineOf(access, now), { ids: shown.map(({ type, id }) => `${type}/${id}`) })])
  const next = entries.length > count && last ? [last.type, last.id] : undefined
  return answer(called, { permissions, entries: shown, cursor: next })
}

/** https://hl7.org/fhir/R4/operation-patient-everything.html */
async function run(called: Called): Promise<OperationAnswer> {
  const { definition, grant, id = grant.patient } = called
  if (!definition) throw new Error('$everything is invoked on a type that is served')
  return id === undefined ? await ofAll(called, definition) : await ofOne(called, definition, id)
}

/** Patient/$everything. */
export const everything: NamedOperation = {
  name: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  documentation:
    'The Patient, all of her compartment that the token may search, and the shared resources (practitioners, organisations, places …) that these refer to. Without _count one Bundle that is streamed; with _count pages of at most 1000. start and end are compared with the date that the resources of a type are sorted by; what has none is always there. On the type, a patient’s token means her own record; a system token gets all records, in pages.',
  levels: { type: ['GET', 'POST'], instance: ['GET', 'POST'] },
  types: ['Patient'],
  affectsState: false,
  needs: { instance: 'read' },
  parameters: {
    start: { type: 'date' },
    end: { type: 'date' },
    _since: { type: 'instant' },
    _type: { type: 'string', max: '*' },
    _count: { type: 'integer' },
  },
  pages: true,
  run,
}
