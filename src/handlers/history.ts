import { permit } from '../access/permit.ts'
import { historyBundle } from '../fhir/bundle.ts'
import { gone, invalid, notFound } from '../fhir/outcome.ts'
import { readVersions } from '../store/read.ts'
import { type Answer, type Call, versionHeaders } from './call.ts'
import { versionAnswer } from './read.ts'

const MOST_VERSIONS = 1000

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
  const [found] = await readVersions(db, permission, id, access, now, { version, limit: 1 })
  if (!found) throw notFound(`There is no ${what}`)
  if (found.content === undefined) throw gone(`${what} says that the resource was deleted`)
  return versionAnswer(call, found)
}

/** `_count` and the version before which the next page begins. */
function pageOf(params: Call['params']): { limit: number; before?: number } {
  let limit = 50
  let before: number | undefined
  for (const [name, value] of params) {
    if (name === '_format' || name === '_pretty') continue
    if (!['_count', '_before'].includes(name))
      throw invalid(`Unknown parameter "${name.slice(0, 60)}" of _history: supported are _count, _format, _pretty`)
    if (!/^\d{1,9}$/.test(value)) throw invalid(`${name} must be a whole number, not "${value.slice(0, 40)}"`)
    if (name === '_count') limit = Math.min(Math.max(Number(value), 1), MOST_VERSIONS)
    else before = Number(value)
  }
  return before === undefined ? { limit } : { limit, before }
}

/**
 * The versions of a resource, newest first, https://hl7.org/fhir/R4/http.html#history
 * @throws FhirError 404 when there never was one, or it is somebody else's
 */
export async function historyInstance(call: Call): Promise<Answer> {
  const { server, db, grant, definition, id = '', requestId, now } = call
  const permission = permit(grant, definition, 'history-instance')
  const { limit, before } = pageOf(call.params)
  const url = `${server.base}/${definition.type}/${id}`
  const access = { grant, requestId, interaction: 'history-instance', what: `${definition.type}/${id}/_history` }
  const options = before === undefined ? { limit: limit + 1 } : { limit: limit + 1, before }
  const versions = await readVersions(db, permission, id, access, now, options)
  if (versions.length === 0 && before === undefined) throw notFound(`There is no ${definition.type}/${id}`)
  const shown = versions.slice(0, limit)
  const last = shown.at(-1)
  const hasMore = versions.length > limit && last !== undefined
  const body = historyBundle(url, shown, {
    self: `${url}/_history${before === undefined ? '' : `?_before=${before}`}`,
    ...(hasMore ? { next: `${url}/_history?_count=${limit}&_before=${last.version}` } : {}),
  })
  const newest = shown[0]
  return {
    status: 200,
    body,
    headers: newest ? { 'last-modified': versionHeaders(0, newest.updated)['last-modified'] ?? '' } : {},
  }
}
