import { allows, permit } from '../access/permit.ts'
import { historyBundle } from '../fhir/bundle.ts'
import { rangeOf } from '../fhir/dates.ts'
import { nearest } from '../fhir/nearest.ts'
import { forbidden, gone, invalid, notFound } from '../fhir/outcome.ts'
import type { Searchable } from '../fhir/query.ts'
import { SEVERAL_TYPES } from '../fhir/result-params.ts'
import { isWhole, type Shown } from '../fhir/subset.ts'
import { definitions } from '../resources/index.ts'
import { type Access, audit, closed, lineOf } from '../store/audit.ts'
import { countHistory, type Past, readHistory, type Version } from '../store/history.ts'
import { readVersion } from '../store/read.ts'
import { type Answer, type Call, isLenient, versionHeaders } from './call.ts'
import { linksOf, type Page, pageOf } from './paging.ts'
import { versionAnswer } from './read.ts'
import type { SystemCall } from './search.ts'
import { searchableOf } from './searchable.ts'
import { cutText, shownOf } from './shown.ts'

const DEFAULT_COUNT = 50
const MOST_COUNT = 1000

/**
 * One version of a resource, https://hl7.org/fhir/R4/http.html#vread
 * @throws FhirError 404 no such version or somebody else's, 410 the version says "deleted"
 */
export async function vread(call: Call): Promise<Answer> {
  const { db, grant, definition, id = '', versionId = '', requestId, now } = call
  const permission = permit(grant, definition, 'vread')
  const what = `${definition.type}/${id}/_history/${versionId}`
  const version = /^[1-9]\d{0,8}$/.test(versionId) ? Number(versionId) : 0
  const access = { grant, requestId, interaction: 'vread', what }
  const found = await readVersion(db, permission, id, version, access, now)
  if (!found) throw notFound(`There is no ${what}`)
  if (found.content === undefined) throw gone(`${what} says that the resource was deleted`)
  return versionAnswer(call, found)
}

type Asked = Pick<Past, 'since' | 'at' | 'count'> & {
  readonly total: 'none' | 'accurate'
  /** The parameters that were used, as they were given. */
  readonly used: Page['params']
}
type Draft = { -readonly [K in keyof Asked]: Asked[K] }

function timesOf(name: string, value: string): { lo: number; hi: number } {
  const range = rangeOf(value)
  if (!range)
    throw invalid(
      `${name} must be a time such as 2026-11-22T10:30:00Z, not "${value.slice(0, 40)}"`,
      undefined,
      'value',
    )
  return range
}

/** What each parameter of a history says, https://hl7.org/fhir/R4/http.html#history */
const READ: Readonly<Record<string, (asked: Draft, value: string) => void>> = {
  _count: (asked, value) => {
    if (!/^\d+$/.test(value)) throw invalid(`_count must be a whole number, not "${value.slice(0, 40)}"`)
    asked.count = Math.min(Number(value), MOST_COUNT)
  },
  _since: (asked, value) => {
    asked.since = timesOf('_since', value).lo
  },
  _at: (asked, value) => {
    const { lo, hi } = timesOf('_at', value)
    asked.at = { low: lo, high: hi }
  },
  // The same as of a search: https://hl7.org/fhir/R4/search.html#total
  _total: (asked, value) => {
    if (!['none', 'estimate', 'accurate'].includes(value))
      throw invalid(`_total must be one of none, estimate, accurate, not "${value.slice(0, 40)}"`)
    asked.total = value === 'none' ? 'none' : 'accurate'
  },
  // How much is shown is read apart, for it depends on the type.
  _summary: () => {},
  _elements: () => {},
  // Content negotiation has read these two already.
  _format: () => {},
  _pretty: () => {},
}

const unknown = (name: string) => {
  const names = Object.keys(READ)
  const guess = nearest(name, names)
  return invalid(
    `Unknown parameter "${name.slice(0, 60)}" of _history.${guess ? ` Did you mean "${guess}"?` : ''} Known are: ${names.join(', ')}`,
    undefined,
    'not-supported',
  )
}

/** @throws FhirError 400 for what is not understood, but for unknown names where `Prefer: handling=lenient` passes over them */
function askedOf({ params }: Page, isLenient: boolean): Draft {
  const used: [string, string][] = []
  const asked: Draft = { since: undefined, at: undefined, count: DEFAULT_COUNT, total: 'none', used }
  for (const [name, value] of params) {
    const read = Object.hasOwn(READ, name) ? READ[name] : undefined
    if (!read && isLenient) continue
    if (!read) throw unknown(name)
    if (used.some(([other]) => other === name)) throw invalid(`${name} is there twice; once is enough`)
    read(asked, value)
    used.push([name, value])
  }
  return asked
}

