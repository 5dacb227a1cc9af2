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
        'Origins inside the network from which the keys of clients (`jwks_uri`) may be fetched, separated by commas, for example `http://10.1.2.3:8080`, and where the terminology server may be. Without it private addresses are never fetched from, and others by https only.',
    },
    PORTICO_TRUSTED_PROXIES: {
      type: 'string',
      description:
        'Addresses or networks of the proxies in front, separated by commas, for example `10.0.0.5,10.0.1.0/24`. The address of a person who signs in is taken from the `X-Forwarded-For` of these and of nobody else; failed attempts are counted by it. Host and protocol always come from `PORTICO_BASE_URL`.',
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
    PORTICO_MAX_STATEMENT_SECONDS: {
      type: 'integer',
      minimum: 1,
      maximum: 3600,
      default: 10,
      description:
        'How long the database may work on one statement, as that of a search; what takes longer is ended and answered with 503, code `timeout`, and Retry-After.',
    },
    PORTICO_MAX_BATCH_SECONDS: {
      type: 'integer',
      minimum: 1,
      default: 30,
      description:
        'How long a batch may go on reading: what it asks for after that is not looked for, and its entries say 503, code `timeout`. Entries that write are always done.',
    },
    PORTICO_MAX_REQUESTS_PER_MINUTE: {
      type: 'integer',
      minimum: 1,
      description:
        'How many FHIR requests a client may send in a minute to one process, an app for each of the people who use it; more are answered with 429 and Retry-After. A Bundle is one request. Unset: as many as it likes.',
    },
    PORTICO_PROFILES: {
      type: 'string',
      description:
        'FHIR packages whose profiles are checked, separated by commas: folders of StructureDefinitions, ValueSets and CodeSystems as JSON, with or without snapshots, or .tgz files of them. docs/profiles.md says what is checked.',
    },
    PORTICO_PROFILE_MODES: {
      type: 'string',
      description:
        'What is done with a resource that does not keep a profile, separated by commas, each `Type=mode`, `profile=mode` for a canonical url, or `Type@profile=mode` for a profile that all resources of the type have to keep, whether they claim it or not. Modes are `off`, `warn` (said in `$validate` and where `Prefer: return=OperationOutcome` asks, the default) and `enforce` (refused with 422). The most particular one counts.',
    },
    PORTICO_TERMINOLOGY_SERVER: {
      type: 'string',
      pattern: '^https?://[^?#@\\s]+$',
      description:
        'The base of a FHIR server that `$validate` asks about codes that are not listed here, as those of SNOMED CT and LOINC, by `$validate-code`. It is told system, code and value set, and nothing else. One that is slow or down leaves codes unchecked, which is said. By https, or by http on this machine and at `PORTICO_INTERNAL_ORIGINS`.',
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
