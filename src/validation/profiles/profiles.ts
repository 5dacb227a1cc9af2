import type { Issue } from '../../fhir/outcome.ts'
import type { Json } from '../../fhir/types.ts'
import { isObject } from '../run.ts'
import { withoutVersion } from './canonical.ts'
import { checkExtensions, follow } from './check.ts'
import { codeLists } from './codes.ts'
import { compile, withSlices } from './compile.ts'
import { type Definitions, PackageError, readDefinitions } from './definitions.ts'
import type { Catalog, CodeQuestion, Decide, Examination } from './examination.ts'
import { invariantDecider } from './expressions.ts'
import { type Mode, type ModeSetting, modeOf } from './modes.ts'
import { absentIn } from './must-support.ts'
import type { ElementRule, ProfileRule } from './rule.ts'

/** What a resource has against a profile, and what could not be looked at. */
export type ProfileFindings = {
  readonly profile: string
  readonly mode: Mode
  readonly issues: readonly Issue[]
  readonly unchecked: readonly string[]
  readonly questions: readonly CodeQuestion[]
  /** The elements that it marks as must-support and that are not there. */
  readonly absent: () => readonly string[]
}

/** The profiles that are loaded. */
export type Profiles = {
  /** Those of a resource type that are not switched off for it, for the CapabilityStatement. */
  supported(type: string): readonly string[]
  /** Whether it is a profile that is loaded, and of this type. */
  has(canonical: string, type: string): boolean
  /** Checks against the profiles that a resource claims, that its type has to keep, and that are asked for. */
  check(resource: Json, wanted?: { modes?: readonly Mode[]; asked?: readonly string[] }): ProfileFindings[]
}

const UNDECIDED: Decide = () => undefined

/** The profiles and extensions among the structures: a specialization defines a type, a logical model is none of FHIR. */
const isProfile = ({ derivation, kind, abstract }: Json): boolean =>
  derivation === 'constraint' && kind !== 'logical' && abstract !== true

function catalogOf(definitions: Definitions): { catalog: Catalog; profiles: Map<string, Json> } {
  const profiles = new Map([...definitions.structures].filter(([, structure]) => isProfile(structure)))
  const compiled = new Map<string, ProfileRule>()
  const profile = (canonical: string): ProfileRule | undefined => {
    const url = withoutVersion(canonical)
    const structure = profiles.get(url)
    const known = compiled.get(url)
    if (known || !structure) return known
    const made = compile(structure, definitions)
    compiled.set(url, made)
    return made
  }
  return { catalog: { profile, codes: codeLists(definitions), decide: UNDECIDED }, profiles }
}

const hasInvariants = (rule: ElementRule): boolean =>
  withSlices(rule).some(
    each => each.invariants.size > 0 || [...each.children.values()].some(child => hasInvariants(child)),
  )

/** The settings that name what is not there would silently do nothing. */
function problemsOf(settings: readonly ModeSetting[], { profile }: Catalog): string[] {
  return settings.flatMap(({ type, profile: url }) => {
    if (url === undefined) return []
    const found = profile(url)
    if (!found) return [`PORTICO_PROFILE_MODES names ${url}, which is not in PORTICO_PROFILES`]
    const isOther = type !== undefined && found.type !== type
    return isOther ? [`PORTICO_PROFILE_MODES names ${url} for ${type}; it is a profile of ${found.type}`] : []
  })
}

const claimsOf = ({ meta }: Json): string[] =>
  isObject(meta) && Array.isArray(meta.profile) ? meta.profile.filter(one => typeof one === 'string') : []

function findingsOf(rule: ProfileRule, resource: Json, catalog: Catalog): Omit<ProfileFindings, 'mode'> {
  const exam: Examination = {
    catalog,
    resource,
    trail: [rule.type],
    issues: [],
    unchecked: new Set(),
    questions: [],
    extensions: new Set(),
    following: new Map(),
  }
  follow(rule, resource, exam)
  checkExtensions(resource, exam)
  const issues = exam.issues.map(issue => ({ ...issue, text: `${issue.text} (profile ${rule.url})` }))
  const absent = () => absentIn(resource, rule.type, rule.marked)
  return { profile: rule.url, issues, unchecked: [...exam.unchecked], questions: exam.questions, absent }
}

/**
 * Loads the FHIR packages at some paths, with what is done about each profile.
 * @throws PackageError with everything that is wrong with them
 */
export async function loadProfiles(sources: readonly string[], settings: readonly ModeSetting[]): Promise<Profiles> {
  const definitions = readDefinitions(sources)
  const { catalog: bare, profiles } = catalogOf(definitions)
  const problems = problemsOf(settings, bare)
  if (problems.length > 0) throw new PackageError(problems)
  const needsFhirPath = [...profiles.keys()].some(url => hasInvariants((bare.profile(url) as ProfileRule).root))
  const catalog = needsFhirPath ? { ...bare, decide: await invariantDecider() } : bare
  const required = settings.flatMap(({ type, profile }) => (type && profile ? [{ type, profile }] : []))
  const has = (canonical: string, type: string) => catalog.profile(canonical)?.type === type
  return {
    has,
    supported: type =>
      [...profiles.keys()].filter(url => has(url, type) && modeOf(settings, type, url) !== 'off').sort(),
    check(resource, { modes = ['warn', 'enforce'], asked = [] } = {}) {
      const type = String(resource.resourceType)
      const named = required.filter(one => one.type === type).map(({ profile }) => profile)
      const wanted = asked.map(withoutVersion)
      const urls = [...new Set([...wanted, ...claimsOf(resource).map(withoutVersion), ...named])]
      return urls.flatMap(url => {
        const rule = catalog.profile(url)
        const mode = modeOf(settings, type, url)
        if (rule?.type !== type || !(wanted.includes(url) || modes.includes(mode))) return []
        return [{ ...findingsOf(rule, resource, catalog), mode }]
      })
    },
  }
}
