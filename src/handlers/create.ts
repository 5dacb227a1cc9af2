import { permit } from '../access/permit.ts'
import { outcome } from '../fhir/outcome.ts'
import { type Answer, type Call, returnPreference, versionHeaders } from './call.ts'
import { type Criteria, checkResource, type Intent } from './intent.ts'
import { commit, perform, type Written } from './write.ts'

/** The criteria of `If-None-Exist`, with or without the question mark. https://hl7.org/fhir/R4/http.html#ccreate */
export const criteriaOf = (query: string): Criteria => [...new URLSearchParams(query.replace(/^[^?]*\?/, ''))]

/** What a write answers: the version's headers, and as much of a body as `Prefer: return` asks for. */
export function writtenAnswer(
  { server, conditions }: Call,
  { intent, id, status, version, updated, content }: Written,
): Answer {
  const url = `${server.base}/${intent.definition.type}/${id}`
  const location = status === 201 ? { location: `${url}/_history/${version}` } : {}
  const headers = { ...(version > 0 ? versionHeaders(version, updated) : {}), ...location }
  const preferred = returnPreference(conditions.prefer)
  if (status === 204 || content === undefined || preferred === 'minimal') return { status, headers }
  if (preferred !== 'OperationOutcome') return { status, headers, body: content }
  const text = `${intent.definition.type}/${id} is stored as version ${version}`
  return { status, headers, body: JSON.stringify(outcome([{ severity: 'information', code: 'informational', text }])) }
}

/** Does one write in a transaction of its own. */
export async function writeOne(call: Call, intent: Intent): Promise<Answer> {
  const { server, grant, requestId, now } = call
  // Linking changes the resource in place: each try begins with what came.
  const tries = () => [intent.resource ? { ...intent, resource: structuredClone(intent.resource) } : intent]
  const [written] = await commit(server, db => perform(db, server, { grant, requestId, now }, tries()))
  if (!written) throw new Error('A write came back without a result')
  return writtenAnswer(call, written)
}

/**
 * https://hl7.org/fhir/R4/http.html#create, conditional with `If-None-Exist`. An id in the resource is ignored.
 * @throws FhirError 400, 403, 412 (the condition matches several), 422
 */
export async function create(call: Call): Promise<Answer> {
  const { grant, definition, conditions } = call
  // Whether she may comes before whether it is right: a refusal is recorded, a mistake is not.
  permit(grant, definition, 'create')
  const resource = checkResource(call.body, definition, undefined, '')
  const condition = conditions.ifNoneExist === undefined ? {} : { criteria: criteriaOf(conditions.ifNoneExist) }
  return await writeOne(call, { method: 'POST', definition, resource, place: '', ...condition })
}
