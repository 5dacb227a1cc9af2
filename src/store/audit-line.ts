import { ALSO_OTHERS } from './audit.ts'

/** What was done to resources: they were shown, or written. */
export type Act = 'looked' | 'changed'

/** One access as the audit record tells it, with the resources that it was really about. */
export type AccessLine = {
  /** As it was written: ISO 8601 in UTC, to the millisecond, so that texts sort as the moments do. */
  readonly at: string
  readonly actor: string
  readonly person: string
  readonly client: string
  /** The patient in context; an engine has none, nor has an app with `user/` scopes. */
  readonly patient: string | undefined
  /** Whether what was seen of a patient's compartment can only have been that patient's. */
  readonly isOnlyHers: boolean
  readonly act: Act
  /** Whether an app asked the FHIR server something: not that it was given access, or that somebody read these lines. */
  readonly isUse: boolean
  /** `Observation/1` or `Observation/1/_history/2`, as often as it was shown. */
  readonly items: readonly string[]
}

type Outcome = { version?: number | null; versions?: number[]; ids?: string[]; status?: number }

const WRITES = new Set(['create', 'update', 'patch', 'delete'])
const RESOURCE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}/

const resourceOf = (what: string): string[] => RESOURCE.exec(what)?.slice(0, 1) ?? []

/** The resources that were shown or written: what was refused or not there is no access to it. */
function itemsOf(what: string, isWrite: boolean, { version, versions, ids, status = 200 }: Outcome): string[] {
  if (status >= 400) return []
  if (isWrite) return resourceOf(what)
  if (ids) return ids
  const isShown = (version !== undefined && version !== null) || (versions?.length ?? 0) > 0
  return isShown ? resourceOf(what) : []
}

type Fields = [
  at: string,
  request: string,
  interaction: string,
  what: string,
  actor: string,
  person: string,
  client: string,
  patient: string | null,
  ...end: [Outcome?] | [also: string, Outcome],
]

/** Takes one line of the audit record apart, as `lineOf` writes it. */
export function readLine(text: string): AccessLine {
  const [at, , interaction, what, actor, person, client, patient, ...end] = JSON.parse(text) as Fields
  const isWrite = WRITES.has(interaction)
  const outcome = end.at(-1)
  return {
    at,
    actor,
    person,
    client,
    patient: patient ?? undefined,
    isOnlyHers: patient !== null && end[0] !== ALSO_OTHERS,
    act: isWrite ? 'changed' : 'looked',
    isUse: !what.startsWith('app/') && interaction !== 'list-accesses',
    items: itemsOf(what, isWrite, typeof outcome === 'object' ? outcome : {}),
  }
}
