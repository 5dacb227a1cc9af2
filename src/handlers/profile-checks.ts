import { parseJson } from '../fhir/json.ts'
import { RESOURCE_TYPES } from '../fhir/model.ts'
import { FhirError, type Issue } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import { outsideText } from '../validation/profiles/binding.ts'
import { baseType, withoutVersion } from '../validation/profiles/canonical.ts'
import type { CodeQuestion } from '../validation/profiles/examination.ts'
import type { ProfileFindings } from '../validation/profiles/profiles.ts'
import type { Server } from './call.ts'
import { atPlaceOfResource, type Intent } from './intent.ts'
import { answersTo, type TerminologyServer } from './terminology-server.ts'

/**
 * Refuses writes that break a profile which is enforced, all of them at once. Here, where every write comes by, and after
 * patches have been applied. https://hl7.org/fhir/R4/validation.html
 * @throws FhirError 422
 */
export function enforceProfiles({ profiles }: Server, intents: readonly Intent[]): void {
  if (!profiles) return
  const issues = intents.flatMap(({ resource, place }) => {
    const found = resource ? profiles.check(resource, { modes: ['enforce'] }).flatMap(each => each.issues) : []
    const errors = found.filter(({ severity }) => severity === 'error')
    return errors.length > 0 ? atPlaceOfResource(new FhirError(422, errors), place).issues : []
  })
  if (issues.length > 0) throw new FhirError(422, issues)
}

const asWarning = (issue: Issue): Issue => ({ ...issue, severity: 'warning' })

/** What a stored resource has against its profiles: for who asks to be told, https://hl7.org/fhir/R4/http.html#ops */
export function profileWarnings({ profiles, maxDepth }: Server, content: string): Issue[] {
  if (!profiles) return []
  const resource = parseJson(content, { depth: maxDepth }).value as Json
  return profiles.check(resource).flatMap(({ issues }) => issues.map(asWarning))
}

const information = (text: string): Issue => ({ severity: 'information', code: 'not-supported', text })

type Answered = { readonly issues: readonly Issue[]; readonly unchecked: readonly string[] }

/** What the terminology server says of codes that nothing here can tell, and what it cannot tell either. */
async function answered(questions: readonly CodeQuestion[], terminology: TerminologyServer | undefined) {
  const answers = await answersTo(questions, terminology)
  const made: { issues: Issue[]; unchecked: string[] } = { issues: [], unchecked: [] }
  for (const [index, question] of questions.entries()) {
    const { valueSet, isRequired, expression, why } = question
    const own = answers[index] ?? []
    if (own.includes(true)) continue
    if (own.includes(undefined)) made.unchecked.push(`whether codes are of ${valueSet}, ${why}`)
    else {
      const severity = isRequired ? 'error' : 'warning'
      made.issues.push({ severity, code: 'code-invalid', text: outsideText(question), expression })
    }
  }
  return made
}

/** What would refuse the resource, or was asked about, is an error; the rest is said. */
function issuesOf({ profile, mode, ...found }: ProfileFindings, more: Answered, isAsked: boolean): Issue[] {
  const byServer = more.issues.map(issue => ({ ...issue, text: `${issue.text} (profile ${profile})` }))
  const issues = [...found.issues, ...byServer]
  const said = mode === 'enforce' || isAsked ? issues : issues.map(asWarning)
  const unchecked = new Set([...found.unchecked, ...more.unchecked])
  const left = [...unchecked].map(each => information(`Not checked was ${each} (profile ${profile})`))
  const absent = found.absent()
  if (absent.length === 0) return [...said, ...left]
  const text = `Must-support, and not there: ${absent.join(', ')} (profile ${profile})`
  return [...said, ...left, { severity: 'information', code: 'informational', text }]
}

/** The type of resources whose own definition a url is. */
function resourceTypeOf(url: string): string | undefined {
  const type = baseType(url)
  return type !== undefined && RESOURCE_TYPES.has(type) ? type : undefined
}

/** The definitions of other types that a resource was to be checked against, none of which it can be. */
const ofOtherTypes = (type: string, asked: readonly string[]): Issue[] =>
  asked.flatMap(url => {
    const other = resourceTypeOf(url)
    if (other === undefined || other === type) return []
    return [
      { severity: 'error', code: 'invalid', text: `It is a ${type}; the profile ${url.slice(0, 200)} is of ${other}` },
    ]
  })

/** What `$validate` says of the profiles that a resource claims, its type has to keep, or that are asked for. */
export async function profileIssues(
  { profiles, terminology }: Pick<Server, 'profiles' | 'terminology'>,
  resource: Json,
  asked: readonly string[],
): Promise<Issue[]> {
  const { meta, resourceType } = resource
  const { profile = [] } = (meta ?? {}) as { profile?: unknown }
  const claimed = Array.isArray(profile) ? profile.map(String) : []
  const urls = new Set(asked.map(withoutVersion))
  const others = new Set(asked.filter(url => resourceTypeOf(url) !== undefined))
  // Profiles that nothing here can check are named, so that nobody takes silence for agreement.
  const unknown = [...new Set([...asked, ...claimed])]
    .filter(url => resourceTypeOf(url) !== resourceType && !others.has(url))
    .filter(url => !profiles?.has(url, String(resourceType)))
    .map(url =>
      information(`The profile ${url.slice(0, 200)} is not loaded here: the resource was checked against FHIR R4 only`),
    )
  const found = profiles?.check(resource, { asked }) ?? []
  const all = await Promise.all(
    found.map(async each => issuesOf(each, await answered(each.questions, terminology), urls.has(each.profile))),
  )
  return [...ofOtherTypes(String(resourceType), asked), ...all.flat(), ...unknown]
}
