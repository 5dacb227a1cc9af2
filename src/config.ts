import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { envSchema } from 'env-schema'

/**
 * Every environment variable that Portico reads. `.env.example` and docs/configuration.md are generated from this, so the
 * descriptions are written for whoever runs the server. `writeOnly` marks what must never be shown.
 */
export const schema = {
  type: 'object',
  properties: {
    PORT: { type: 'integer', minimum: 1, maximum: 65_535, default: 8080, description: 'TCP port to listen on.' },
    HOST: {
      type: 'string',
      default: '127.0.0.1',
      description: 'Address to listen on. The default is reachable from this machine only; `0.0.0.0` is every network.',
    },
    DATABASE_URL: {
      type: 'string',
      pattern: '^(postgres|postgresql|socket):',
      writeOnly: true,
      description:
        'PostgreSQL 15 or later, as `postgresql://user:password@host/database`. Unset: an embedded PostgreSQL is started and demo data is loaded, for trying things out.',
    },
    PORTICO_DATA_DIR: {
      type: 'string',
      default: '.portico',
      description: 'Folder of the embedded database and its secret. Not used when `DATABASE_URL` is set.',
    },
    PORTICO_BASE_URL: {
      type: 'string',
      pattern: '^https?://[^/?#\\s]+/?$',
      description:
        'The public origin, as apps and browsers see it, for example `https://records.example.nhs.uk`. The FHIR base is `/fhir` below it and the issuer `/oauth2`. Default: `http://localhost:PORT`.',
    },
    PORTICO_SECRET: {
      type: 'string',
      minLength: 32,
      writeOnly: true,
      description:
        'Protects cookies, page links and stored keys: at least 32 random characters, the same for every process. Needed with `DATABASE_URL`; with the embedded database one is made and kept in `PORTICO_DATA_DIR`.',
    },
    PORTICO_ISSUER: {
      type: 'string',
      pattern: '^https?://[^?#\\s]+$',
      description:
        'Another authorization server in place of the one at `/oauth2`: its name as `iss` in its tokens says it, letter by letter. The four variables after this one go with it; docs/another-authorization-server.md says what its tokens have to say.',
    },
    PORTICO_ISSUER_JWKS: {
      type: 'string',
      pattern: '^https?://[^#\\s]+$',
      description: 'Where that server publishes its keys (RFC 7517). Needed with `PORTICO_ISSUER`.',
    },
    PORTICO_ISSUER_AUTHORIZE: {
      type: 'string',
      pattern: '^https?://[^#\\s]+$',
      description: 'Its authorization endpoint, which apps are sent to. Needed with `PORTICO_ISSUER`.',
    },
    PORTICO_ISSUER_TOKEN: {
      type: 'string',
      pattern: '^https?://[^#\\s]+$',
      description: 'Its token endpoint, which apps are sent to. Needed with `PORTICO_ISSUER`.',
    },
    PORTICO_ISSUER_AUDIENCE: {
      type: 'string',
      minLength: 1,
      description: 'What `aud` in its tokens says when they are for this server. Default: the FHIR base.',
    },
    PORTICO_DEMO: {
      type: 'boolean',
      description:
        'Load the demo people, clients and passwords, which are public knowledge. Default: `true` with the embedded database, `false` with `DATABASE_URL` or `PORTICO_ISSUER`.',
    },
    PORTICO_INTERNAL_ORIGINS: {
      type: 'string',
      pattern: '^https?://[^/?#,\\s]+(,https?://[^/?#,\\s]+)*$',
      description:
        'Origins inside the network from which the keys of clients (`jwks_uri`) may be fetched, separated by commas, for example `http://10.1.2.3:8080`. Without it private addresses are never fetched from, and others by https only.',
    },
    PORTICO_LOG_LEVEL: {
      type: 'string',
      enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      default: 'info',
      description: 'The least important messages that are logged.',
    },
    PORTICO_MAX_BODY_BYTES: {
      type: 'integer',
      minimum: 1024,
      default: 50 * 1024 * 1024,
      description: 'The largest request body that is accepted; anything larger is answered with 413.',
    },
    PORTICO_MAX_JSON_DEPTH: {
      type: 'integer',
      minimum: 8,
      maximum: 1000,
      default: 64,
      description: 'How deep JSON in a request may be nested.',
    },
    PORTICO_MAX_BUNDLE_ENTRIES: {
      type: 'integer',
      minimum: 1,
      default: 5000,
      description: 'How many entries a batch or transaction may have; more are answered with 413.',
    },
    PORTICO_SERVICE_NAME: {
      type: 'string',
      maxLength: 80,
      default: 'Portico',
      description: 'The name at the top of the pages that patients see, for example `My record`.',
    },
    PORTICO_ORGANISATION: {
      type: 'string',
      maxLength: 120,
      description: 'Whose service it is, for example `Example Hospitals NHS Trust`; shown on every page.',
    },
    PORTICO_LOGO_FILE: {
      type: 'string',
      description:
        'A picture (SVG, PNG, JPEG or WebP, up to 500 kB) that is shown at the top of the pages, on white. Without it there is none: logos of others are not ours to use.',
    },
    PORTICO_CONTACT: {
      type: 'string',
      maxLength: 300,
      description:
        'Whom patients can ask for help, as a sentence: `Ring 020 7946 0000 or write to records@example.nhs.uk.`',
    },
    PORTICO_STATEMENTS: {
      type: 'string',
      enum: ['named', 'unnamed'],
      default: 'named',
      description:
        '`unnamed` for a connection pooler in transaction mode that does not keep prepared statements (PgBouncer before 1.21). Slower.',
    },
  },
} as const

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
  problems.push(...issuerProblems(data))
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
    internalOrigins: (environment.PORTICO_INTERNAL_ORIGINS ?? '').split(',').filter(Boolean),
    logLevel: environment.PORTICO_LOG_LEVEL,
    maxBodyBytes: environment.PORTICO_MAX_BODY_BYTES,
    maxJsonDepth: environment.PORTICO_MAX_JSON_DEPTH,
    maxBundleEntries: environment.PORTICO_MAX_BUNDLE_ENTRIES,
    statements: environment.PORTICO_STATEMENTS,
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