/** The newest of the versions tells when the history last changed. */
function lastModified([newest]: readonly Version[]): Record<string, string> {
  const modified = newest && versionHeaders(0, newest.updated)['last-modified']
  return modified === undefined ? {} : { 'last-modified': modified }
}

type Whose = Pick<Past, 'permissions' | 'id'> & {
  /** What may be said of the resources' elements. */
  readonly searchable: Searchable
}

/** How many there are in all, where that is asked for or known: of one resource it is told with every page. */
async function totalOf(call: SystemCall, past: Past, asked: Asked, page: readonly Version[] | undefined) {
  if (page) return page.length
  if (past.id === undefined && asked.count > 0 && asked.total === 'none') return undefined
  return await countHistory(call.db, past, call.now)
}

/** As much of the versions as is to be shown; of a deletion there is nothing. */
const cut = (versions: readonly Version[], shown: Shown, depth: number): readonly Version[] =>
  isWhole(shown)
    ? versions
    : versions.map(each =>
        each.content === undefined ? each : { ...each, content: cutText(each.content, shown, depth) },
      )

async function answer(call: SystemCall, path: string, interaction: string, { searchable, ...whose }: Whose) {
  const { server, db, grant, requestId, now, conditions } = call
  const page = pageOf(call, path)
  const access: Access = { grant, requestId, interaction, what: path }
  const shown = shownOf(page.params, searchable)
  const asked = askedOf(page, isLenient(conditions.prefer))
  if (shown.summary === 'count') asked.count = 0
  const past = { ...asked, ...whose, after: page.cursor?.after }
  const isCounted = asked.count === 0
  const { versions, next } = isCounted ? { versions: [], next: undefined } : await readHistory(db, past, access, now)
  const isWhole = !isCounted && !page.cursor && !next
  const total = await totalOf(call, past, asked, isWhole ? versions : undefined)
  if (isCounted) await audit(db, [closed(lineOf(access, now), { count: total })])
  const links = linksOf(call, path, asked.used, page.followed, next && { after: next })
  const body = historyBundle(server.base, { versions: cut(versions, shown, server.maxDepth), total, links })
  return { found: { status: 200, headers: lastModified(versions), body }, isEmpty: total === 0, past }
}

/**
 * The versions of a resource, newest first, https://hl7.org/fhir/R4/http.html#history
 * @throws FhirError 404 when there never was one, or it is somebody else's
 */
export async function historyInstance(call: Call): Promise<Answer> {
  const { grant, definition, id = '', db, now } = call
  const permission = permit(grant, definition, 'history-instance')
  const path = `${definition.type}/${id}/_history`
  const searchable = searchableOf(definition, call.server.base)
  const whose = { permissions: [permission], id, searchable }
  const { found, isEmpty, past } = await answer(call, path, 'history-instance', whose)
  // What was asked for may leave nothing of what is there.
  if (isEmpty && (await countHistory(db, { ...past, since: undefined, at: undefined }, now)) === 0)
    throw notFound(`There is no ${definition.type}/${id}`)
  return found
}

/** The versions of the resources of a type, newest first, https://hl7.org/fhir/R4/http.html#history */
export async function historyType(call: Call): Promise<Answer> {
  const { grant, definition } = call
  const permissions = [permit(grant, definition, 'history-type')]
  const searchable = searchableOf(definition, call.server.base)
  const whose = { permissions, id: undefined, searchable }
  const { found } = await answer(call, `${definition.type}/_history`, 'history-type', whose)
  return found
}

/**
 * The versions of the resources of all types that the grant may list, newest first,
 * https://hl7.org/fhir/R4/http.html#history
 */
export async function historySystem(call: SystemCall): Promise<Answer> {
  const allowed = [...definitions.values()].filter(definition => allows(call.grant, definition, 'history-type'))
  const permissions = allowed.map(definition => permit(call.grant, definition, 'history-type'))
  const [first] = allowed
  if (!first) throw forbidden('The access token has no scope for the history of any type')
  const searchable = { ...searchableOf(first, call.server.base), type: SEVERAL_TYPES }
  const { found } = await answer(call, '_history', 'history-system', { permissions, id: undefined, searchable })
  return found
}
