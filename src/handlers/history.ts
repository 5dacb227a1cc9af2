import { allows, permit } from '../access/permit.ts'
import { historyBundle } from '../fhir/bundle.ts'
import { rangeOf } from '../fhir/dates.ts'
import { forbidden, gone, invalid, notFound } from '../fhir/outcome.ts'
import { definitions } from '../resources/index.ts'
import type { Access } from '../store/audit.ts'
import { type Past, readHistory, type Version } from '../store/history.ts'
import { readVersion } from '../store/read.ts'
import { type Answer, type Call, versionHeaders } from './call.ts'
import { linksOf, type Page, pageOf } from './paging.ts'
import { versionAnswer } from './read.ts'
import type { SystemCall } from './search.ts'

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

type Asked = Pick<Past, 'since' | 'at' | 'count'>
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
    if (!/^\d{1,9}$/.test(value)) throw invalid(`_count must be a whole number, not "${value.slice(0, 40)}"`)
    asked.count = Math.min(Math.max(Number(value), 1), MOST_COUNT)
  },
  _since: (asked, value) => {
    asked.since = timesOf('_since', value).lo
  },
  _at: (asked, value) => {
    const { lo, hi } = timesOf('_at', value)
    asked.at = { low: lo, high: hi }
  },
  _format: () => {},
  _pretty: () => {},
}

function askedOf({ params }: Page): Asked {
  const asked: Draft = { since: undefined, at: undefined, count: DEFAULT_COUNT }
  for (const [name, value] of params) {
    const read = Object.hasOwn(READ, name) ? READ[name] : undefined
    if (!read)
      throw invalid(
        `Unknown parameter "${name.slice(0, 60)}" of _history. Known are: ${Object.keys(READ).join(', ')}`,
        undefined,
        'not-supported',
      )
    read(asked, value)
  }
  return asked
}

/** The newest of the versions tells when the history last changed. */
function lastModified([newest]: readonly Version[]): Record<string, string> {
  const modified = newest && versionHeaders(0, newest.updated)['last-modified']
  return modified === undefined ? {} : { 'last-modified': modified }
}

async function answer(
  call: SystemCall,
  path: string,
  interaction: string,
  { permissions, id }: Pick<Past, 'permissions' | 'id'>,
): Promise<Answer & { isEmpty: boolean }> {
  const { server, db, grant, requestId, now } = call
  const page = pageOf(call, path)
  const access: Access = { grant, requestId, interaction, what: path }
  const past = { ...askedOf(page), permissions, id, after: page.cursor?.after }
  const { versions, next } = await readHistory(db, past, access, now)
  const links = linksOf(call, path, page.params, page.followed, next && { after: next })
  // A filter may leave nothing of what is there.
  const isEmpty = versions.length === 0 && past.since === undefined && past.at === undefined && !page.cursor
  return { status: 200, headers: lastModified(versions), body: historyBundle(server.base, versions, links), isEmpty }
}

/**
 * The versions of a resource, newest first, https://hl7.org/fhir/R4/http.html#history
 * @throws FhirError 404 when there never was one, or it is somebody else's
 */
export async function historyInstance(call: Call): Promise<Answer> {
  const { grant, definition, id = '' } = call
  const permission = permit(grant, definition, 'history-instance')
  const path = `${definition.type}/${id}/_history`
  const { isEmpty, ...found } = await answer(call, path, 'history-instance', { permissions: [permission], id })
  if (isEmpty) throw notFound(`There is no ${definition.type}/${id}`)
  return found
}

/** The versions of the resources of a type, newest first, https://hl7.org/fhir/R4/http.html#history */
export async function historyType(call: Call): Promise<Answer> {
  const { grant, definition } = call
  const permissions = [permit(grant, definition, 'history-type')]
  const { isEmpty: _, ...found } = await answer(call, `${definition.type}/_history`, 'history-type', {
    permissions,
    id: undefined,
  })
  return found
}

/**
 * The versions of the resources of all types that the grant may list, newest first,
 * https://hl7.org/fhir/R4/http.html#history
 */
export async function historySystem(call: SystemCall): Promise<Answer> {
  const permissions = [...definitions.values()]
    .filter(definition => allows(call.grant, definition, 'history-type'))
    .map(definition => permit(call.grant, definition, 'history-type'))
  if (permissions.length === 0) throw forbidden('The access token has no scope for the history of any type')
  const { isEmpty: _, ...found } = await answer(call, '_history', 'history-system', { permissions, id: undefined })
  return found
}
