import type { Pool } from 'pg'
import type { Revocations } from '../store/revocations.ts'
import type { BrandSettings } from './brand.ts'
import type { Keys } from './keys.ts'

/** What the authorization server reads of the configuration. */
export type SmartConfig = {
  /** The public origin, without a trailing slash. */
  readonly baseUrl: string
  readonly secret: string
  readonly brand?: BrandSettings
}

/** What the authorization server is given when it is put together. */
export type SmartOptions = {
  config: SmartConfig
  pool: Pool
  keys: Keys
  clock: () => Date
  /** The display names of patients by id, for the consent page; without it a record is named by its id. */
  nameOf?: (patientIds: readonly string[]) => Promise<ReadonlyMap<string, string>>
  /** Whether a resource is there and is of this patient's record: a launch is made for nothing else. */
  inRecord: (type: 'Patient' | 'Encounter', id: string, patient: string) => Promise<boolean>
  /** Who judges access tokens, to be waited for when one is revoked. */
  revoked?: Pick<Revocations, 'settled'>
  /** Origins inside the trust's network from which a client's `jwks_uri` may be fetched. */
  internalOrigins?: readonly string[]
}

/** Where the authorization server is mounted. */
export const MOUNT = '/oauth2'

/** Where style sheet, icons and logo of the pages are served. */
export const ASSETS = `${MOUNT}/assets`

/** Where the pages are on which a person looks after her own access. */
export const ACCOUNT = '/account'

/** The issuer, https://openid.net/specs/openid-connect-core-1_0.html section 2. */
export const issuerOf = (config: Pick<SmartConfig, 'baseUrl'>): string => `${config.baseUrl}${MOUNT}`

/** The FHIR base, which is the audience of every access token. */
export const fhirBaseOf = (config: Pick<SmartConfig, 'baseUrl'>): string => `${config.baseUrl}/fhir`
