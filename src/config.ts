import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { envSchema } from 'env-schema'
import { type ModeSetting, modeSetting } from './validation/profiles/modes.ts'
import { schema } from './variables.ts'

type Variables = typeof schema.properties
type ValueOf<P> = P extends { enum: readonly (infer E)[] }
  ? E
  : P extends { type: 'integer' }
    ? number
    : P extends { type: 'boolean' }
      ? boolean
      : string
type Environment = {
  [N in keyof Variables]: Variables[N] extends { default: unknown }
    ? ValueOf<Variables[N]>
    : ValueOf<Variables[N]> | undefined
}

/** The settings as read; with the embedded database the secret may be still to be made. */
export type Settings = ReturnType<typeof toSettings>

/** What the application is built with. */
export type Config = Readonly<Omit<Settings, 'secret'> & { secret: string }>

/** The settings cannot be used; `problems` names all reasons at once. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Reads the environment, and what a file `.env` in the working directory adds to it. */
export function readEnvironment(): Record<string, string | undefined> {
  try {
    return { ...parseEnv(readFileSync('.env', 'utf8')), ...process.env }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return process.env
  }
}

/** Checks the variables and returns the settings, frozen. An empty variable counts as unset. */
export function loadConfig(variables: Record<string, string | undefined>): Settings {
  const data = Object.fromEntries(Object.entries(variables).filter(([, value]) => value))
  const problems = Object.keys(data)
    .filter(name => name.startsWith('PORTICO_') && !(name in schema.properties))
    .map(name => `${name} is not a setting of Portico; see docs/configuration.md`)
  if (data.DATABASE_URL && !data.PORTICO_SECRET) {
    problems.push(
      'PORTICO_SECRET is missing; it is needed with DATABASE_URL (for example from `openssl rand -base64 32`)',
    )
  }
  problems.push(...issuerProblems(data), ...proxyProblems(data), ...modeProblems(data), ...terminologyProblems(data))
  const environment = validate(data, problems)
  if (!environment || problems.length > 0) throw new ConfigError(problems.sort())
  return Object.freeze(toSettings(environment))
}

const OF_ISSUER = ['PORTICO_ISSUER_JWKS', 'PORTICO_ISSUER_AUTHORIZE', 'PORTICO_ISSUER_TOKEN'] as const

/** Half an issuer is none: tokens could not be checked, or apps would be sent nowhere. */
function issuerProblems(data: Record<string, unknown>): string[] {
  const [needed, given] = [data.PORTICO_ISSUER !== undefined, [...OF_ISSUER, 'PORTICO_ISSUER_AUDIENCE']]
  if (needed)
    return OF_ISSUER.filter(name => !data[name]).map(name => `${name} is missing; it is needed with PORTICO_ISSUER`)
  return given.filter(name => data[name]).map(name => `${name} is of no use without PORTICO_ISSUER`)
}

/** Adds what the settings may lack. */
export function complete(settings: Settings, secret: string): Config {
  return Object.freeze({ ...settings, secret: settings.secret ?? secret })
}

const listOf = (text: string | undefined): string[] => (text ?? '').split(',').filter(Boolean)

/** What is wrong with the addresses of proxies: one that is misspelt would be trusted by nobody, or by too many. */
function proxyProblems({ PORTICO_TRUSTED_PROXIES: text }: Record<string, unknown>): string[] {
  return listOf(typeof text === 'string' ? text : undefined).flatMap(each => {
    const [address = '', bits, ...more] = each.split('/')
    const most = { 4: 32, 6: 128 }[isIP(address)]
    const isNetwork = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (most ?? 0))
    if (most !== undefined && isNetwork && more.length === 0) return []
    return [
      `PORTICO_TRUSTED_PROXIES must be addresses or networks as 10.0.0.5 or 10.0.1.0/24, not ${JSON.stringify(each)}`,
    ]
  })
}

/** What is wrong with the modes of profiles: one that is misspelt would leave a rule unkept that somebody counts on. */
function modeProblems({ PORTICO_PROFILE_MODES: text, PORTICO_PROFILES: profiles }: Record<string, unknown>): string[] {
  if (typeof text !== 'string') return []
  if (profiles === undefined) return ['PORTICO_PROFILE_MODES is of no use without PORTICO_PROFILES']
  return listOf(text)
    .filter(each => modeSetting(each) === undefined)
    .map(
      each =>
        `PORTICO_PROFILE_MODES must be Type=mode, profile=mode or Type@profile=mode, with a mode of off, warn or enforce, not ${JSON.stringify(each)}`,
    )
}

/** What is wrong with the terminology server: clinical codes do not travel readable over networks of others. */
function terminologyProblems({ PORTICO_TERMINOLOGY_SERVER: text, ...data }: Record<string, unknown>): string[] {
  if (typeof text !== 'string') return []
  if (!URL.canParse(text)) return [`PORTICO_TERMINOLOGY_SERVER must be a URL, not ${JSON.stringify(text)}`]
  const { protocol, hostname, origin } = new URL(text)
  const internal = listOf(typeof data.PORTICO_INTERNAL_ORIGINS === 'string' ? data.PORTICO_INTERNAL_ORIGINS : undefined)
  if (protocol !== 'http:' || isLocal(hostname) || internal.includes(origin)) return []
  return [`PORTICO_TERMINOLOGY_SERVER must be https, or ${origin} must be one of PORTICO_INTERNAL_ORIGINS`]
}

