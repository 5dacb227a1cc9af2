import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { searchParametersOf } from '../fhir/model.ts'
import { invalid } from '../fhir/outcome.ts'
import { JSON_PATCH } from '../fhir/patch.ts'
import type { Searchable } from '../fhir/query.ts'
import { isWhole, subset } from '../fhir/subset.ts'
import type { Json, ResourceType } from '../fhir/types.ts'
import type { Definition } from '../resources/definition.ts'
import { definitions } from '../resources/index.ts'
import { IPA_SERVER } from '../resources/international-patient-access.ts'
import type { Profiles } from '../validation/profiles/profiles.ts'
import { refuseOthers } from './allowed.ts'
import { INTERACTIONS, offered } from './interactions.ts'
import { FHIR_JSON, negotiate, queryPairs } from './negotiate.ts'
import { OPERATIONS, typesOf } from './operations/index.ts'
import type { NamedOperation } from './operations/operation.ts'
import { isKnownTag } from './preconditions.ts'
import { referencesOf, targetsOf } from './searchable.ts'
import { shownOf } from './shown.ts'

/** The endpoints that the extension oauth-uris has names for. */
const ENDPOINTS = ['authorize', 'token', 'register', 'introspect', 'revoke'] as const

/** Where the authorization server's endpoints are, as far as they are known. */
export type Security = Readonly<Record<'authorize' | 'token', string>> &
  Readonly<Partial<Record<(typeof ENDPOINTS)[number], string>>>

/** When the declarations that the statement is made of last changed; raised with them. */
const DATE = '2026-11-22'
const VERSION = '0.1.0'
const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris'
const COMBINATION = 'http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination'
const COMMON_URL = 'http://hl7.org/fhir/SearchParameter/Resource'

const SYSTEM_INTERACTIONS = ['transaction', 'batch', 'search-system', 'history-system']

/** What a search of any type may ask beside its parameters, https://hl7.org/fhir/R4/search.html#all */
const EVERY_TYPE = [
  {
    name: '_content',
    definition: `${COMMON_URL}-content`,
    type: 'string',
    documentation: 'Words anywhere in the resources of one patient, of a list, or that _id names',
  },
  { name: '_list', type: 'special', documentation: 'The id of a List that the resource is on' },
  {
    name: '_text',
    definition: 'http://hl7.org/fhir/SearchParameter/DomainResource-text',
    type: 'string',
    documentation: 'Words of the narrative, where _content may be asked too',
  },
  { name: '_type', type: 'special', documentation: 'The types that a search of the system is about' },
]

function searchParams(definition: Definition) {
  const described = searchParametersOf(definition.type)
  const own = Object.entries(definition.search).map(([name, { type }]) => {
    const known = described.get(name)
    const fallback = { definition: `${COMMON_URL}${name.replace('_', '-')}` }
    const words = known ? { definition: known.url, documentation: known.description } : fallback
    return {
      name,
      ...(words.definition ? { definition: words.definition } : {}),
      type,
      ...('documentation' in words ? { documentation: words.documentation } : {}),
    }
  })
  const columns = [
    { name: '_id', definition: `${COMMON_URL}-id`, type: 'token', documentation: 'Logical id of this artifact' },
    {
      name: '_lastUpdated',
      definition: `${COMMON_URL}-lastUpdated`,
      type: 'date',
      documentation: 'When the resource version last changed',
    },
  ]
  return [...columns, ...own].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The `_include` values of a type: each of its references, all of them, and all of whatever was found. */
function includes(type: string): string[] {
  const params = referencesOf(type) ?? []
  return params.length === 0 ? [] : ['*', ...['*', ...params].map(param => `${type}:${param}`)]
}

/** The `_revinclude` values of a type: every reference parameter of a served type that may lead to it, one or all. */
function revIncludes(type: string): string[] {
  const found = [...definitions.keys()].flatMap(source => {
    const params = (referencesOf(source) ?? []).filter(param => targetsOf(source, param).includes(type))
    return params.length === 0 ? [] : ['*', ...params].map(param => `${source}:${param}`)
  })
  return found.length === 0 ? [] : ['*', ...found]
}

const operationText = ({ name, definition, documentation }: NamedOperation) => ({ name, definition, documentation })

/** The operations that are invoked on a type or on one resource of it. */
const operationsOf = (type: string) =>
  OPERATIONS.filter(each => (each.levels.type || each.levels.instance) && typesOf(each).includes(type)).map(
    operationText,
  )

/** The types that have operations and nothing else: ValueSet, whose resources are not served. */
const onlyOperations = (): Partial<ReturnType<typeof resourceOf>>[] =>
  [...new Set(OPERATIONS.flatMap(typesOf))]
    .filter(type => !definitions.has(type))
    .sort()
    .map(type => ({ type: type as ResourceType, operation: operationsOf(type) }))

/** Parameters that may be searched by together: https://hl7.org/fhir/R4/extension-capabilitystatement-search-parameter-combination.html */
const combinationsOf = ({ combinations = [] }: Definition) =>
  combinations.map(params => ({
    url: COMBINATION,
    extension: params.map(valueString => ({ url: 'required', valueString })),
  }))

function resourceOf(definition: Definition, loaded: readonly string[]) {
  const { type } = definition
  const interactions = offered(definition)
  const codes = [...new Set(INTERACTIONS.map(({ interaction }) => interaction))].filter(code => interactions.has(code))
  return {
    extension: combinationsOf(definition),
    type,
    profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
    supportedProfile: [...new Set([...(definition.profiles ?? []), ...loaded])],
    interaction: codes.map(code => ({ code })),
    versioning: 'versioned-update',
    readHistory: interactions.has('vread'),
    updateCreate: interactions.has('update'),
    conditionalCreate: interactions.has('create'),
    conditionalRead: 'full-support',
    conditionalUpdate: interactions.has('update'),
    conditionalDelete: interactions.has('delete') ? (definition.conditionalDelete ?? 'single') : 'not-supported',
    referencePolicy: ['literal', 'logical', 'local'],
    searchInclude: includes(type),
    searchRevInclude: revIncludes(type),
    searchParam: searchParams(definition),
    operation: operationsOf(type),
  }
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

/** FHIR has no empty arrays. */
const withoutEmpty = <T extends object>(object: T): Partial<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmptyList(value))) as Partial<T>

