import { type Issue, invalid, outcome } from '../fhir/outcome.ts'
import type { Definition } from '../resources/definition.ts'
import { type Answer, type Call, returnPreference, versionHeaders } from './call.ts'
import { type Criteria, checkResource, type Intent } from './intent.ts'
import { formPairs } from './negotiate.ts'
import { profileWarnings } from './profile-checks.ts'
import { commitFor, perform, type Written } from './write.ts'

/**
 * The criteria of `If-None-Exist`, with or without the type and the question mark. https://hl7.org/fhir/R4/http.html#ccreate
 * @throws FhirError 400 when it is about another type
 */
export function criteriaOf(query: string, { type }: Definition): Criteria {
  const [prefix = '', named = ''] = /^([^=?]*)\?/.exec(query) ?? []
  if (named !== '' && named.split('/').at(-1) !== type)
    throw invalid(`If-None-Exist must be about ${type}, which is created, not ${named.slice(0, 60)}`)
  return formPairs(query.slice(prefix.length))
}

/** What `Prefer: return=OperationOutcome` is told of a write. */
export const storedIssue = ({ intent, id, version }: Written): Issue => ({
  severity: 'information',
  code: 'informational',
  text: `${intent.definition.type}/${id} is stored as version ${version}`,
})

/** What a write answers: the version's headers, and as much of a body as `Prefer: return` asks for. */
export function writtenAnswer({ server, conditions }: Call, written: Written): Answer {
  const { intent, id, status, version, updated, content } = written
  const name = `${intent.definition.type}/${id}/_history/${version}`
  // Also where a conditional create found one: it is what the client wants to refer to.
  const isMade = status === 201 || intent.method === 'POST'
  const location = isMade ? { location: `${server.base}/${name}` } : {}
  const headers = { ...(version > 0 ? versionHeaders(version, updated) : {}), ...location }
  const preferred = returnPreference(conditions.prefer)
  const said = { status, headers, ...(version > 0 ? { updated, location: name } : {}) }
  if (status === 204 || content === undefined || preferred === 'minimal') return said
  if (preferred !== 'OperationOutcome') return { ...said, body: content }
  const issues = [storedIssue(written), ...profileWarnings(server, content)]
  return { ...said, issues, body: JSON.stringify(outcome(issues)) }
}

/** Does one write in a transaction of its own. */
export async function writeOne(call: Call, intent: Intent): Promise<Answer> {
  const { server, grant, requestId, now, again } = call
  // Linking changes the resource in place: another try begins with what came.
  const tried = (attempt: number) =>
    attempt > 1 && intent.resource && again ? { ...intent, resource: again() } : intent
  const [written] = await commitFor(call, (db, attempt) =>
    perform(db, server, { grant, requestId, now }, [tried(attempt)]),
  )
  if (!written) throw new Error('A write came back without a result')
  return writtenAnswer(call, written)
}

/**
 * https://hl7.org/fhir/R4/http.html#create, conditional with `If-None-Exist`. An id in the resource is ignored.
 * @throws FhirError 400, 403, 412 (the condition matches several), 422
 */
export async function create(call: Call): Promise<Answer> {
  const { definition, conditions } = call
  const resource = checkResource(call.body, definition, undefined, '')
  const condition =
    conditions.ifNoneExist === undefined ? {} : { criteria: criteriaOf(conditions.ifNoneExist, definition) }
  return await writeOne(call, { method: 'POST', definition, resource, place: '', ...condition })
}