type Fault = { instancePath: string; keyword: string; message?: string; params: Record<string, unknown> }

function validate(data: Record<string, unknown>, problems: string[]): Environment | undefined {
  try {
    return envSchema<Environment>({ schema: structuredClone(schema), data, env: false })
  } catch (error) {
    const faults = (error as { errors?: Fault[] }).errors
    if (!faults) throw error
    problems.push(...faults.map(fault => describe(fault, data)))
    return undefined
  }
}

function describe({ instancePath, keyword, message, params }: Fault, data: Record<string, unknown>): string {
  const name = instancePath.slice(1)
  const variable: { type: string; writeOnly?: boolean } = schema.properties[name as keyof Variables]
  const shown = variable.writeOnly ? '' : `, not ${JSON.stringify(data[name])}`
  if (keyword === 'enum') return `${name} must be one of ${String(params.allowedValues).replaceAll(',', ', ')}${shown}`
  if (name === 'PORTICO_BASE_URL')
    return `${name} must be an origin without a path, as https://records.example.nhs.uk${shown}`
  if (name === 'DATABASE_URL') return `${name} must begin with postgresql://`
  return `${name} ${message}${shown}`
}

/** Another authorization server, where there is one. */
function issuerOf(environment: Environment, baseUrl: string) {
  const { PORTICO_ISSUER: issuer, PORTICO_ISSUER_JWKS: jwks } = environment
  const { PORTICO_ISSUER_AUTHORIZE: authorize, PORTICO_ISSUER_TOKEN: token } = environment
  if (issuer === undefined || jwks === undefined || authorize === undefined || token === undefined) return undefined
  return { issuer, jwks, authorize, token, audience: environment.PORTICO_ISSUER_AUDIENCE ?? `${baseUrl}/fhir` }
}

function toSettings(environment: Environment) {
  const { DATABASE_URL: databaseUrl, PORT: port, HOST: host } = environment
  const baseUrl = (environment.PORTICO_BASE_URL ?? `http://localhost:${port}`).replace(/\/$/, '')
  const issuer = issuerOf(environment, baseUrl)
  return {
    host,
    port,
    baseUrl,
    issuer,
    databaseUrl,
    dataDir: resolve(environment.PORTICO_DATA_DIR),
    demo: environment.PORTICO_DEMO ?? (databaseUrl === undefined && issuer === undefined),
    secret: environment.PORTICO_SECRET,
    internalOrigins: listOf(environment.PORTICO_INTERNAL_ORIGINS),
    trustedProxies: listOf(environment.PORTICO_TRUSTED_PROXIES),
    logLevel: environment.PORTICO_LOG_LEVEL,
    maxBodyBytes: environment.PORTICO_MAX_BODY_BYTES,
    maxJsonDepth: environment.PORTICO_MAX_JSON_DEPTH,
    maxBundleEntries: environment.PORTICO_MAX_BUNDLE_ENTRIES,
    maxStatementSeconds: environment.PORTICO_MAX_STATEMENT_SECONDS,
    maxBatchSeconds: environment.PORTICO_MAX_BATCH_SECONDS,
    maxRequestsPerMinute: environment.PORTICO_MAX_REQUESTS_PER_MINUTE,
    statements: environment.PORTICO_STATEMENTS,
    profilePackages: listOf(environment.PORTICO_PROFILES).map(path => resolve(path.trim())),
    profileModes: listOf(environment.PORTICO_PROFILE_MODES).flatMap((each): ModeSetting[] => {
      const setting = modeSetting(each)
      return setting ? [setting] : []
    }),
    terminologyServer: environment.PORTICO_TERMINOLOGY_SERVER?.replace(/\/+$/, ''),
    brand: {
      service: environment.PORTICO_SERVICE_NAME,
      organisation: environment.PORTICO_ORGANISATION,
      logoFile: environment.PORTICO_LOGO_FILE,
      contact: environment.PORTICO_CONTACT,
    },
  }
}

const isLocal = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '[::1]' || host === '::1' || /^127\./.test(host)

/** What is unsafe about the settings, to be said at each start. */
export function warnings({ host, baseUrl, demo, databaseUrl, issuer }: Settings): string[] {
  const { protocol, hostname } = new URL(baseUrl)
  const found: string[] = []
  if (!isLocal(host))
    found.push(`HOST ${host}: other machines can reach this server; put it behind a proxy that speaks TLS`)
  if (protocol === 'http:' && !isLocal(hostname)) {
    found.push(`PORTICO_BASE_URL ${baseUrl} is not https: passwords, tokens and records travel readable`)
  }
  if (demo && !(isLocal(host) && isLocal(hostname))) {
    found.push(
      'The demo people have public passwords: set PORTICO_DEMO=false before anybody else can reach this server',
    )
  }
  for (const url of issuer ? [issuer.jwks, issuer.authorize, issuer.token] : []) {
    const { protocol: scheme, hostname: name } = new URL(url)
    if (scheme === 'http:' && !isLocal(name))
      found.push(`PORTICO_ISSUER_…: ${url} is not https: whoever can change what it answers can issue tokens`)
  }
  if (!databaseUrl && !isLocal(hostname)) found.push('The embedded database is for trying things out: set DATABASE_URL')
  return found
}