/**
 * What this server does, derived from the declarations: https://hl7.org/fhir/R4/capabilitystatement.html. `base` is the
 * FHIR base, without a slash at its end.
 */
export function capabilityStatement(base: string, security: Security, profiles?: Profiles) {
  return {
    resourceType: 'CapabilityStatement',
    url: `${base}/metadata`,
    version: VERSION,
    name: 'Portico',
    title: 'Portico patient-access server',
    status: 'active',
    date: DATE,
    kind: 'instance',
    instantiates: [IPA_SERVER],
    software: { name: 'Portico', version: VERSION },
    implementation: { description: 'Portico patient-access server', url: base },
    fhirVersion: '4.0.1',
    format: [FHIR_JSON, 'json'],
    patchFormat: [JSON_PATCH, FHIR_JSON],
    rest: [
      {
        mode: 'server',
        documentation:
          'An update that changes nothing makes no new version. Unknown search parameters are refused unless Prefer: handling=lenient says otherwise. A resource that names several patients is shown to none of them.',
        security: {
          extension: [
            {
              url: OAUTH_URIS,
              extension: ENDPOINTS.flatMap(url => (security[url] ? [{ url, valueUri: security[url] }] : [])),
            },
          ],
          cors: true,
          service: [
            {
              coding: [
                {
                  system: 'http://terminology.hl7.org/CodeSystem/restful-security-service',
                  code: 'SMART-on-FHIR',
                  display: 'SMART-on-FHIR',
                },
              ],
              text: 'OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)',
            },
          ],
        },
        resource: [
          ...[...definitions.values()].map(definition =>
            withoutEmpty(resourceOf(definition, profiles?.supported(definition.type) ?? [])),
          ),
          ...onlyOperations(),
        ],
        interaction: SYSTEM_INTERACTIONS.map(code => ({ code })),
        searchParam: EVERY_TYPE,
        operation: OPERATIONS.filter(({ levels }) => levels.system).map(operationText),
        compartment: ['http://hl7.org/fhir/CompartmentDefinition/patient'],
      },
    ],
  }
}

/** What may be said of the elements of the statement; there is nothing to search for. */
const searchable = (base: string): Searchable => ({
  type: 'CapabilityStatement',
  base,
  search: {},
  references: () => undefined,
  of: () => undefined,
  targets: () => [],
})

/** `GET /metadata`, for everybody: https://hl7.org/fhir/R4/http.html#capabilities */
export function capabilityRoute(app: FastifyInstance, base: string, security: Security, profiles?: Profiles): void {
  const statement = capabilityStatement(base, security, profiles)
  const body = JSON.stringify(statement)
  const tag = createHash('sha256').update(body).digest('base64url').slice(0, 16)
  const known = searchable(base)
  app.get('/metadata', async (request, reply) => {
    const { mode } = request.query as { mode?: string }
    if (mode !== undefined && mode !== 'full' && mode !== 'normative')
      throw invalid(`mode must be full or normative, not "${mode.slice(0, 40)}"`)
    const type = negotiate(request)
    const shown = shownOf(queryPairs(request.url), known)
    reply.header('etag', `W/"${tag}"`).header('cache-control', 'public, max-age=300')
    const { 'if-none-match': ifNoneMatch } = request.headers
    if (ifNoneMatch !== undefined && isKnownTag(ifNoneMatch, tag)) return reply.code(304).send()
    const text = isWhole(shown) ? body : JSON.stringify(subset(statement as unknown as Json, shown))
    return reply.type(`${type}; charset=utf-8`).send(text)
  })
  refuseOthers(app, '/metadata', ['GET'])
}
