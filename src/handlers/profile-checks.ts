import { parseJson } from '../fhir/json.ts'
import { FhirError, type Issue } from '../fhir/outcome.ts'
import type { Json } from '../fhir/types.ts'
import type { ProfileFindings } from '../validation/profiles/profiles.ts'
import type { Server } from './call.ts'
import { atPlaceOfResource, type Intent } from './intent.ts'

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

const BASE_PROFILE = 'http://hl7.org/fhir/StructureDefinition/'

const information = (text: string): Issue => ({ severity: 'information', code: 'not-supported', text })

/** What would refuse the resource, or was asked about, is an error; the rest is said. */
function issuesOf({ profile, mode, issues, unchecked, ...found }: ProfileFindings, isAsked: boolean): Issue[] {
  const said = mode === 'enforce' || isAsked ? issues : issues.map(asWarning)
  const left = unchecked.map(each => information(`Not checked was ${each} (profile ${profile})`))
  const absent = found.absent()
  if (absent.length === 0) return [...said, ...left]
  const text = `Must-support, and not there: ${absent.join(', ')} (profile ${profile})`
  return [...said, ...left, { severity: 'information', code: 'informational', text }]
}

/** What `$validate` says of the profiles that a resource claims, its type has to keep, or that are asked for. */
export function profileIssues({ profiles }: Server, resource: Json, asked: readonly string[]): Issue[] {
  const { meta, resourceType } = resource
  const { profile = [] } = (meta ?? {}) as { profile?: unknown }
  const claimed = Array.isArray(profile) ? profile.map(String) : []
  const urls = new Set(asked.map(url => url.split('|')[0]))
  // Profiles that nothing here can check are named, so that nobody takes silence for agreement.
  const unknown = [...new Set([...asked, ...claimed])]
    .filter(url => url.split('|')[0] !== `${BASE_PROFILE}${String(resourceType)}`)
    .filter(url => !profiles?.has(url, String(resourceType)))
    .map(url =>
      information(`The profile ${url.slice(0, 200)} is not loaded here: the resource was checked against FHIR R4 only`),
    )
  const found = profiles?.check(resource, { asked }) ?? []
  return [...found.flatMap(each => issuesOf(each, urls.has(each.profile))), ...unknown]
}
