import { randomBytes } from 'node:crypto'
import { Ajv, type JSONSchemaType } from 'ajv'
import { type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import type { Pool } from 'pg'
import { findClient } from '../store/clients.ts'
import { findLaunch, type Launch, saveLaunch } from '../store/launches.ts'
import { fhirUserFor, type Offer } from './consent.ts'
import type { SmartOptions } from './settings.ts'

/** For how many seconds a handle may be brought to the authorization endpoint: the time to open an app. */
export const LAUNCH_SECONDS = 300

/** What a hospital system asks for. The words are those of SMART 2.2 "Launch context arrives with your access_token". */
export type LaunchRequest = {
  client_id: string
  patient: string
  encounter?: string
  fhirUser?: string
  intent?: string
  need_patient_banner?: boolean
  fhirContext?: FhirContext[]
}
type FhirContext = { reference?: string; canonical?: string; identifier?: object; type?: string; role?: string }

const ID = '^[A-Za-z0-9\\-.]{1,64}$'
const SCHEMA: JSONSchemaType<LaunchRequest> = {
  type: 'object',
  required: ['client_id', 'patient'],
  additionalProperties: false,
  properties: {
    client_id: { type: 'string', minLength: 1 },
    patient: { type: 'string', pattern: ID },
    encounter: { type: 'string', pattern: ID, nullable: true },
    fhirUser: { type: 'string', pattern: '^(Patient|RelatedPerson)/[A-Za-z0-9\\-.]{1,64}$', nullable: true },
    intent: { type: 'string', minLength: 1, maxLength: 200, nullable: true },
    need_patient_banner: { type: 'boolean', nullable: true },
    fhirContext: {
      type: 'array',
      nullable: true,
      maxItems: 20,
      items: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: {
          reference: { type: 'string', pattern: '^[A-Z][A-Za-z]+/[A-Za-z0-9\\-.]{1,64}$', nullable: true },
          canonical: { type: 'string', minLength: 1, maxLength: 500, nullable: true },
          identifier: { type: 'object', minProperties: 1, nullable: true },
          type: { type: 'string', pattern: '^[A-Z][A-Za-z]+$', nullable: true },
          role: { type: 'string', minLength: 1, maxLength: 200, nullable: true },
        },
      },
    },
  },
}
const ajv = new Ajv({ allErrors: true, strictTypes: false })
const isLaunchRequest = ajv.compile(SCHEMA)

/** What is wrong with an element of `fhirContext`, SMART 2.2 "fhirContext Experimental". */
function contextFault({ reference, canonical, identifier, role }: FhirContext): string | undefined {
  if (reference === undefined && canonical === undefined && identifier === undefined)
    return 'has none of reference, canonical and identifier'
  if (role !== undefined && role !== 'launch' && !URL.canParse(role))
    return 'has a role that is neither launch nor a URI'
  if (/^(Patient|Encounter)\//.test(reference ?? '') && (role ?? 'launch') === 'launch')
    return 'is about a Patient or Encounter in the role launch, for which there are members of their own'
  return undefined
}

const refuse = (why: string): never => {
  throw new errors.InvalidRequest(why)
}

function checked(body: unknown): LaunchRequest {
  if (!isLaunchRequest(body)) return refuse(ajv.errorsText(isLaunchRequest.errors, { dataVar: 'launch' }))
  for (const [index, each] of (body.fhirContext ?? []).entries()) {
    const fault = contextFault(each)
    if (fault) refuse(`launch/fhirContext/${index} ${fault}`)
  }
  return body
}

/**
 * Makes a launch handle for an app: what a hospital system opens the app with. Decision 0050.
 * @throws InvalidRequest 400 with what is wrong and where
 */
export async function mintLaunch(
  { pool, inRecord }: SmartOptions,
  madeBy: string,
  body: unknown,
): Promise<{ launch: string; app: string; patient: string }> {
  const { client_id: clientId, patient, fhirUser, ...parameters } = checked(body)
  const client = await findClient(pool, clientId)
  if (!client?.scopes.split(' ').includes('launch'))
    refuse(`launch/client_id must name an app that may ask for the scope launch, not "${clientId}"`)
  if (!(await inRecord('Patient', patient, patient))) refuse(`launch/patient: there is no Patient/${patient}`)
  const { encounter } = parameters
  if (encounter !== undefined && !(await inRecord('Encounter', encounter, patient)))
    refuse(`launch/encounter: Patient/${patient} has no Encounter/${encounter}`)
  const launch = randomBytes(32).toString('base64url')
  await saveLaunch(pool, launch, { clientId, madeBy, patient, fhirUser, parameters }, LAUNCH_SECONDS)
  return { launch, app: clientId, patient }
}

/**
 * SMART 2.2 "Request authorization code": a launch has to be a handle that was made for this app, has not been used and
 * has not ended, and comes with the scope that says so.
 * @throws InvalidRequest whichever of these is wrong: a stranger's handle is not told from none
 */
export const checkLaunch =
  ({ pool }: { pool: Pool }) =>
  async (ctx: KoaContextWithOIDC, handle: unknown, client: Client): Promise<void> => {
    if (handle === undefined) return
    const launch = typeof handle === 'string' ? await findLaunch(pool, handle) : undefined
    if (!launch || launch.expired || launch.clientId !== client.clientId) {
      throw new errors.InvalidRequest('launch is not known, was used, has ended or belongs to another app')
    }
    if (!ctx.oidc.requestParamScopes.has('launch')) {
      throw new errors.InvalidRequest('launch needs the scope launch')
    }
  }

/** The context scopes that mean nothing without a launch from the hospital: they are granted only with what they ask for. */
export async function givenScopes(pool: Pool, scopes: readonly string[], handle: unknown): Promise<string[]> {
  if (!scopes.some(scope => scope === 'launch' || scope === 'launch/encounter')) return [...scopes]
  const launch = typeof handle === 'string' ? await findLaunch(pool, handle) : undefined
  const hasEncounter = launch?.parameters.encounter !== undefined
  return scopes.filter(
    scope => (scope !== 'launch' || launch !== undefined) && (scope !== 'launch/encounter' || hasEncounter),
  )
}

/** The launch that an authorization request is about, as long as it is not used up. */
export const launchOf = async (pool: Pool, params: Readonly<Record<string, unknown>>): Promise<Launch | undefined> =>
  typeof params.launch === 'string' ? findLaunch(pool, params.launch) : undefined

/** Of the records that a person reaches the one that the app was launched for, if it was launched for this person. */
export async function launchedOffers(
  pool: Pool,
  personId: string,
  offers: readonly Offer[],
  launch: Launch | undefined,
): Promise<Offer[]> {
  const found = offers.find(({ patient }) => patient === launch?.patient)
  if (!found || !launch) return []
  const isMeant = launch.fhirUser === undefined || launch.fhirUser === (await fhirUserFor(pool, personId, found))
  return isMeant ? [found] : []
}
